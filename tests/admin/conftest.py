"""What the tests of the admin share: staff of every rank, and signals as they are heard."""

from collections.abc import Callable

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission

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
def desk(root) -> Desk:
    """A superuser in the admin."""
    return Desk.of(root)


@pytest.fixture
def support_desk(support) -> Desk:
    return Desk.of(support)
