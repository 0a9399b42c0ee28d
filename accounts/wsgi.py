"""What AdmissionMiddleware answers, repeated without Django: half of what a refusal costs."""

import logging
from collections.abc import Callable
from typing import Any, NamedTuple

from django.core.handlers.wsgi import WSGIHandler
from django.http.response import HttpResponseBase

from accounts.admission import is_full
from portcullis.middleware import identify

logger = logging.getLogger("portcullis.problems")

Environ = dict[str, Any]
Key = tuple[str, ...]

MOST = 32
"""Answers kept, whatever a client makes up (X-Forwarded-Proto, the variable part of a path)."""


class Answer(NamedTuple):
    status: str
    headers: list[tuple[str, str]]
    content: bytes


class AdmissionHandler(WSGIHandler):
    """Django's, which keeps the first early refusal of each address and repeats it while hashing is
    full. Browsers of other origins are left to Django, for CORS answers each for itself."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: dict[Key, Answer] = {}

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Any:
        if environ["REQUEST_METHOD"] != "POST" or "HTTP_ORIGIN" in environ or not is_full():
            return super().__call__(environ, start_response)
        request_id = identify(environ)
        if answer := self._kept.get(_key(environ)):
            path = environ["PATH_INFO"]  # one that Django knows: no forged log lines
            logger.warning("refused code=unavailable path=%s request_id=%s", path, request_id)
            start_response(answer.status, [*answer.headers, ("X-Request-ID", request_id)])
            return [answer.content]
        response = super().__call__(environ, start_response)
        if getattr(response, "refused_early", False) and len(self._kept) < MOST:
            self._kept[_key(environ)] = _answer(response)
        return response


def _key(environ: Environ) -> Key:
    """All that such an answer depends on."""
    names = ("PATH_INFO", "wsgi.url_scheme", "HTTP_X_FORWARDED_PROTO")
    return tuple(str(environ.get(name, "")) for name in names)


def _answer(response: HttpResponseBase) -> Answer:
    headers = [(name, it) for name, it in response.items() if name != "X-Request-ID"]
    status = f"{response.status_code} {response.reason_phrase}"
    return Answer(status, headers, b"".join(response))
