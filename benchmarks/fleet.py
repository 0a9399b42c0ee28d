"""Clients, each with a session, and what they can all be told to do."""

import dataclasses
import io
import json
from typing import Any

PASSWORD = "Analytical-Engine-1843"
REPEAT_BARE = 5  # the bare view is so cheap that a batch of the fleet's size would be noise

Environ = dict[str, Any]


@dataclasses.dataclass(slots=True)
class Client:
    """One user on one device, who keeps both tokens as a bearer client does, and one browser, whose
    `cookie` names Django's session."""

    user_field: str
    username: str
    cookie: str
    access: str = ""
    refresh: str = ""

    def bare(self) -> Environ:
        return _request("GET", "/bare")

    def authenticated(self) -> Environ:
        return _request("GET", "/authenticated", HTTP_AUTHORIZATION=f"Bearer {self.access}")

    def permitted(self) -> Environ:
        return _request("GET", "/permitted", HTTP_AUTHORIZATION=f"Bearer {self.access}")

    def page(self) -> Environ:
        return _request("GET", "/page", HTTP_COOKIE=self.cookie)

    def log_in(self) -> Environ:
        credentials = {self.user_field: self.username, "password": PASSWORD}
        return _post("/api/auth/login", {**credentials, "transport": "bearer"})

    def rotate(self) -> Environ:
        return _post("/api/auth/refresh", {"refresh": self.refresh})

    def log_out(self) -> Environ:
        return _post("/api/auth/logout", {"refresh": self.refresh})

    def take(self, body: bytes) -> None:
        """Keep the tokens of an answer, which must be new ones."""
        answer = json.loads(body)
        assert {answer["access"], answer["refresh"]}.isdisjoint({self.access, self.refresh})
        self.access, self.refresh = answer["access"], answer["refresh"]


@dataclasses.dataclass(frozen=True, slots=True)
class Operation:
    """A row of the table. `request` names a method of Client."""

    title: str
    request: str
    repeat: int = 1
    gives_tokens: bool = False
    rotates: bool = False


# In the order of a client's life: each batch uses the tokens that the one before it left.
OPERATIONS = {
    "bare": Operation("bare view, nobody asked", "bare", repeat=REPEAT_BARE),
    "page": Operation("page that needs a login", "page"),
    "login": Operation("login (MD5 as the hash)", "log_in", gives_tokens=True),
    "first": Operation("authenticated request, token's first", "authenticated"),
    "authenticated": Operation("authenticated request", "authenticated"),
    "refresh": Operation("refresh", "rotate", gives_tokens=True, rotates=True),
    "logout": Operation("logout", "log_out"),
}


def _post(path: str, body: dict[str, str]) -> Environ:
    return _request("POST", path, json.dumps(body).encode(), CONTENT_TYPE="application/json")


def _request(method: str, path: str, body: bytes = b"", **headers: str) -> Environ:
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "portcullis.test",
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_HOST": "portcullis.test",
        "HTTP_ACCEPT": "application/json",
        "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(body),
        **headers,
    }
