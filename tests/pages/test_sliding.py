"""A visit to a page keeps the session from idling out, written at most once in five minutes."""

from datetime import timedelta

import pytest
from django.db import InterfaceError, InternalError, OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.test.utils import CaptureQueriesContext
from django.urls import include, path
from django.utils import timezone
from django.views.decorators.cache import cache_control

from portcullis.errors import Unavailable
from tests.doors import ORIGIN, PASSWORD, Api, Form, Pages
from tokens.models import Session

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

CHANGE = {"current_password": PASSWORD, "new_password": "Difference-Engine-1822"}


@cache_control(public=True, max_age=600)
def somebodys_cached_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(request.user))


urlpatterns = [path("public", somebodys_cached_page), path("", include("config.urls"))]


def writes(pages: Pages) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert pages.signed_in
    return sum(query["sql"].startswith("UPDATE") for query in captured)


def test_a_visit_after_five_minutes_is_written_once(ada, later):
    later(minutes=4, seconds=50)
    assert writes(ada) == 0

    later(seconds=20)
    assert writes(ada) == 1
    assert writes(ada) == 0
    session = Session.objects.get()
    assert abs(session.last_used_at - timezone.now()) < timedelta(seconds=5)
    assert abs(session.expires_at - timezone.now() - timedelta(days=7)) < timedelta(seconds=5)


def test_the_tokens_stay_as_young_as_the_session(ada, later):
    for _ in range(3):
        later(days=6)
        assert ada.signed_in
    api = Api()
    api.client = ada.client

    assert api.get("/users/profile").status_code == 200
    assert api.fetch_csrf().refresh().status_code == 200
    assert Session.objects.get().generation == 1


def test_a_logout_after_a_while_leaves_no_cookie(ada, later):
    body = Form(ada.visit("/accounts/profile/").content.decode()).hidden
    later(minutes=6)

    response = ada.client.post("/accounts/logout/", body, secure=True, headers={"Origin": ORIGIN})

    assert response.cookies["__Host-access"]["max-age"] == 0


def test_who_comes_by_each_week_stays_until_the_absolute_end(ada, later):
    for _ in range(14):
        later(days=6, hours=10)
        assert ada.signed_in
    later(days=1)

    assert not ada.signed_in


def test_who_does_not_come_by_is_logged_out(ada, later):
    later(days=7, seconds=1)

    assert not ada.signed_in


def test_a_visit_does_not_bring_an_ended_session_back(ada, later):
    later(minutes=6)
    Session.objects.update(revoked_at=timezone.now())
    before = Session.objects.get().expires_at

    assert not ada.signed_in
    assert Session.objects.get().expires_at == before


OLD = {"days": 2}


MEANWHILE = {
    "refresh": lambda api: api.refresh(),
    "logout": lambda api: api.logout(),
    "change": lambda api: api.refresh() and api.post("/auth/change-password", CHANGE),
    "another login": lambda api: api.try_login("bob@example.com"),
}


@pytest.mark.parametrize("event", MEANWHILE)
def test_what_happens_while_a_page_is_made_is_not_undone_by_it(
    ada, make_user, later, monkeypatch, event
):
    """The page began before, and its answer comes after."""
    make_user("bob@example.com")
    api = Api()
    api.client = ada.client
    later(**OLD)
    meanwhile = MEANWHILE[event]
    monkeypatch.setattr(
        "accounts.pages.views.ProfilePage.get_initial",
        lambda page: {"name": str(meanwhile(api.fetch_csrf()).status_code)},
    )

    page = ada.visit("/accounts/profile/")

    assert 'value="20' in page.content.decode()
    assert "__Host-access" not in page.cookies
    assert "__Secure-refresh" not in page.cookies
    later(seconds=11)
    if event != "logout":
        assert api.fetch_csrf().refresh().status_code == 200
    assert not Session.objects.filter(revoke_reason="reuse").exists()


def test_young_tokens_are_left_alone(ada, later):
    later(hours=23)

    page = ada.visit("/accounts/profile/")

    assert Session.objects.get().last_used_at > timezone.now() - timedelta(minutes=1)
    assert "__Secure-refresh" not in page.cookies


def test_tokens_are_given_to_nobody_who_may_keep_the_page(ada, later):
    later(**OLD)

    page = ada.visit("/public")

    assert page.cookies["__Secure-refresh"].value
    assert "private" in page["Cache-Control"]
    assert "public" not in page["Cache-Control"]


def test_short_lives_are_renewed_in_time(settings, user, pages, later):
    settings.TOKENS = {**settings.TOKENS, "REFRESH_LIFETIME": 12 * 3600}
    pages.log_in()
    for _ in range(3):
        later(hours=7)
        assert pages.signed_in
    api = Api()
    api.client = pages.client

    assert api.fetch_csrf().refresh().status_code == 200


@pytest.mark.parametrize("change", [{"is_active": False}, {"credential_epoch": 7}])
def test_a_page_prolongs_nothing_that_ended_meanwhile(ada, user, later, monkeypatch, change):
    def end_it(page: object) -> dict:
        type(user).objects.update(**change)
        return {}

    later(**OLD)
    before = Session.objects.get().expires_at
    monkeypatch.setattr("accounts.pages.views.ProfilePage.get_initial", end_it)

    page = ada.visit("/accounts/profile/")

    assert Session.objects.get().expires_at == before
    assert "__Host-access" not in page.cookies


@pytest.mark.parametrize("error", [InterfaceError, InternalError, OperationalError, Unavailable])
@pytest.mark.parametrize("where", ["slide", "set_token_cookies"])
def test_a_page_that_is_made_does_not_fail_for_its_visit(ada, later, monkeypatch, where, error):
    def fail(*args: object, **kwargs: object) -> None:
        raise error

    later(**OLD)
    monkeypatch.setattr(f"tokens.middleware.{where}", fail)

    assert ada.visit("/accounts/profile/").status_code == 200
