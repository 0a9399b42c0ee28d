"""What a page costs the database: one that needs login what it costs with plain Django."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.decorators import login_required
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test.utils import CaptureQueriesContext
from django.urls import include, path

from portcullis.switches import Door, is_off
from tests.doors import ORIGIN, PASSWORD, Form, Pages
from tests.tokens.test_statements import OF_TRANSACTIONS
from tokens.keyring import ring

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls(__name__)]


@login_required
def somebodys_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.user.name)


urlpatterns = [path("theirs", somebodys_page), path("", include("config.urls"))]


def statements(do: Callable[[], Any]) -> int:
    ring.forget()
    ring.active()
    for door in Door:
        is_off(door)
    with CaptureQueriesContext(connection) as captured:
        assert do().status_code in (200, 302)
    return sum(not query["sql"].startswith(OF_TRANSACTIONS) for query in captured)


@pytest.mark.parametrize(
    ("page", "cost"),
    [
        ("/theirs", 2),
        ("/accounts/profile/", 2),
        ("/accounts/password/change/", 2),
        ("/accounts/sessions/", 3),
        ("/", 2),
        ("/accounts/login/", 2),
    ],
)
def test_a_page_for_somebody_logged_in(ada, page, cost):
    assert statements(lambda: ada.visit(page)) == cost


def test_plain_django_costs_as_much(ada, settings):
    """Its middleware reads the session and then the user; ours reads the row with the user."""
    ours = statements(lambda: ada.visit("/theirs"))
    settings.MIDDLEWARE = [
        f"{AuthenticationMiddleware.__module__}.AuthenticationMiddleware"
        if name == "tokens.middleware.SessionAuthenticationMiddleware"
        else name
        for name in settings.MIDDLEWARE
    ]

    plain = Pages()
    plain.client.cookies = ada.client.cookies

    assert statements(lambda: plain.visit("/theirs")) == ours


@pytest.mark.parametrize(
    "page",
    [
        "/",
        "/accounts/login/",
        "/accounts/register/",
        "/accounts/verify-email/",
        "/accounts/profile/",
    ],
)
def test_a_visitor_costs_nothing(pages, page):
    assert statements(lambda: pages.visit(page)) == 0


def test_a_login_by_page_costs_what_one_by_the_api_does(user, pages):
    page = pages.visit("/accounts/login/").content.decode()
    body = {**Form(page).hidden, "email": user.email, "password": PASSWORD}

    def login():
        return pages.client.post("/accounts/login/", body, secure=True, headers={"Origin": ORIGIN})

    assert statements(login) == 7


def test_a_logout_by_page(ada):
    body = Form(ada.visit("/accounts/profile/").content.decode()).hidden

    def logout():
        return ada.client.post("/accounts/logout/", body, secure=True, headers={"Origin": ORIGIN})

    assert statements(logout) == 5
