"""A front end that was written for SimpleJWT, and whatever may happen to it, in one story.

The story is played with SimpleJWT itself and with `accounts.compat`; it imports neither.
"""

from typing import Any

from django.contrib.auth import get_user_model
from django.test import Client

EMAIL = "ada@example.com"
PASSWORD = "Analytical-Engine-1843"
INACTIVE = "ida@example.com"
LOGIN, REFRESH, VERIFY, BLACKLIST = "", "refresh/", "verify/", "blacklist/"
FORM = "application/x-www-form-urlencoded"


class TokenClient:
    """Knows four paths and their bodies. `login_field` is what the user model calls a name."""

    def __init__(self, login_field: str = "username") -> None:
        self.client = Client(HTTP_HOST="portcullis.test", raise_request_exception=False)
        self.login_field = login_field

    def post(self, path: str, body: Any, content_type: str = "application/json", **extra: Any):
        return self.client.post(
            f"/api/token/{path}", body, content_type=content_type, secure=True, **extra
        )

    def obtain(self, name: Any = EMAIL, password: Any = PASSWORD, **extra: Any):
        return self.post(LOGIN, {self.login_field: name, "password": password}, **extra)

    def refresh(self, refresh: Any):
        return self.post(REFRESH, {"refresh": refresh})

    def verify(self, token: Any):
        return self.post(VERIFY, {"token": token})

    def blacklist(self, refresh: Any):
        return self.post(BLACKLIST, {"refresh": refresh})

    def hello(self, header: str | None):
        """A view of the project that wants somebody signed in."""
        headers = {"Authorization": header} if header else {}
        return self.client.get("/api/hello", secure=True, headers=headers)


def story(client: TokenClient) -> dict[str, dict[str, Any]]:
    """What each step answers: status, names of members, `code`, challenge."""
    told: dict[str, dict[str, Any]] = {}

    def tell(step: str, answer: Any) -> dict[str, Any]:
        body = answer.json()
        told[step] = {
            "status": answer.status_code,
            "members": sorted(name.replace("username", "email") for name in body),
            "code": body.get("code"),
            "lists": sorted({type(value).__name__ for value in body.values()}),
            "challenge": answer.headers.get("WWW-Authenticate"),
            "cookies": sorted(answer.cookies),
        }
        return body

    _log_in(client, tell)
    pair = client.obtain().json()
    _be_somebody(client, tell, pair)
    rotated = _refresh(client, tell, pair)
    _verify(client, tell, rotated)
    tell("verify what was rotated away", client.verify(pair["refresh"]))
    _log_out(client, tell, rotated)
    _be_deactivated(client, tell, client.obtain().json())
    return told


def _log_in(client: TokenClient, tell: Any) -> None:
    right = {client.login_field: EMAIL, "password": PASSWORD}
    form = f"{client.login_field}={EMAIL}&password={PASSWORD}"
    tell("obtain", client.post(LOGIN, right))
    tell("obtain with fields that are unknown", client.post(LOGIN, {**right, "remember": True}))
    tell("obtain by a form", client.post(LOGIN, form, FORM))
    tell("obtain by a multipart form", client.client.post("/api/token/", right, secure=True))
    tell("wrong password", client.obtain(password="Difference-Engine-1822"))
    tell("unknown name", client.obtain("nobody@example.com"))
    tell("inactive", client.obtain(INACTIVE))
    tell("no password", client.post(LOGIN, {client.login_field: EMAIL}))
    tell("no name", client.post(LOGIN, {"password": PASSWORD}))
    tell("nothing", client.post(LOGIN, {}))
    tell("blank", client.obtain("", ""))
    tell("null", client.obtain(None, None))
    tell("nested", client.obtain({"$ne": ""}, [PASSWORD]))
    tell("a list", client.post(LOGIN, [right]))
    tell("not JSON", client.post(LOGIN, "{"))
    tell("XML", client.post(LOGIN, "<token/>", "application/xml"))
    tell("GET", client.client.get("/api/token/", secure=True))
    tell("a blank around the password", client.obtain(password=f" {PASSWORD} "))
    tell("129 characters", client.obtain(password="x" * 129))
    tell("a number", client.obtain(password=5))


def _be_somebody(client: TokenClient, tell: Any, pair: dict[str, str]) -> None:
    tell("hello", client.hello(f"Bearer {pair['access']}"))
    tell("hello from nobody", client.hello(None))
    tell("hello with garbage", client.hello("Bearer garbage"))
    tell("hello with a refresh token", client.hello(f"Bearer {pair['refresh']}"))


def _refresh(client: TokenClient, tell: Any, pair: dict[str, str]) -> dict[str, str]:
    tell("refresh with nothing", client.post(REFRESH, {}))
    tell("refresh with a blank", client.refresh(""))
    tell("refresh with garbage", client.refresh("garbage"))
    tell("refresh with a lot of garbage", client.refresh("x" * 10_000))
    tell("refresh with an access token", client.refresh(pair["access"]))
    tell("refresh with a changed signature", client.refresh(pair["refresh"][:-6] + "AAAAAA"))
    rotated = tell("refresh", client.refresh(pair["refresh"]))
    assert rotated["refresh"] != pair["refresh"]
    return tell("refresh again", client.refresh(rotated["refresh"]))


def _verify(client: TokenClient, tell: Any, pair: dict[str, str]) -> None:
    tell("verify an access token", client.verify(pair["access"]))
    tell("verify a refresh token", client.verify(pair["refresh"]))
    tell("verify garbage", client.verify("garbage"))
    tell("verify nothing", client.post(VERIFY, {}))


def _log_out(client: TokenClient, tell: Any, pair: dict[str, str]) -> None:
    tell("blacklist nothing", client.post(BLACKLIST, {}))
    tell("blacklist garbage", client.blacklist("garbage"))
    tell("blacklist an access token", client.blacklist(pair["access"]))
    tell("blacklist", client.blacklist(pair["refresh"]))
    tell("blacklist again", client.blacklist(pair["refresh"]))
    tell("refresh after it", client.refresh(pair["refresh"]))
    tell("verify after it", client.verify(pair["refresh"]))


def _be_deactivated(client: TokenClient, tell: Any, pair: dict[str, str]) -> None:
    get_user_model().objects.update(is_active=False)
    tell("refresh of somebody who was deactivated", client.refresh(pair["refresh"]))
    tell("hello from somebody who was deactivated", client.hello(f"Bearer {pair['access']}"))
