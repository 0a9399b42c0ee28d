"""The doors that tests come through, as a client would use them."""

import email
import email.policy
import html
import re
from html.parser import HTMLParser
from typing import Any

from django.conf import settings
from django.test import Client

PASSWORD = "Analytical-Engine-1843"
ORIGIN = "https://portcullis.test"


class Api:
    """A JSON client. With cookies it behaves like a browser: it keeps them, and it sends the CSRF
    token and the Origin; with tokens from a body it sends those. CSRF checks are on."""

    def __init__(self, **headers: str) -> None:
        self.client = Client(
            enforce_csrf_checks=True, HTTP_HOST="portcullis.test", raise_request_exception=False
        )
        self.headers = {"Origin": ORIGIN, **headers}
        self.access: str | None = None
        self.refresh_token: str | None = None
        self.answer: dict[str, Any] = {}

    # Requests

    def request(self, method: str, path: str, body: Any = None, **headers: str):
        """`path` is below /api unless it starts at the root of the host with `//`."""
        sent = {**self.headers, **headers}
        if self.access and "Authorization" not in sent:
            sent["Authorization"] = f"Bearer {self.access}"
        if csrf := self.client.cookies.get(settings.CSRF_COOKIE_NAME):
            sent.setdefault("X-CSRFToken", csrf.value)
        sent = {name: value for name, value in sent.items() if value is not None}
        target = path[1:] if path.startswith("//") else f"/api{path}"
        return self.client.generic(
            method,
            target,
            "" if body is None else self.client._encode_json(body, "application/json"),
            content_type="application/json",
            secure=True,
            headers=sent,
        )

    def get(self, path: str, **headers: str):
        return self.request("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str):
        return self.request("POST", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str):
        return self.request("PATCH", path, body, **headers)

    def delete(self, path: str, body: Any = None, **headers: str):
        return self.request("DELETE", path, body, **headers)

    # What a client does

    def fetch_csrf(self) -> "Api":
        assert self.get("/auth/csrf").status_code == 200
        return self

    def register(self, email: str = "ada@example.com", password: str = PASSWORD, name: str = "Ada"):
        return self.post("/auth/register", {"email": email, "password": password, "name": name})

    def try_login(self, email: str = "ada@example.com", password: str = PASSWORD, **fields: Any):
        if fields.get("transport", "cookie") != "bearer":
            self.fetch_csrf()
        return self.post("/auth/login", {"email": email, "password": password, **fields})

    def login(
        self, email: str = "ada@example.com", password: str = PASSWORD, **fields: Any
    ) -> "Api":
        response = self.try_login(email, password, **fields)
        assert response.status_code == 200, response.content
        self.take(response)
        return self

    def take(self, response) -> None:
        """Keep the tokens of a login or refresh answer as its transport has them kept."""
        self.answer = response.json()
        self.access = self.answer.get("access", self.access)
        self.refresh_token = self.answer.get("refresh", self.refresh_token)

    def refresh(self):
        """By the refresh cookie, or by the token from the body."""
        if self.refresh_token:
            return self.post("/auth/refresh", {"refresh": self.refresh_token}, Authorization=None)
        return self.post("/auth/refresh", Authorization=None)

    def logout(self):
        return self.post("/auth/logout")

    def cookie(self, name: str) -> str | None:
        """The value of a cookie that is still set, by its name without prefix."""
        for full, morsel in self.client.cookies.items():
            if full.split("-")[-1] == name and morsel.value:
                return morsel.value
        return None

    @property
    def sid(self) -> str:
        return self.answer["session"]["id"]


class Form(HTMLParser):
    """What a browser would send of the hidden inputs in a page's <main>."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.hidden: dict[str, str] = {}
        self.feed(page.partition("<main")[2])

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        facts = dict(attrs)
        if tag == "input" and facts.get("type") == "hidden":
            self.hidden[facts["name"]] = facts.get("value", "")


class Pages:
    """Somebody with a browser, without JavaScript: visits pages, fills in forms, keeps cookies."""

    def __init__(self, client: Client | None = None) -> None:
        self.client = client or Client(
            enforce_csrf_checks=True, HTTP_HOST="portcullis.test", raise_request_exception=False
        )

    def visit(self, path: str, **extra: Any):
        return self.client.get(path, secure=True, **extra)

    def send(self, path: str, fields: dict[str, Any] | None = None, *, to: str = "", **extra: Any):
        """Load the page at `path`, fill in its form and send it, to the page itself or to `to`."""
        page = self.visit(path)
        assert page.status_code == 200, (page.status_code, page.headers)
        body = {**Form(page.content.decode()).hidden, **(fields or {})}
        headers = {"Origin": ORIGIN, **extra.pop("headers", {})}
        return self.client.post(to or path, body, secure=True, headers=headers, **extra)

    def log_in(self, email: str = "ada@example.com", password: str = PASSWORD, **fields: Any):
        return self.send("/accounts/login/", {"email": email, "password": password, **fields})

    def log_out(self):
        return self.send("/accounts/profile/", to="/accounts/logout/")

    @property
    def signed_in(self) -> bool:
        return self.visit("/accounts/profile/").status_code == 200


def shown(response) -> str:
    """The text of a page, as somebody reads it."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))


def codes(response) -> list[str]:
    return [error["code"] for error in response.json()["errors"]]


def fields(response) -> set[str]:
    return {error["attr"] for error in response.json()["errors"]}


class Sink:
    """What the SMTP server does with mail: keep it."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    async def handle_DATA(  # noqa: N802  (aiosmtpd calls it so)
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        self.messages.append(
            email.message_from_bytes(envelope.content, policy=email.policy.default)
        )
        return "250 OK"


class Mailbox:
    """All mail that arrived. Asking for it runs the worker first."""

    def __init__(self, sink: Sink, work) -> None:
        self._sink = sink
        self._work = work

    def read(self) -> list[Any]:
        self._work()
        return list(self._sink.messages)

    def latest(self):
        messages = self.read()
        assert messages, "no mail arrived"
        return messages[-1]

    def subjects(self) -> list[str]:
        return [message["Subject"] for message in self.read()]

    def token(self) -> str:
        """The one-time secret in the newest mail's link."""
        text = self.latest().get_body(("plain",)).get_content()
        found = re.search(r"\?token=([\w-]+)", text)
        assert found, text
        return found[1]
