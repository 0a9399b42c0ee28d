"""Django's session, which pages use: tied to one row, and worth nothing once that is over."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session as DjangoSession

from tests.doors import PASSWORD, Api
from tests.tokens.carrying import PROFILE, access_token_of, by_header
from tokens.models import RevokeReason, Session

SESSION_COOKIE = "__Host-sessionid"
NEW_PASSWORD = "Difference-Engine-1822"
CHANGE = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}


def end_from_elsewhere(browser: Api, later) -> None:
    elsewhere = Api().login(transport="bearer")
    assert elsewhere.delete(f"/auth/sessions/{browser.sid}").status_code == 204


def deactivate(browser: Api, later) -> None:
    get_user_model().objects.update(is_active=False)


def set_password(browser: Api, later) -> None:
    user = get_user_model().objects.get()
    user.set_password(NEW_PASSWORD)
    user.save()


def delete_row(browser: Api, later) -> None:
    Session.objects.all().delete()


def delete_user(browser: Api, later) -> None:
    get_user_model().objects.all().delete()


def idle(browser: Api, later) -> None:
    later(days=7, seconds=1)


def reuse(browser: Api, later) -> None:
    old = browser.cookie("refresh")
    assert browser.refresh().status_code == 200
    later(seconds=11)
    browser.client.cookies["__Secure-refresh"] = old
    assert browser.refresh().status_code == 401


ENDINGS = [end_from_elsewhere, deactivate, set_password, delete_row, delete_user, idle, reuse]


def test_a_cookie_login_is_a_login_to_pages(browser, whoami):
    seen = whoami(browser)
    assert seen["user"] == "ada@example.com"
    assert seen["session"] == browser.sid
    assert seen["key"] == browser.cookie("sessionid")


@pytest.mark.parametrize("end", ENDINGS)
def test_a_page_sees_nobody_once_the_row_is_over(browser, later, whoami, end):
    assert whoami(browser)["user"] == "ada@example.com"
    end(browser, later)
    seen = whoami(browser)
    assert (seen["user"], seen["session"]) == (None, None)


@pytest.mark.parametrize("end", ENDINGS)
def test_an_async_page_sees_nobody_once_the_row_is_over(browser, later, whoami, end):
    assert whoami(browser)["awaited"] == "ada@example.com"
    end(browser, later)
    assert whoami(browser)["awaited"] is None


@pytest.mark.parametrize("transport", ["bearer", "hybrid"])
def test_a_login_without_an_access_cookie_opens_no_django_session(user, transport, whoami):
    api = Api().login(transport=transport)
    assert not DjangoSession.objects.exists()
    assert api.cookie("sessionid") is None
    assert whoami(api)["user"] is None


def test_pages_do_not_look_at_token_cookies(browser, whoami):
    del browser.client.cookies[SESSION_COOKIE]
    assert browser.get(PROFILE).status_code == 200
    assert whoami(browser)["user"] is None


def test_the_api_does_not_look_at_the_django_session(browser):
    del browser.client.cookies["__Host-access"]
    assert browser.get(PROFILE).status_code == 401


def test_a_session_key_from_before_the_login_is_not_kept(user, whoami):
    planted = SessionStore()
    planted["basket"] = "planted"
    planted.save()
    api = Api()
    api.client.cookies[SESSION_COOKIE] = planted.session_key
    key = api.login().cookie("sessionid")
    assert key != planted.session_key
    assert not DjangoSession.objects.filter(pk=planted.session_key).exists()
    assert whoami(api)["key"] == key


def test_a_changed_password_changes_the_session_key(browser, whoami):
    before = browser.cookie("sessionid")
    assert browser.post("/auth/change-password", CHANGE).status_code == 200
    after = browser.cookie("sessionid")
    assert after != before
    assert [row.pk for row in DjangoSession.objects.all()] == [after]
    assert whoami(browser)["user"] == "ada@example.com"


def test_a_login_as_somebody_else_ends_the_former_session(browser, make_user, whoami):
    make_user("eve@example.com")
    former, access, key = browser.sid, access_token_of(browser), browser.cookie("sessionid")
    browser.login("eve@example.com")
    assert whoami(browser)["user"] == "eve@example.com"
    assert Session.objects.get(pk=former).revoke_reason == RevokeReason.REPLACED
    assert by_header(access).status_code == 401
    assert browser.cookie("sessionid") != key
    assert not DjangoSession.objects.filter(pk=key).exists()


def test_a_second_login_of_the_same_user_leaves_one_session(browser):
    former = browser.sid
    browser.login()
    assert [session.pk for session in Session.objects.open()] != [former]
    assert Session.objects.open().count() == DjangoSession.objects.count() == 1


def test_a_failed_login_as_somebody_else_ends_nothing(browser, whoami):
    assert browser.try_login("eve@example.com").status_code == 401
    assert whoami(browser)["user"] == "ada@example.com"
    assert browser.get(PROFILE).status_code == 200


def test_a_hybrid_login_as_somebody_else_leaves_no_trace_of_the_former(browser, make_user, whoami):
    make_user("eve@example.com")
    former = browser.sid
    browser.login("eve@example.com", transport="hybrid")
    assert Session.objects.get(pk=former).revoked_at is not None
    assert whoami(browser)["user"] is None


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/auth/logout"), ("DELETE", "/auth/refresh"), ("DELETE", "/auth/sessions/{sid}")],
)
def test_logging_out_deletes_the_django_session(browser, whoami, method, path):
    response = browser.request(method, path.format(sid=browser.sid))
    assert response.status_code == 204
    assert not DjangoSession.objects.exists()
    assert response.cookies[SESSION_COOKIE].value == ""
    assert whoami(browser)["user"] is None


def test_a_visitor_without_a_session_gets_none(db, whoami):
    api = Api()
    assert whoami(api) == {"user": None, "awaited": None, "session": None, "key": None}
    assert not api.client.cookies
    assert not DjangoSession.objects.exists()
