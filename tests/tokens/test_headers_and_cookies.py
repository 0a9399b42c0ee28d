"""CONTRACT 3 as a browser sees it: each cookie's attributes, and who carries which token."""

import re

import pytest
from django.conf import settings as project

from tests.doors import PASSWORD, Api, codes
from tests.tokens.carrying import PROFILE
from tests.tokens.forge import claims_of

NEW_PASSWORD = "Difference-Engine-1822"
TOKEN = re.compile(r"ey[\w-]+\.ey[\w-]+\.[\w-]+")
DAY = 24 * 3600
HARDENED = {"httponly": True, "secure": True, "samesite": "Strict"}
LAX = {"secure": True, "samesite": "Lax", "path": "/"}
DATES = {"expires", "max-age"}


def attributes(response, name: str) -> dict:
    """What the Set-Cookie header says beside name, value and dates."""
    morsel = response.cookies[name]
    return {key: value for key, value in morsel.items() if value and key not in DATES}


def change_password(api: Api, old: str = PASSWORD, new: str = NEW_PASSWORD):
    return api.post("/auth/change-password", {"current_password": old, "new_password": new})


@pytest.fixture
def plain_http(settings):
    """The service on a developer's machine: no https, so no prefix and no Secure."""
    settings.PORTCULLIS = {**project.PORTCULLIS, "BASE_URL": "http://localhost:8000"}


def test_the_access_cookie_has_exactly_these_attributes(user, api):
    response = api.try_login()
    assert attributes(response, "__Host-access") == {**HARDENED, "path": "/"}
    assert response.cookies["__Host-access"]["max-age"] == 900


def test_the_refresh_cookie_goes_with_the_browser(user, api):
    response = api.try_login()
    assert attributes(response, "__Secure-refresh") == {**HARDENED, "path": "/api/auth/refresh"}
    morsel = response.cookies["__Secure-refresh"]
    assert (morsel["max-age"], morsel["expires"]) == ("", "")


@pytest.mark.parametrize("transport", ["cookie", "hybrid"])
def test_a_remembered_refresh_cookie_lives_as_long_as_its_token(user, api, transport):
    response = api.try_login(remember_me=True, transport=transport)
    morsel = response.cookies["__Secure-refresh"]
    assert 30 * DAY - 60 < morsel["max-age"] <= 30 * DAY
    claims = claims_of(morsel.value)
    assert abs(claims["exp"] - claims["iat"] - morsel["max-age"]) <= 2


def test_a_refresh_sets_both_cookies_with_the_same_attributes(user, api):
    login = api.try_login()
    refresh = api.refresh()
    for name in ("__Host-access", "__Secure-refresh"):
        assert attributes(refresh, name) == attributes(login, name)
        assert refresh.cookies[name]["max-age"] == login.cookies[name]["max-age"]
        assert refresh.cookies[name].value != login.cookies[name].value


def test_djangos_own_cookies_are_secure_and_lax(user, api):
    csrf = api.get("/auth/csrf")
    assert attributes(csrf, "__Host-csrftoken") == LAX
    login = api.try_login()
    assert attributes(login, "__Host-sessionid") == {**LAX, "httponly": True}
    assert login.cookies["__Host-sessionid"]["max-age"] == ""


def test_a_remembered_browser_keeps_its_session_cookie(user, api):
    response = api.try_login(remember_me=True)
    assert response.cookies["__Host-sessionid"]["max-age"] == 90 * DAY


def test_on_plain_http_cookies_are_neither_prefixed_nor_secure(user, api, plain_http):
    response = api.try_login()
    http_only = {"httponly": True, "samesite": "Strict"}
    assert attributes(response, "access") == {**http_only, "path": "/"}
    assert attributes(response, "refresh") == {**http_only, "path": "/api/auth/refresh"}
    assert not {"__Host-access", "__Secure-refresh"} & response.cookies.keys()
    assert api.get(PROFILE).status_code == 200
    assert api.refresh().status_code == 200


def test_on_https_an_unprefixed_cookie_is_no_token(browser):
    other = Api()
    other.client.cookies["access"] = browser.cookie("access")
    assert codes(other.get(PROFILE)) == ["not_authenticated"]


@pytest.mark.parametrize("base_url", ["https://portcullis.test", "http://localhost:8000"])
def test_logout_clears_cookies_with_the_attributes_they_were_set_with(
    user, api, settings, base_url
):
    settings.PORTCULLIS = {**project.PORTCULLIS, "BASE_URL": base_url}
    login = api.try_login()
    logout = api.logout()
    cleared = [name for name, morsel in logout.cookies.items() if not morsel.value]
    tokens = [name for name in cleared if name.split("-")[-1] in {"access", "refresh"}]
    assert len(tokens) == 2
    for name in tokens:
        assert attributes(logout, name) == attributes(login, name)
        assert logout.cookies[name]["max-age"] == 0
        assert logout.cookies[name]["expires"].startswith("Thu, 01 Jan 1970")


def test_with_cookies_no_body_ever_holds_a_token(browser):
    browser_again = Api()
    answers = [browser_again.try_login(), browser.refresh(), change_password(browser)]
    for response in answers:
        assert response.status_code == 200
        assert not {"access", "refresh"} & response.json().keys()
        assert not TOKEN.search(response.content.decode())
        assert {"__Host-access", "__Secure-refresh"} <= response.cookies.keys()


def test_hybrid_has_the_access_token_in_the_body_and_the_refresh_token_in_a_cookie(user):
    api = Api()
    api.take(login := api.try_login(transport="hybrid"))
    api.take(refresh := api.refresh())
    answers = [login, refresh, change_password(api)]
    for response in answers:
        assert response.status_code == 200
        assert TOKEN.fullmatch(response.json()["access"])
        assert "refresh" not in response.json()
        assert "__Host-access" not in response.cookies
        assert "__Host-sessionid" not in response.cookies
        assert response.cookies["__Secure-refresh"].value not in response.content.decode()


def test_bearer_has_both_tokens_in_the_body_and_no_cookie_of_any_kind(user):
    api = Api()
    api.take(login := api.try_login(transport="bearer"))
    api.take(refresh := api.refresh())
    answers = [login, refresh, change_password(api)]
    for response in answers:
        assert response.status_code == 200
        assert TOKEN.fullmatch(response.json()["access"])
        assert TOKEN.fullmatch(response.json()["refresh"])
        assert not response.cookies
    assert not api.get("/auth/sessions").cookies


def test_no_answer_with_a_token_may_be_cached(door):
    for response in (door.refresh(), door.get(PROFILE), Api().try_login(transport="bearer")):
        assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer garbage", "Bearer a.b.c", "Basic YTpi", "Token abc", "\xe9"]
)
def test_good_cookies_do_not_save_a_bad_header(browser, header):
    response = browser.get(PROFILE, Authorization=header)
    assert response.status_code == 401
    assert codes(response) == ["token_invalid"]


def test_the_header_decides_whose_request_it_is(browser, make_user):
    make_user("eve@example.com")
    eve = Api().login("eve@example.com", transport="bearer")
    response = browser.get(PROFILE, Authorization=f"Bearer {eve.access}")
    assert response.json()["email"] == "eve@example.com"
    assert browser.get(PROFILE).json()["email"] == "ada@example.com"


def test_a_header_takes_the_cookies_away_from_refresh_and_its_logout(browser):
    for method in ("POST", "DELETE"):
        response = browser.request(method, "/auth/refresh", Authorization="Bearer a.b.c")
        assert response.status_code == 401
    assert browser.refresh().status_code == 200


def test_a_logout_by_header_leaves_the_browsers_own_session_alive(browser):
    app = Api().login(transport="bearer")
    response = browser.post("/auth/logout", Authorization=f"Bearer {app.access}")
    assert response.status_code == 204
    assert app.get(PROFILE).status_code == 401
    listed = Api().login(transport="bearer").get("/auth/sessions").json()["results"]
    assert browser.sid in {session["id"] for session in listed}
