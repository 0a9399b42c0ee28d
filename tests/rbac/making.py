"""Roles, and who holds them, written past the flows: for tests that are about something else."""

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission

from portcullis.client import Client
from rbac.models import Role, RoleAssignment

CLIENT = Client(ip="192.0.2.1")
WHY = {"reason": "because", "client": CLIENT}
HOUR = timedelta(hours=1)
VIEW, CHANGE, ADD = "accounts.view_user", "accounts.change_user", "accounts.add_user"
ASSIGN = "rbac.assign_role"
ROLE_WRITES = ("rbac.add_role", "rbac.change_role", "rbac.delete_role")
OF_A_MANAGER = (ASSIGN, *ROLE_WRITES, VIEW)


def permission(code: str) -> Permission:
    app_label, _, codename = code.partition(".")
    return Permission.objects.get(content_type__app_label=app_label, codename=codename)


def make_role(
    slug: str, *codes: str, parents: tuple[str, ...] = (), rank: int = 1, **fields: Any
) -> Role:
    role = Role.objects.create(slug=slug, name=slug.title(), rank=rank, **fields)
    role.permissions.set(map(permission, codes))
    role.parents.set(Role.objects.filter(slug__in=parents))
    return role


def hold(user: Any, *slugs: str, **terms: Any) -> None:
    for slug in slugs:
        role = Role.objects.get(slug=slug)
        RoleAssignment.objects.create(user=user, role=role, reason="test", **terms)


def someone_maker(make_user: Callable[..., Any]) -> Callable[..., Any]:
    """`someone("moderator", may=["app.codename"])`: an account without a password, which holds
    those roles and, directly, those permissions."""
    numbers = itertools.count()

    def make(*slugs: str, may: tuple[str, ...] = (), **fields: Any) -> Any:
        account = make_user(f"someone{next(numbers)}@example.com", password=None, **fields)
        hold(account, *slugs)
        account.user_permissions.set(map(permission, may))
        return account

    return make


def now(user: Any) -> Any:
    """The user as the next request loads them."""
    return type(user)._default_manager.get(pk=user.pk)


def assigned(user: Any) -> set[str]:
    return set(user.role_assignments.values_list("role__slug", flat=True))


def all_stored() -> list[list[Any]]:
    """Everything that says who may do what."""
    users = get_user_model()
    tables = (Role, Role.parents.through, Role.permissions.through, RoleAssignment)
    rows = [list(table._default_manager.order_by("pk").values_list()) for table in tables]
    return [*rows, list(users._default_manager.order_by("pk").values_list("pk", "is_active"))]
