"""What an endpoint demands of whoever is signed in: judged by `request.user` and `request.auth`
alone, so that every floor may use it."""

from typing import Any

from rest_framework.permissions import BasePermission, OperationHolderMixin
from rest_framework.request import Request

from portcullis.errors import ReauthenticationRequired, Refusal


class HasPermission(OperationHolderMixin, BasePermission):
    """`permission_classes = [HasPermission("accounts.change_user")]`; with `& | ~` as DRF's own."""

    def __init__(self, code: str, *more: str) -> None:
        self.codes = (code, *more)

    def __call__(self) -> "HasPermission":
        """DRF makes an instance of each permission class; this is one already."""
        return self

    def has_permission(self, request: Request, view: Any) -> bool:
        user: Any = request.user  # None in a service that has no users of its own
        return user is not None and all(user.has_perm(code) for code in self.codes)


class RecentlyProven(BasePermission):
    """Step-up: the session's user has proven who they are within the last minutes."""

    def has_permission(self, request: Request, view: Any) -> bool:
        recently_proven = getattr(request.auth, "recently_proven", None)
        if recently_proven is None or not recently_proven():
            raise Refusal(ReauthenticationRequired())
        return True
