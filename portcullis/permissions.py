"""What an endpoint demands of whoever is signed in: judged by `request.user` and `request.auth`
alone, so that every floor may use it."""

from typing import TYPE_CHECKING, Any, Self

from django.db.models import QuerySet
from rest_framework.permissions import BasePermission, OperationHolderMixin
from rest_framework.request import Request

from portcullis.errors import ReauthenticationRequired, Refusal

if TYPE_CHECKING:
    from rest_framework.generics import GenericAPIView

    _Base = GenericAPIView[Any]
else:
    _Base = object


class Demand(OperationHolderMixin, BasePermission):
    """A permission that is written with what it demands, and composed by `& | ~` as DRF's own."""

    def __init__(self, code: str, *more: str) -> None:
        self.codes = (code, *more)

    def __call__(self) -> Self:
        """DRF makes an instance of each permission class; this is one already."""
        return self

    def has_object_permission(self, request: Request, view: Any, obj: Any) -> bool:
        """The same for each object, or DRF's `~` would refuse them all."""
        return self.has_permission(request, view)


class HasPermission(Demand):
    """`permission_classes = [HasPermission("accounts.change_user")]`; of several, each."""

    def has_permission(self, request: Request, view: Any) -> bool:
        user: Any = request.user  # None in a service that has no users of its own
        return user is not None and all(user.has_perm(code) for code in self.codes)


class HasAnyPermission(Demand):
    """One of them is enough."""

    def has_permission(self, request: Request, view: Any) -> bool:
        user: Any = request.user
        return user is not None and any(user.has_perm(code) for code in self.codes)


class IsSelf(BasePermission):
    """For `/users/{user_id}/...`: whoever asks is the user that the path names.

    Others mostly have a permission instead: `IsSelf | HasPermission("accounts.view_user")`.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        user: Any = request.user
        named = view.kwargs.get("user_id")
        authenticated = user is not None and user.is_authenticated
        return authenticated and named is not None and str(user.pk) == str(named)

    def has_object_permission(self, request: Request, view: Any, obj: Any) -> bool:
        return self.has_permission(request, view)


class RecentlyProven(BasePermission):
    """Step-up: the session's user has proven who they are within the last minutes."""

    def has_permission(self, request: Request, view: Any) -> bool:
        recently_proven = getattr(request.auth, "recently_proven", None)
        if recently_proven is None or not recently_proven():
            raise Refusal(ReauthenticationRequired())
        return True


class OwnedQuerysetMixin(_Base):
    """Before a generic view: only rows of whoever asks, so that a foreign id is a 404 like an
    unknown one. `owner_field` is the relation that leads from a row to its one user, through others
    too. What is written is the serializer's: leave the owner out of it."""

    owner_field = "user"

    def get_queryset(self) -> QuerySet[Any]:
        return self._own(super().get_queryset())

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Once more, for views that have a `get_queryset` of their own."""
        return self._own(super().filter_queryset(queryset))

    def _own(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        user: Any = self.request.user
        if user is None or not user.is_authenticated or user.pk is None:
            return rows.none()
        return rows.filter(**{f"{self.owner_field}__pk": user.pk})
