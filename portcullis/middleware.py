"""What every request passes: an id, trusted headers only, one log line, a bounded body."""

import logging
import time
import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse

from portcullis.client import is_trusted_proxy
from portcullis.conf import conf
from portcullis.errors import AuthError, BodyTooLarge, Unavailable
from portcullis.pages import refusal_page
from portcullis.problems import problem, without_alarm

logger = logging.getLogger("portcullis.request")

FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST")
DRAIN_AT_MOST = 1024 * 1024

GetResponse = Callable[[HttpRequest], HttpResponse]


class RequestMiddleware:
    """Stands before every other middleware of the project."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        request.request_id = identify(request.META)  # type: ignore[attr-defined]
        _make_sane(request)
        response = self.get_response(request)
        response.headers["X-Request-ID"] = request.request_id  # type: ignore[attr-defined]
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        logger.info(
            "method=%s path=%s status=%d ms=%.1f request_id=%s",
            request.method,
            request.path.encode("unicode_escape").decode(),  # no forged log lines (ASVS 16.4.1)
            response.status_code,
            (time.perf_counter() - started) * 1000,
            request.request_id,  # type: ignore[attr-defined]
        )
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Refusals of pages, and the database gone: a page that says so, never a traceback."""
        match exception:
            case AuthError():
                page = refusal_page(request, exception)
                without_alarm(page)
                return page
            case OperationalError() | InterfaceError():
                logger.error("the database does not answer", exc_info=exception)
                return refusal_page(request, Unavailable())
        return None


class BodyLimitMiddleware:
    """Refuses a large body before anything reads it. Stands below the middleware that sets
    security headers, so that the refusal has them."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if (size := _declared_size(request)) > conf().MAX_BODY_BYTES:
            request.read(min(size, DRAIN_AT_MOST))  # else a reset may overtake the answer
            return problem(BodyTooLarge())
        return self.get_response(request)


def _make_sane(request: HttpRequest) -> None:
    """No client chooses how its text is decoded (UTF-7 makes lone surrogates, at which a digest
    fails), and no session key holds what PostgreSQL's text cannot."""
    request.__dict__.pop("GET", None)
    request._encoding = "utf-8"  # type: ignore[attr-defined]  # the setter would parse the query
    if not request.COOKIES.get(settings.SESSION_COOKIE_NAME, "").isprintable():
        del request.COOKIES[settings.SESSION_COOKIE_NAME]


def identify(meta: dict[str, Any]) -> str:
    """A fresh id, or a trusted proxy's; forwarding headers from anybody else are dropped."""
    if is_trusted_proxy(meta.get("REMOTE_ADDR", "")):
        inbound = str(meta.get("HTTP_X_REQUEST_ID", ""))
        if inbound.isascii() and inbound.isalnum() and len(inbound) <= 64:
            return inbound
    else:
        for header in FORWARDED:
            meta.pop(header, None)
    return uuid.uuid4().hex


def _declared_size(request: HttpRequest) -> int:
    """Content-Length, which servers enforce; without one Django reads no body at all."""
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0
