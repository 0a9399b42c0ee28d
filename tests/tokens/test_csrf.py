"""Cross-site requests: whatever acts on cookies or sets them needs the token and our Origin."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.sessions.models import Session as DjangoSession

from accounts.models import User
from rbac.models import Role, RoleAssignment
from tests.doors import PASSWORD, Api, codes
from tests.tokens.carrying import PROFILE, access_token_of, refresh_token_of
from tokens.models import Session

CSRF_COOKIE = "__Host-csrftoken"
NEW_PASSWORD = "Difference-Engine-1822"
LOGIN = {"email": "ada@example.com", "password": PASSWORD}
CHANGE = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}


def without_token(api: Api) -> dict[str, str | None]:
    return {"X-CSRFToken": None}


def without_cookie(api: Api) -> dict[str, str | None]:
    token = api.client.cookies.pop(CSRF_COOKIE).value
    return {"X-CSRFToken": token}


def with_another_token(api: Api) -> dict[str, str | None]:
    return {"X-CSRFToken": "a" * 32}


def from_elsewhere(api: Api) -> dict[str, str | None]:
    return {"Origin": "https://evil.example"}


def from_a_subdomain(api: Api) -> dict[str, str | None]:
    return {"Origin": "https://evil.portcullis.test"}


def from_nowhere(api: Api) -> dict[str, str | None]:
    return {"Origin": "null"}


def without_origin(api: Api) -> dict[str, str | None]:
    return {"Origin": None}


def with_a_foreign_referer(api: Api) -> dict[str, str | None]:
    return {"Origin": None, "Referer": "https://evil.example/page"}


ATTACKS = [
    without_token,
    without_cookie,
    with_another_token,
    from_elsewhere,
    from_a_subdomain,
    from_nowhere,
    without_origin,
    with_a_foreign_referer,
]


UNSAFE: dict[str, Callable[[Api], tuple[str, str, Any]]] = {
    "profile": lambda api: ("PATCH", PROFILE, {"name": "Eve"}),
    "change password": lambda api: ("POST", "/auth/change-password", CHANGE),
    "end a session": lambda api: ("DELETE", f"/auth/sessions/{api.sid}", None),
    "logout": lambda api: ("POST", "/auth/logout", None),
    "logout with a token in the body": lambda api: (
        "POST",
        "/auth/logout",
        {"refresh": refresh_token_of(api)},
    ),
    "refresh": lambda api: ("POST", "/auth/refresh", None),
    "refresh with the token in the body": lambda api: (
        "POST",
        "/auth/refresh",
        {"refresh": refresh_token_of(api)},
    ),
    "logout by the refresh cookie": lambda api: ("DELETE", "/auth/refresh", None),
    "login": lambda api: ("POST", "/auth/login", LOGIN),
    "hybrid login": lambda api: ("POST", "/auth/login", {**LOGIN, "transport": "hybrid"}),
    "make a role": lambda api: ("POST", "/rbac/roles", {"slug": "crew", "name": "Crew"}),
    "replace a role": lambda api: ("PUT", "/rbac/roles/moderator", {"name": "Anything"}),
    "change a role": lambda api: ("PATCH", "/rbac/roles/user", {"mfa_required": True}),
    "delete a role": lambda api: ("DELETE", f"/rbac/roles/{a_role()}", None),
    "give a role": lambda api: (
        "POST",
        f"/users/{User.objects.get().pk}/roles",
        {"role": "admin", "reason": "Why not"},
    ),
    "take a role": lambda api: (
        "DELETE",
        f"/users/{User.objects.get().pk}/roles/{a_role(of=User.objects.get())}",
        None,
    ),
}


def a_role(of: User | None = None) -> str:
    role = Role.objects.create(slug="guard", name="Guard")
    if of:
        RoleAssignment.objects.create(user=of, role=role, reason="Watches")
    return role.slug


def everything() -> list[Any]:
    models = (User, Session, DjangoSession, Role, RoleAssignment)
    return [list(model.objects.order_by("pk").values()) for model in models]


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("request_of", UNSAFE)
def test_a_forged_request_is_refused_and_changes_nothing(browser, request_of, attack):
    User.objects.update(is_superuser=True)
    method, path, body = UNSAFE[request_of](browser)
    before = everything()
    response = browser.request(method, path, body, **attack(browser))
    assert response.status_code == 403, response.content
    assert codes(response) == ["csrf_failed"]
    assert everything() == before
    assert not any(morsel.value == "" for morsel in response.cookies.values())


@pytest.mark.parametrize("request_of", UNSAFE)
def test_the_same_request_from_our_own_page_works(browser, request_of):
    User.objects.update(is_superuser=True)
    method, path, body = UNSAFE[request_of](browser)
    before = everything()
    response = browser.request(method, path, body)
    assert response.status_code in {200, 201, 204}, response.content
    assert everything() != before


@pytest.mark.parametrize("attack", [without_token, from_elsewhere, without_origin])
@pytest.mark.parametrize("transport", ["cookie", "hybrid"])
def test_nobody_logs_a_strangers_browser_in(user, api, transport, attack):
    api.fetch_csrf()
    response = api.post("/auth/login", {**LOGIN, "transport": transport}, **attack(api))
    assert codes(response) == ["csrf_failed"]
    assert not Session.objects.exists()


@pytest.mark.parametrize("attack", [without_token, from_elsewhere])
def test_a_login_that_does_not_say_how_is_one_with_cookies(user, api, attack):
    api.fetch_csrf()
    for body in (LOGIN, {**LOGIN, "transport": "nonsense"}, [LOGIN], {"transport": None}):
        assert codes(api.post("/auth/login", body, **attack(api))) == ["csrf_failed"]


def test_a_browser_that_reads_needs_no_csrf_token(browser):
    for path in (PROFILE, "/auth/sessions"):
        response = browser.get(path, Origin="https://evil.example", **{"X-CSRFToken": None})
        assert response.status_code == 200


def test_the_csrf_token_of_the_body_is_the_one_that_counts(user, api):
    token = api.get("/auth/csrf").json()["csrf_token"]
    response = api.post("/auth/login", LOGIN, **{"X-CSRFToken": token})
    assert response.status_code == 200


def test_bearer_requests_are_held_to_no_csrf_check(user):
    app = Api(Origin="https://app.example").login(transport="bearer")
    assert app.patch(PROFILE, {"name": "Countess"}).status_code == 200
    assert app.refresh().status_code == 200
    assert app.post("/auth/change-password", CHANGE).status_code == 200
    assert User.objects.get().name == "Countess"


def test_a_hybrid_client_needs_the_check_for_its_cookie_only(user):
    api = Api().login(transport="hybrid")
    headers = {"X-CSRFToken": None, "Origin": "https://app.example"}
    assert api.patch(PROFILE, {"name": "Countess"}, **headers).status_code == 200
    assert codes(api.post("/auth/refresh", Authorization=None, **headers)) == ["csrf_failed"]


@pytest.mark.parametrize("transport", ["cookie", "hybrid"])
def test_a_cookie_sessions_refresh_token_in_a_body_needs_the_check_all_the_same(user, transport):
    api = Api().login(transport=transport)
    thief = Api(Origin="https://evil.example")
    before = everything()
    response = thief.post("/auth/refresh", {"refresh": refresh_token_of(api)})
    assert codes(response) == ["csrf_failed"]
    assert everything() == before
    assert not response.cookies


def test_an_access_cookie_beside_a_header_makes_no_csrf_check(browser):
    app = Api().login(transport="bearer")
    browser.client.cookies[CSRF_COOKIE] = "x"
    response = browser.patch(
        PROFILE, {"name": "Countess"}, Authorization=f"Bearer {access_token_of(app)}"
    )
    assert response.status_code == 200
