"""Tokens as they are carried: into a request, out of an answer."""

from typing import Any

from tests.doors import Api

ACCESS_COOKIE = "__Host-access"
REFRESH_COOKIE = "__Secure-refresh"
PROFILE = "/users/profile"


def refresh_token_of(api: Api) -> str:
    token = api.refresh_token or api.cookie("refresh")
    assert token, "this client holds no refresh token"
    return token


def access_token_of(api: Api) -> str:
    token = api.access or api.cookie("access")
    assert token, "this client holds no access token"
    return token


def refresh_with(api: Api, token: str) -> Any:
    """Refresh with that very token, carried as the session's transport carries it."""
    if api.refresh_token:
        return api.post("/auth/refresh", {"refresh": token}, Authorization=None)
    api.client.cookies[REFRESH_COOKIE] = token
    return api.post("/auth/refresh", Authorization=None)


def refreshed(api: Api) -> Api:
    """The same client after a refresh that worked."""
    response = api.refresh()
    assert response.status_code == 200, response.content
    api.take(response)
    return api


def by_header(access: str, **headers: str) -> Any:
    """Ask for the profile with that token in the Authorization header."""
    return Api().get(PROFILE, Authorization=f"Bearer {access}", **headers)


def by_cookie(access: str) -> Any:
    """Ask for the profile with that token in the access cookie."""
    api = Api()
    api.client.cookies[ACCESS_COOKIE] = access
    return api.get(PROFILE)


CARRIERS = {"header": by_header, "cookie": by_cookie}
