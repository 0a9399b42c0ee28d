"""Roles as DRF permissions. Prefer `portcullis.permissions.HasPermission`: a role says who somebody
is, a permission what they may do, and who holds it can be changed without touching code."""

from typing import Any

from django.db.models import Model
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from portcullis.permissions import Demand
from rbac.effective import effective


class HasRole(Demand):
    """`permission_classes = [HasRole("moderator")]`, held or inherited; of several, each.

    Whoever may assign roles may give a role that they do not hold, if it ranks below theirs and has
    no permission that they lack: what only a few should do, demand a permission for.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        held = roles_of(request.user)
        return held.issuperset(self.codes) or _not_held(request)


class HasAnyRole(Demand):
    """One of them is enough."""

    def has_permission(self, request: Request, view: Any) -> bool:
        held = roles_of(request.user)
        return not held.isdisjoint(self.codes) or _not_held(request)


def _not_held(request: Request) -> bool:
    """False. Raises PermissionDenied where the token left roles out: `~` would let them in. That
    ends a `|` too: what else lets somebody in goes before it."""
    if getattr(request.user, "roles_omitted", False):
        raise PermissionDenied
    return False


def roles_of(user: Any) -> set[str]:
    """The slugs of the roles in force: of a user by one statement, of a verified token's by its
    claims, of nobody and of somebody inactive none."""
    if user is None or not user.is_active:
        return set()
    if isinstance(user, Model):
        return set(effective(user).roles)
    roles = getattr(user, "roles", ())  # a tuple in a StatelessUser of ours
    return set(roles) if isinstance(roles, tuple) else set()
