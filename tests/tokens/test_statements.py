"""What each request costs the database: statements, and commands of its transactions."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.doors import PASSWORD, Api
from tests.tokens.carrying import PROFILE, refresh_with, refreshed
from tokens.keyring import ring

OF_TRANSACTIONS = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


def cost(do: Callable[[], Any]) -> tuple[int, int]:
    """Statements and transaction commands that `do` sends to the database."""
    ring.forget()
    ring.active()
    with CaptureQueriesContext(connection) as captured:
        response = do()
    assert response.status_code < 300, response.content
    sent = [query["sql"] for query in captured]
    commands = sum(sql.startswith(OF_TRANSACTIONS) for sql in sent)
    return len(sent) - commands, commands


def logging_in(transport: str) -> tuple[int, int]:
    api = Api().fetch_csrf()
    body = {"email": "ada@example.com", "password": PASSWORD, "transport": transport}
    return cost(lambda: api.post("/auth/login", body))


def asking(path: str, transport: str) -> tuple[int, int]:
    return doing(lambda api: api.get(path), transport)


def doing(do: Callable[[Api], Any], transport: str) -> tuple[int, int]:
    api = Api().login(transport=transport)
    return cost(lambda: do(api))


# name: request, what it costs now, what it may cost at most
COSTS = {
    "bearer login": (lambda: logging_in("bearer"), (4, 2), (10, 2)),
    "hybrid login": (lambda: logging_in("hybrid"), (4, 2), (10, 2)),
    "cookie login": (lambda: logging_in("cookie"), (6, 4), (12, 4)),
    "bearer refresh": (lambda: doing(Api.refresh, "bearer"), (2, 0), (3, 0)),
    "cookie refresh": (lambda: doing(Api.refresh, "cookie"), (2, 0), (3, 0)),
    "bearer logout": (lambda: doing(Api.logout, "bearer"), (1, 2), (3, 2)),
    "cookie logout": (lambda: doing(Api.logout, "cookie"), (3, 2), (3, 2)),
    "profile by header": (lambda: asking(PROFILE, "bearer"), (1, 0), (1, 0)),
    "profile by cookie": (lambda: asking(PROFILE, "cookie"), (1, 0), (1, 0)),
    "list of sessions": (lambda: asking("/auth/sessions", "bearer"), (2, 0), (2, 0)),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("user")
@pytest.mark.parametrize("name", COSTS)
def test_a_request_costs_exactly_so_much(name):
    request, found, _ = COSTS[name]
    assert request() == found


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("user")
@pytest.mark.parametrize("name", COSTS)
def test_a_request_stays_within_its_budget(name):
    request, _, (statements, commands) = COSTS[name]
    spent = request()
    assert spent[0] <= statements
    assert spent[1] <= commands


@pytest.mark.django_db(transaction=True)
def test_a_refresh_in_the_grace_costs_no_more_than_a_first_one(bearer):
    old = bearer.refresh_token
    refreshed(bearer)
    assert cost(lambda: refresh_with(bearer, old)) == (1, 0)


@pytest.mark.django_db(transaction=True)
def test_the_second_request_costs_what_the_first_did(bearer):
    assert [cost(lambda: bearer.get(PROFILE)) for _ in range(3)] == [(1, 0)] * 3


@pytest.mark.django_db(transaction=True)
def test_a_page_costs_one_statement_for_django_and_one_for_us(browser, settings):
    settings.ROOT_URLCONF = "tests.tokens.pages"
    assert cost(lambda: browser.get("//greeting")) == (2, 0)
