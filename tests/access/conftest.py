"""What the tests of access share: one person of each kind."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.access.people import MANAGES, PEOPLE, address, give, make_role
from tests.admin.conftest import SUPPORT, allow


@pytest.fixture
def crowd(make_user: Callable[..., Any]) -> dict[str, Any]:
    """One account of each kind. `user` holds the role `badge`, which ranks low and allows nothing:
    whoever manages roles may take it away."""
    make_role("manager", *MANAGES, rank=60)
    make_role("badge", rank=10)
    crowd = {person: make_user(address(person)) for person in PEOPLE if person != "anonymous"}
    for person, role in (("user", "badge"), ("moderator", "moderator"), ("manager", "manager")):
        give(crowd[person], role)
    give(crowd["admin"], "admin")
    type(crowd["staff"]).objects.filter(pk=crowd["staff"].pk).update(is_staff=True)
    allow(crowd["staff"], *SUPPORT)
    superuser = type(crowd["superuser"]).objects.filter(pk=crowd["superuser"].pk)
    superuser.update(is_staff=True, is_superuser=True)
    return crowd
