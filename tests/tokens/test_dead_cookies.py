"""Dead, foreign and garbage cookies break no public endpoint, and the answer clears them."""

import pytest

from accounts.models import User
from tests.doors import PASSWORD, Api, codes
from tests.tokens import forge
from tests.tokens.carrying import ACCESS_COOKIE, PROFILE, REFRESH_COOKIE, refresh_with

CLEARED = {"path": "/", "httponly": True, "secure": True, "samesite": "Strict", "max-age": 0}
LINK = {"token": "a" * 43}
PUBLIC = {
    "csrf": ("GET", "/auth/csrf", None, 200),
    "register": (
        "POST",
        "/auth/register",
        {"email": "bob@example.com", "password": PASSWORD, "name": "Bob"},
        202,
    ),
    "resend": ("POST", "/auth/resend-verification", {"email": "ada@example.com"}, 202),
    "forgot": ("POST", "/auth/forgot-password", {"email": "ada@example.com"}, 202),
    "verify by GET": ("GET", "/auth/verify-email?token=a", None, 400),
    "verify": ("POST", "/auth/verify-email", LINK, 400),
    "reset": ("POST", "/auth/reset-password", {**LINK, "password": PASSWORD}, 400),
    "failed login": (
        "POST",
        "/auth/login",
        {"email": "ada@example.com", "password": "wrong", "transport": "bearer"},
        401,
    ),
    "login": (
        "POST",
        "/auth/login",
        {"email": "ada@example.com", "password": PASSWORD, "transport": "bearer"},
        200,
    ),
    "malformed": ("POST", "/auth/login", {"transport": "bearer"}, 400),
}


def revoked(api: Api) -> str:
    api.post("/auth/logout")
    return api.access


def orphaned(api: Api) -> str:
    """Its user is gone, and another one has come with the same address."""
    User.objects.all().delete()
    User.objects.create_user("ada@example.com", PASSWORD, email_verified_at="2026-01-01T00:00Z")
    return api.access


def another_servers(api: Api) -> str:
    header, claims = forge.unpack(api.access)
    return forge.sign({**header, "kid": "theirs"}, claims, secret=forge.other_secret())


DEAD = {
    "garbage": lambda api: "garbage",
    "three parts": lambda api: "a.b.c",
    "no base64": lambda api: "aaaaa.bbbbb.ccccc",
    "another cookie's characters": lambda api: '{"a": "é"}',
    "long": lambda api: "a." * 4000,
    "refresh token": lambda api: api.refresh_token,
    "another server's": another_servers,
    "unknown version": lambda api: forge.with_claims(api.access, ver=99),
    "revoked": revoked,
    "user gone": orphaned,
}


@pytest.fixture(params=DEAD)
def dead(request, bearer) -> str:
    return DEAD[request.param](bearer)


def cleared(response, name: str = ACCESS_COOKIE) -> dict:
    morsel = response.cookies[name]
    assert not morsel.value
    return {key: morsel[key] for key in CLEARED}


def visitor(**cookies: str) -> Api:
    api = Api().fetch_csrf()
    for name, value in cookies.items():
        api.client.cookies[name] = value
    return api


@pytest.mark.parametrize("endpoint", PUBLIC)
def test_a_dead_access_cookie_changes_no_public_answer_and_is_cleared(dead, endpoint):
    method, path, body, status = PUBLIC[endpoint]
    response = visitor(**{ACCESS_COOKIE: dead}).request(method, path, body)
    assert response.status_code == status, response.content
    assert cleared(response) == CLEARED


def test_a_login_with_a_dead_access_cookie_sets_a_living_one(dead):
    api = visitor(**{ACCESS_COOKIE: dead}).login()
    assert api.get(PROFILE).status_code == 200


@pytest.mark.parametrize("death", [name for name in DEAD if name != "user gone"])
def test_a_refresh_with_a_dead_access_cookie_sets_a_living_one(browser, bearer, death):
    browser.client.cookies[ACCESS_COOKIE] = DEAD[death](bearer)
    assert browser.refresh().status_code == 200
    assert browser.get(PROFILE).status_code == 200


@pytest.mark.parametrize("endpoint", PUBLIC)
def test_a_merely_expired_access_cookie_stays(bearer, later, endpoint):
    later(minutes=16)
    method, path, body, status = PUBLIC[endpoint]
    response = visitor(**{ACCESS_COOKIE: bearer.access}).request(method, path, body)
    assert response.status_code == status
    assert ACCESS_COOKIE not in response.cookies


@pytest.mark.parametrize("endpoint", PUBLIC)
def test_a_living_access_cookie_stays(bearer, endpoint):
    method, path, body, status = PUBLIC[endpoint]
    response = visitor(**{ACCESS_COOKIE: bearer.access}).request(method, path, body)
    assert response.status_code == status
    assert ACCESS_COOKIE not in response.cookies


def test_a_refused_access_cookie_does_not_clear_itself_under_a_header(bearer):
    api = visitor(**{ACCESS_COOKIE: "garbage"})
    response = api.post("/auth/forgot-password", {"email": "a@b.cc"}, Authorization="Bearer x")
    assert response.status_code == 202
    assert ACCESS_COOKIE not in response.cookies


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize("garbage", ["garbage", "a.b.c", "aaaaa.bbbbb.ccccc", '{"a": "é"}'])
def test_a_dead_refresh_cookie_is_refused_and_cleared(db, method, garbage):
    response = visitor(**{REFRESH_COOKIE: garbage}).request(method, "/auth/refresh")
    assert response.status_code == 401
    assert codes(response) == ["token_invalid"]
    assert cleared(response, REFRESH_COOKIE) == {**CLEARED, "path": "/api/auth/refresh"}


def test_the_refresh_cookie_of_an_ended_session_is_cleared(browser):
    token = browser.cookie("refresh")
    assert browser.logout().status_code == 204
    response = refresh_with(browser, token)
    assert response.status_code == 401
    assert cleared(response, REFRESH_COOKIE) == {**CLEARED, "path": "/api/auth/refresh"}


def test_a_dead_refresh_cookie_does_not_stand_in_the_way_of_a_token_in_the_body(bearer):
    api = visitor(**{REFRESH_COOKIE: "garbage"})
    response = api.post("/auth/refresh", {"refresh": bearer.refresh_token})
    assert response.status_code == 200
    assert cleared(response, REFRESH_COOKIE) == {**CLEARED, "path": "/api/auth/refresh"}


def test_a_bad_token_in_the_body_does_not_clear_a_good_refresh_cookie(browser):
    response = browser.post("/auth/refresh", {"refresh": "a.b.c"})
    assert response.status_code == 401
    assert REFRESH_COOKIE not in response.cookies
    assert browser.refresh().status_code == 200


def test_a_dead_access_cookie_does_not_stand_in_the_way_of_a_logout_by_body(bearer):
    api = visitor(**{ACCESS_COOKIE: "garbage"})
    response = api.post("/auth/logout", {"refresh": bearer.refresh_token})
    assert response.status_code == 204
    assert bearer.get(PROFILE).status_code == 401


@pytest.mark.parametrize("session_id", ["garbage", "a" * 32, "é", ""])
def test_a_foreign_django_session_cookie_does_not_stand_in_the_way_of_a_login(user, session_id):
    api = visitor(**{"__Host-sessionid": session_id}).login()
    assert api.cookie("sessionid") != session_id


@pytest.mark.parametrize("garbage", ["garbage", "a" * 64, "é"])
def test_a_foreign_csrf_cookie_is_replaced_by_asking_for_a_new_one(user, garbage):
    api = Api()
    api.client.cookies["__Host-csrftoken"] = garbage
    assert api.login().get(PROFILE).status_code == 200
