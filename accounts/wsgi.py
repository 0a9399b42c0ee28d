"""What AdmissionMiddleware answers, as bytes that a server can repeat without asking Django."""

import re
import uuid
from collections.abc import Callable, Iterable
from functools import lru_cache
from io import BytesIO
from logging import getLogger
from threading import BoundedSemaphore, current_thread
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from accounts.admission import too_many
from accounts.middleware import REFUSED, view_of
from portcullis.conf import conf
from portcullis.problems import problem

logger = getLogger("portcullis.problems")

Application = Callable[..., Any]
Headers = Iterable[tuple[str, str]]
ORIGIN = re.compile(rb"\r\norigin:[ \t]*([^\r\n]*)", re.IGNORECASE)


class Bounded:
    """Lets no more than `most` threads at once wait to hash, but those that are named `apart`: what
    a server did not recognise in time would take all threads of everybody else."""

    def __init__(self, application: Application, most: int, *, apart: str) -> None:
        self._application, self._apart = application, apart
        self._places = BoundedSemaphore(most)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if current_thread().name.startswith(self._apart) or not _asks_to_hash(environ):
            return self._application(environ, start_response)
        if not self._places.acquire(blocking=False):
            return self._application({**environ, REFUSED: True}, start_response)
        try:
            return self._application(environ, start_response)
        finally:
            self._places.release()


def _asks_to_hash(environ: dict[str, Any]) -> bool:
    path = str(environ["PATH_INFO"]).encode("latin1").decode(errors="replace")
    return environ["REQUEST_METHOD"] == "POST" and hashes(path)


@lru_cache(maxsize=128)
def hashes(path: str) -> bool:
    """Whether a POST there wants a password hashed."""
    try:
        return bool(getattr(view_of(path), "hashes_passwords", False))
    except Exception:  # noqa: BLE001 - of a host's own URLs: Django will say it to whoever asks
        return False


def refusal(application: Application, path: str, head: bytes) -> bytes:
    """The answer to a request that begins with `head`, for a `path` that hashes passwords."""
    found = ORIGIN.search(head, 0, head.find(b"\r\n\r\n"))
    origin = found[1].decode("latin1").strip() if found else ""
    listed = origin if origin in getattr(settings, "CORS_ALLOWED_ORIGINS", ()) else ""
    request_id = uuid.uuid4().hex
    told = path.encode("unicode_escape").decode()  # no forged log lines (ASVS 16.4.1)
    logger.warning("refused code=unavailable path=%s request_id=%s", told, request_id)
    start, content = _answer(application, path, listed)
    return start + f"X-Request-ID: {request_id}\r\n\r\n".encode() + content


@lru_cache(maxsize=128)
def _answer(application: Application, path: str, origin: str) -> tuple[bytes, bytes]:
    """Asked once. Nothing of it depends on who asks, but for a listed origin."""
    status, headers, content = _ask(application, _environ(path, origin))
    if not status.startswith("503 "):  # there is no AdmissionMiddleware, or something before it
        least = problem(too_many())
        status, headers, content = "503 Service Unavailable", least.items(), least.content
    own = {"x-request-id", "content-length", "connection", "set-cookie"}
    lines = [f"{name}: {it}\r\n" for name, it in headers if name.lower() not in own]
    start = f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {len(content)}\r\n"
    return "".join([start, *lines]).encode("latin1"), content


def _ask(application: Application, environ: dict[str, Any]) -> tuple[str, Headers, bytes]:
    said: list[Any] = []
    body = application(environ, lambda *head: said.extend(head[:2]))
    try:
        return said[0], said[1], b"".join(body)
    finally:
        getattr(body, "close", bool)()


def _environ(path: str, origin: str) -> dict[str, Any]:
    here = urlsplit(conf().BASE_URL)
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path.encode().decode("latin1"),
        "SCRIPT_NAME": "",
        "SERVER_NAME": here.hostname or "",
        "SERVER_PORT": str(here.port or {"https": 443}.get(here.scheme, 80)),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": "0",
        "wsgi.url_scheme": here.scheme,
        "wsgi.input": BytesIO(),
        REFUSED: True,
        **({"HTTP_ORIGIN": origin} if origin else {}),
    }
