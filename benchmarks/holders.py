"""A hundred holders of permissions, five levels of inheritance, and people who hold one or two.

A holder is a role here, a group of Django's there. In the process of one side.
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

from benchmarks import rows, side
from benchmarks.fleet import OPERATIONS, Client, Operation

HOLDERS, BRANCHES = 100, 3
"""The first inherits from three, and each of these from three: 1 + 3 + 9 + 27 + 60."""
APP = "billing"
CODE = f"{APP}.approve_invoice_00001"
"""Held by a holder of the last level, and asked about."""
SEARCHES = 3


def parents(holder: int) -> range:
    first = BRANCHES * holder + 1
    return range(min(first, HOLDERS), min(first + BRANCHES, HOLDERS))


def closure(holder: int) -> list[int]:
    return [holder, *(it for parent in parents(holder) for it in closure(parent))]


# What is asked ------------------------------------------------------------------------------------


class Request(Operation):
    def batch(self, fleet: list[Client]) -> side.Cost:
        return side.this().batch(self, fleet)

    def statements(self, fleet: list[Client]) -> side.Statements:
        return side.this().statements(self, fleet)


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """Asked of a user object: of a new one as a request loads its own, or `again` of that one."""

    title: str
    ask: Callable[[Any], object]
    again: int = 0

    def batch(self, fleet: list[Client]) -> side.Cost:
        users = [self._loaded(client) for client in fleet] * (self.again or 1)
        cost, answers = side.timed([functools.partial(self.ask, user) for user in users])
        assert all(answers), self.title
        return cost

    def statements(self, fleet: list[Client]) -> side.Statements:
        user = self._loaded(fleet[0])
        return side.count(lambda: self.ask(user))[0]

    def _loaded(self, client: Client) -> Any:
        user = _load(client)
        if self.again:
            self.ask(user)
        return user


def _request(name: str) -> Request:
    return Request(**dataclasses.asdict(OPERATIONS[name]))


# In the order of a client's life: requests use the tokens that the login left.
ASKED: dict[str, Question | Request] = {
    "has_perm": Question("has_perm, first of a request", lambda user: user.has_perm(CODE)),
    "again": Question("has_perm, later", lambda user: user.has_perm(CODE), again=100),
    "all": Question("get_all_permissions", lambda user: user.get_all_permissions()),
    "login": _request("login"),
    "first": _request("first"),
    "authenticated": _request("authenticated"),
    "permitted": Request("the same behind a permission", "permitted"),
    "refresh": _request("refresh"),
}


# What the processes do ----------------------------------------------------------------------------


def fill(permissions: int, users: int, rounds: int, clients: int) -> None:
    """So many users, and spread among them the fleet, who hold the first holder and with it all."""
    it = side.this()
    it.side.make_holders(_permissions(permissions))
    for numbers in rows.chunks(users, size=max(users // clients, 1)):
        given = it.side.give(it.side.fill_users(numbers), holder=0)
        it.side.give_alike(given, numbers, f"MOD(n, {HOLDERS})")
        it.side.give_alike(given, numbers[::2], f"MOD(n + 51, {HOLDERS})")
        for client in it.sign_up(rounds):
            it.side.give(_load(client), holder=0)
    assert len(_load(it.fleet[0]).get_all_permissions()) == permissions
    rows.settle()
    side.settle()


def batch(name: str, number: int, rounds: int) -> side.Cost:
    """By the clients of that round, who were not there in another one."""
    return ASKED[name].batch(side.this().fleet[number::rounds])


def statements(name: str) -> side.Statements:
    return ASKED[name].statements(side.this().fleet[: side.COUNTED])


def search() -> tuple[side.Cost, int, side.Statements]:
    """`with_perm`, how many it finds, and by how many statements."""
    cost, (having, *_) = side.timed([_having] * SEARCHES)
    return cost, having, side.count(_having)[0]


def _having() -> int:
    from django.contrib.auth import get_user_model

    users: Any = get_user_model()._default_manager
    return int(users.with_perm(CODE).count())


def _load(client: Client) -> Any:
    from django.contrib.auth import get_user_model

    return get_user_model()._default_manager.get_by_natural_key(client.username)


def _permissions(count: int) -> list[list[Any]]:
    """What each holder has of its own: shares of `count`."""
    from django.contrib.auth.models import Permission
    from django.contrib.contenttypes.models import ContentType

    kind = ContentType.objects.create(app_label=APP, model="invoice")
    names = [CODE.removeprefix(f"{APP}.")[:-5] + f"{number:05}" for number in range(1, count + 1)]
    made = Permission.objects.bulk_create(
        Permission(content_type=kind, codename=name, name=name) for name in names
    )
    return [made[HOLDERS - 1 - holder :: HOLDERS] for holder in range(HOLDERS)]
