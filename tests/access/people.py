"""Everybody who may stand before a door, and how a table says what each of them is answered."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.models import Permission
from django.db import transaction

from rbac.models import Role, RoleAssignment
from tests.doors import Api

PEOPLE = ["anonymous", "user", "other", "moderator", "manager", "staff", "admin", "superuser"]
"""`user` is who a path names, `other` somebody else; a manager has what roles are managed with;
staff have what support needs, and no role."""

MANAGES = (
    "rbac.view_role",
    "rbac.add_role",
    "rbac.change_role",
    "rbac.delete_role",
    "rbac.view_roleassignment",
    "rbac.assign_role",
)


def make_role(slug: str, *permissions: str, rank: int = 1, parents: Any = ()) -> Role:
    role = Role.objects.create(slug=slug, name=slug.title(), rank=rank)
    role.parents.set(Role.objects.filter(slug__in=parents))
    role.permissions.set(map(permission, permissions))
    return role


def permission(code: str) -> Permission:
    app, _, codename = code.partition(".")
    return Permission.objects.get(content_type__app_label=app, codename=codename)


def give(user: Any, slug: str, **terms: Any) -> Any:
    """As an operator would; the user is loaded anew on each request."""
    RoleAssignment.objects.create(
        user=user, role=Role.objects.get(slug=slug), reason="A test", **terms
    )
    return user


def address(person: str) -> str:
    return f"{person}@example.com"


def rows_of(table: str) -> dict[str, list[str]]:
    """A table of one line a row: its name, then what follows two spaces or more."""
    lines = (line.split("  ", 1) for line in table.strip().splitlines())
    return {name: rest.split() for name, rest in lines}


@contextmanager
def undone(*doors: Api) -> Iterator[None]:
    """What happens in here has not happened: neither in the database nor to the cookies."""
    jars = [copy.deepcopy(door.client.cookies) for door in doors]
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    for door, jar in zip(doors, jars, strict=True):
        door.client.cookies = jar
