"""What the tests of the admin share: staff of every rank, and signals as they are heard."""

from collections.abc import Callable

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission

from portcullis.client import Client
from rbac.authority import OPERATOR
from rbac.definition import Definition
from rbac.flows import create_role, grant
from tests.admin.desk import Desk
from tests.doors import PASSWORD
from tests.tokens.conftest import bearer, listen

__all__ = ["bearer", "listen"]

SUPPORT = (
    "accounts.view_user",
    "accounts.add_user",
    "accounts.change_user",
    "tokens.view_session",
    "tokens.change_session",
    "accounts.view_onetimetoken",
)

MANAGER = (
    "rbac.view_role",
    "rbac.add_role",
    "rbac.change_role",
    "rbac.delete_role",
    "rbac.view_roleassignment",
    "rbac.assign_role",
    "accounts.view_user",
    "accounts.change_user",
)


def make_role(slug: str, rank: int = 1, *permissions: str, parents: tuple[str, ...] = ()):
    """By an operator, whom nothing is out of reach of."""
    definition = Definition(
        slug=slug,
        name=slug.title(),
        rank=rank,
        permissions=frozenset(permissions),
        parents=frozenset(parents),
    )
    return create_role(definition, by=OPERATOR, reason="To begin with", client=Client())


def give(user, slug: str, **terms):
    return grant(
        user=user, role=slug, by=OPERATOR, reason="To begin with", client=Client(), **terms
    )


def allow(user, *permissions: str) -> None:
    for name in permissions:
        app, _, codename = name.partition(".")
        found = Permission.objects.get(content_type__app_label=app, codename=codename)
        user.user_permissions.add(found)


@pytest.fixture
def make_staff(make_user) -> Callable[..., object]:
    """Somebody who may enter the admin, with these permissions and no others."""

    def make(*permissions: str, email: str = "staff@example.com"):
        staff = make_user(email, name="Sam", is_staff=True)
        allow(staff, *permissions)
        return staff

    return make


@pytest.fixture
def root(db):
    return get_user_model().objects.create_superuser("root@example.com", PASSWORD, name="Root")


@pytest.fixture
def support(make_staff):
    """Staff who may do whatever the admin offers to those who are no superusers."""
    return make_staff(*SUPPORT)


@pytest.fixture
def manager(make_staff):
    """A role manager of rank 50, who holds MANAGER and nothing else."""
    manager = make_staff(*MANAGER, email="manager@example.com")
    make_role("chief", 50)
    give(manager, "chief")
    return manager


@pytest.fixture
def manager_desk(manager) -> Desk:
    return Desk.of(manager)


@pytest.fixture
def desk(root) -> Desk:
    """A superuser in the admin."""
    return Desk.of(root)


@pytest.fixture
def support_desk(support) -> Desk:
    return Desk.of(support)
