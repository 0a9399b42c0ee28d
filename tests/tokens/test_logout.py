"""Logout by whatever token is left, and what it leaves behind in the browser."""

import pytest

from tests.doors import Api, codes
from tests.tokens import forge
from tests.tokens.carrying import PROFILE, REFRESH_COOKIE, access_token_of, by_header
from tokens.models import RevokeReason, Session
from tokens.signals import session_revoked

TOKEN_COOKIES = {"__Host-access", REFRESH_COOKIE}


def cleared(response) -> set[str]:
    return {name for name, morsel in response.cookies.items() if not morsel.value}


def test_logout_ends_the_session_and_clears_the_cookies(door, listen):
    heard = listen(session_revoked)
    response = door.logout()
    assert response.status_code == 204
    assert response.content == b""
    assert cleared(response) >= TOKEN_COOKIES
    assert Session.objects.get().revoke_reason == RevokeReason.LOGOUT
    assert [fact["reason"] for fact in heard] == [RevokeReason.LOGOUT]


def test_logout_works_with_an_expired_access_token(door, later):
    later(minutes=20)
    assert codes(door.get(PROFILE)) == ["token_expired"]
    response = door.logout()
    assert response.status_code == 204
    assert cleared(response) >= TOKEN_COOKIES
    assert Session.objects.get().revoked_at is not None


def test_logout_of_a_session_that_is_over_already_says_the_same(door, listen):
    Session.objects.get().delete()
    heard = listen(session_revoked)
    response = door.logout()
    assert response.status_code == 204
    assert cleared(response) >= TOKEN_COOKIES
    assert not heard


def test_a_second_logout_is_no_second_revocation(bearer, listen):
    heard = listen(session_revoked)
    assert [bearer.logout().status_code for _ in range(2)] == [204, 204]
    assert len(heard) == 1


def test_logout_works_for_a_user_who_was_deactivated(door, user):
    type(user).objects.update(is_active=False)
    assert door.logout().status_code == 204
    assert Session.objects.get().revoke_reason == RevokeReason.LOGOUT


def test_a_refresh_token_in_the_body_is_enough(bearer):
    response = Api().post("/auth/logout", {"refresh": bearer.refresh_token})
    assert response.status_code == 204
    assert bearer.get(PROFILE).status_code == 401


def test_an_expired_refresh_token_in_the_body_is_enough(bearer, later):
    later(days=8)
    response = Api().post("/auth/logout", {"refresh": bearer.refresh_token})
    assert response.status_code == 204
    assert Session.objects.get().revoke_reason == RevokeReason.LOGOUT


def test_the_refresh_cookie_is_enough_once_the_access_token_is_gone(browser, later):
    access = access_token_of(browser)
    del browser.client.cookies["__Host-access"]
    response = browser.delete("/auth/refresh")
    assert response.status_code == 204
    assert cleared(response) >= TOKEN_COOKIES
    assert by_header(access).status_code == 401


def test_an_expired_refresh_cookie_still_logs_out(browser, later):
    later(days=8)
    assert browser.delete("/auth/refresh").status_code == 204
    assert Session.objects.get().revoke_reason == RevokeReason.LOGOUT


@pytest.mark.parametrize(
    "garbage",
    [
        "garbage",
        "a.b.c",
        "aaaaa.bbbbb.ccccc",
        lambda raw: forge.with_part(raw, 2, "AAAA"),
        lambda raw: forge.with_claims(raw, aud="https://evil.example"),
        lambda raw: forge.sign(*forge.unpack(raw), secret=forge.other_secret()),
    ],
)
@pytest.mark.parametrize("place", ["header", "body"])
def test_a_token_that_we_never_signed_logs_nobody_out(bearer, place, garbage):
    token = garbage(bearer.access) if callable(garbage) else garbage
    if place == "header":
        response = Api().post("/auth/logout", Authorization=f"Bearer {token}")
    else:
        response = Api().post("/auth/logout", {"refresh": token})
    assert response.status_code == 401
    assert codes(response) == ["token_invalid"]
    assert not response.cookies
    assert bearer.get(PROFILE).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/auth/logout"), ("DELETE", "/auth/refresh")]
)
def test_without_a_token_nothing_is_cleared(db, method, path):
    response = Api().fetch_csrf().request(method, path)
    assert response.status_code == 401
    assert codes(response) == ["not_authenticated"]
    assert not response.cookies


def test_a_browser_can_log_in_again_after_logout(browser):
    former = browser.sid
    assert browser.logout().status_code == 204
    assert browser.get(PROFILE).status_code == 401
    assert browser.login().get(PROFILE).status_code == 200
    assert browser.sid != former


def test_a_logout_by_header_leaves_the_browsers_page_login_alone(browser, whoami):
    app = Api().login(transport="bearer")
    header = {"Authorization": f"Bearer {app.access}", "X-CSRFToken": None}
    assert browser.post("/auth/logout", **header).status_code == 204
    assert whoami(browser)["user"] == "ada@example.com"


def test_a_logout_without_csrf_token_leaves_the_browsers_page_login_alone(browser, bearer, whoami):
    """The token in the body is the attacker's own, and good; the page login is the victim's."""
    browser.client.cookies["__Host-access"] = "garbage"
    headers = {"Origin": "https://evil.example", "X-CSRFToken": None}
    browser.post("/auth/logout", {"refresh": bearer.refresh_token}, **headers)
    assert whoami(browser)["user"] == "ada@example.com"


def test_a_logout_by_header_leaves_the_browsers_pages_alone(browser, bearer, whoami):
    """The header is somebody else's login than the cookies beside it."""
    browser.access = bearer.access
    assert browser.logout().status_code == 204
    assert whoami(browser)["user"] == "ada@example.com"
