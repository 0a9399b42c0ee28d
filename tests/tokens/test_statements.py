"""What each request costs the database: statements, and commands of its transactions."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import include, path
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from portcullis.permissions import HasPermission
from portcullis.switches import Door, is_off
from rbac.permissions import HasAnyRole
from tests.doors import PASSWORD, Api
from tests.tokens.carrying import PROFILE, refresh_with, refreshed
from tokens.endpoints import SignedInEndpoint
from tokens.keyring import ring

pytestmark = pytest.mark.urls(__name__)
OF_TRANSACTIONS = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


class Bare(SignedInEndpoint):
    def get(self, request: Request) -> Response:
        return Response({"hello": request.user.name})


class Permitted(SignedInEndpoint):
    """Asks for permissions and roles, over and over."""

    permission_classes = (IsAuthenticated, ~HasPermission("a.b") & ~HasAnyRole("admin"))

    def get(self, request: Request) -> Response:
        return Response({code: request.user.has_perm(code) for code in ("a.b", "c.d", "e.f")})


urlpatterns = [
    path("bare", Bare.as_view()),
    path("permitted", Permitted.as_view()),
    path("", include("config.urls")),
]


def cost(do: Callable[[], Any]) -> tuple[int, int]:
    """Statements and transaction commands that `do` sends to the database."""
    ring.forget()
    ring.active()
    for door in Door:
        is_off(door)  # read once in ten seconds
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
    "bearer login": (lambda: logging_in("bearer"), (5, 2), (10, 2)),
    "hybrid login": (lambda: logging_in("hybrid"), (5, 2), (10, 2)),
    "cookie login": (lambda: logging_in("cookie"), (7, 4), (12, 4)),
    "bearer refresh": (lambda: doing(Api.refresh, "bearer"), (3, 0), (3, 0)),
    "cookie refresh": (lambda: doing(Api.refresh, "cookie"), (3, 0), (3, 0)),
    "bearer logout": (lambda: doing(Api.logout, "bearer"), (1, 2), (3, 2)),
    "cookie logout": (lambda: doing(Api.logout, "cookie"), (3, 2), (3, 2)),
    "request by header": (lambda: asking("//bare", "bearer"), (1, 0), (1, 0)),
    "request by cookie": (lambda: asking("//bare", "cookie"), (1, 0), (1, 0)),
    "permitted request": (lambda: asking("//permitted", "bearer"), (2, 0), (2, 0)),
    "profile with its roles": (lambda: asking(PROFILE, "bearer"), (2, 0), (2, 0)),
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
    assert cost(lambda: refresh_with(bearer, old)) == (2, 0)


@pytest.mark.django_db(transaction=True)
def test_the_second_request_costs_what_the_first_did(bearer):
    assert [cost(lambda: bearer.get("//bare")) for _ in range(3)] == [(1, 0)] * 3


@pytest.mark.django_db(transaction=True)
def test_a_page_costs_one_statement_for_django_and_one_for_us(browser, settings):
    settings.ROOT_URLCONF = "tests.tokens.pages"
    assert cost(lambda: browser.get("//greeting")) == (2, 0)
