"""What is given or taken counts from the very next request: same token, same cookies, same page."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from tests.access.people import give, make_role, permission, undone
from tests.doors import Api

SEE = "accounts.view_user"
REFUSED, ALLOWED = [403, 403, 403], [200, 200, 200]
LET_IN_NO_MORE = [401, 401, 302]


class Doors:
    """Who sees others' accounts: by header, by cookie, and on a page of the admin."""

    def __init__(self, email: str, path: str) -> None:
        self.path = path
        self.header, self.cookie = Api().login(email, transport="bearer"), Api().login(email)

    def statuses(self) -> list[int]:
        page = self.cookie.client.get("/admin/accounts/user/", secure=True)
        answers = [self.header.get(self.path), self.cookie.get(self.path), page]
        return [each.status_code for each in answers]


@pytest.fixture
def ada(make_user: Callable[..., Any]) -> Any:
    """Staff without a permission; the role `clerk`, its heir and a group would give them one."""
    make_role("clerk", SEE)
    make_role("heir", parents=["clerk"])
    Group.objects.create(name="clerks").permissions.add(permission(SEE))
    return make_user("ada@example.com", is_staff=True)


@pytest.fixture
def doors(ada, make_user) -> Doors:
    other = make_user("other@example.com", password=None)
    return Doors("ada@example.com", f"/users/{other.pk}/sessions")


@pytest.fixture
def root(make_user) -> Api:
    make_user("root@example.com", is_superuser=True)
    return Api().login("root@example.com", transport="bearer")


class Way(NamedTuple):
    """How it comes and how it goes, by somebody else's request or past all flows."""

    give: Callable[[Api, Any], Any]
    take: Callable[[Api, Any], Any]
    after: list[int] = REFUSED


def grant(root: Api, ada: Any, role: str = "clerk") -> Any:
    return root.post(f"/users/{ada.pk}/roles", {"role": role, "reason": "Helps out"})


def withdraw(root: Api, ada: Any, role: str = "clerk") -> Any:
    return root.delete(f"/users/{ada.pk}/roles/{role}")


def change(role: str, **fields: Any) -> Callable[[Api, Any], Any]:
    return lambda root, ada: root.patch(f"/rbac/roles/{role}", fields)


def set_user(**fields: Any) -> Callable[[Api, Any], Any]:
    return lambda root, ada: type(ada).objects.filter(pk=ada.pk).update(**fields)


WAYS = {
    "role": Way(grant, withdraw),
    "role inherited": Way(
        lambda root, ada: grant(root, ada, "heir"), lambda root, ada: withdraw(root, ada, "heir")
    ),
    "permission in a role": Way(grant, change("clerk", permissions=[])),
    "permission in a parent": Way(
        lambda root, ada: grant(root, ada, "heir"), change("clerk", permissions=[])
    ),
    "parent of a role": Way(lambda root, ada: grant(root, ada, "heir"), change("heir", parents=[])),
    "role that goes": Way(grant, lambda root, ada: root.delete("/rbac/roles/clerk")),
    "permission of everybody": Way(
        change("user", permissions=[SEE]), change("user", permissions=[])
    ),
    "role past all flows": Way(
        lambda root, ada: give(ada, "clerk"), lambda root, ada: ada.role_assignments.all().delete()
    ),
    "group": Way(
        lambda root, ada: ada.groups.add(Group.objects.get()), lambda root, ada: ada.groups.clear()
    ),
    "permission of a group": Way(
        lambda root, ada: ada.groups.add(Group.objects.get()),
        lambda root, ada: Group.objects.get().permissions.clear(),
    ),
    "permission of their own": Way(
        lambda root, ada: ada.user_permissions.add(permission(SEE)),
        lambda root, ada: ada.user_permissions.clear(),
    ),
    "superuser": Way(set_user(is_superuser=True), set_user(is_superuser=False)),
    "deactivated": Way(grant, set_user(is_active=False), LET_IN_NO_MORE),
    "staff no more": Way(grant, set_user(is_staff=False), [200, 200, 302]),
}


def test_it_counts_from_the_next_request(ada, root, doors):
    found = {}
    for name, way in WAYS.items():
        with undone(doors.header, doors.cookie):
            before = doors.statuses()
            way.give(root, ada)
            given = doors.statuses()
            way.take(root, ada)
            found[name] = [before, given, doors.statuses()]
    assert found == {name: [REFUSED, ALLOWED, way.after] for name, way in WAYS.items()}


def test_a_role_begins_and_ends_by_the_clock(ada, doors, later):
    now = timezone.now()
    give(ada, "heir", starts_at=now + timedelta(minutes=2), expires_at=now + timedelta(minutes=4))
    assert doors.statuses() == REFUSED
    later(minutes=3)
    assert doors.statuses() == ALLOWED
    later(minutes=2)
    assert doors.statuses() == REFUSED
