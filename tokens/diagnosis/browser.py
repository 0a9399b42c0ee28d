"""The steps of a browser: may a page send the token and read the answer, does its cookie travel.

The installed middleware is asked, with the request that a browser would send.
"""

import ipaddress
import re
from collections.abc import Iterator
from itertools import takewhile
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.request import HttpHeaders
from django.http.response import HttpResponseBase
from django.middleware.csrf import CSRF_SESSION_KEY
from django.utils.module_loading import import_string

from portcullis.conf import conf as portcullis_conf
from portcullis.csrf import enforce_csrf
from portcullis.errors import CsrfFailed
from tokens import cookies
from tokens.conf import conf
from tokens.diagnosis.steps import Step, failed, judged, passed, shown, skipped
from tokens.diagnosis.token import Token
from tokens.jwt import Kind

COOKIE_BYTES = 4096
"""Of name and value: more is dropped by every browser (RFC 6265bis, 5.6)."""
DEFAULT_PORTS = {"http": 80, "https": 443}
LABEL = "[a-z0-9_-]+"
ORIGIN = re.compile(rf"https?://(?:{LABEL}(?:\.{LABEL})*\.?|\[[0-9a-f:]+\])(?::[1-9][0-9]*)?")
CORS_CLASS = "CorsMiddleware"
A_CSRF_TOKEN = "0" * 32


def steps(token: Token, *, origin: str | None) -> Iterator[Step]:
    yield skipped("cors", "not asked") if origin is None else _cors(origin, token)
    page = origin if origin is not None and is_origin(origin) else None
    if page or token.in_cookie:
        yield skipped("csrf", "there is no origin") if page != origin else _csrf(page, token)
    yield _cookie(token) if token.in_cookie else skipped("cookie", "not asked")
    if page and token.in_cookie:
        yield _site(page)


class _FromPage(HttpRequest):
    """What a script on a page of that origin sends, with a CSRF token, or asks beforehand."""

    def __init__(self, origin: str, token: Token, *, method: str = "POST") -> None:
        super().__init__()
        self.method = method
        self.path = self.path_info = _destination(token)
        self.COOKIES[settings.CSRF_COOKIE_NAME] = A_CSRF_TOKEN
        self.session = {CSRF_SESSION_KEY: A_CSRF_TOKEN}  # type: ignore[assignment]
        self.META = {
            "HTTP_HOST": urlsplit(portcullis_conf().BASE_URL).netloc,
            "HTTP_ORIGIN": origin,
            "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "POST",
            settings.CSRF_HEADER_NAME: A_CSRF_TOKEN,
        }

    def _get_scheme(self) -> str:
        return urlsplit(portcullis_conf().BASE_URL).scheme


def _destination(token: Token) -> str:
    """Where it is sent: to the refresh endpoint, or to another path of the same API."""
    refresh = PurePosixPath(conf().REFRESH_PATH)
    return str(refresh if token.kind is Kind.REFRESH else refresh.parent.parent / "users/profile")


def _cors(origin: str, token: Token) -> Step:
    if not is_origin(origin):
        form = "Like https://app.example.com: in lower case, without path, slash or default port."
        return failed("cors", f"{shown(origin)} is no origin", form)
    if origin == portcullis_conf().BASE_URL:
        return passed("cors", "the server's own origin needs none")
    answer = _preflight(origin, token)
    if answer is None:
        advice = "Install django-cors-headers, unless a proxy answers in its place."
        return failed("cors", "no CORS middleware is installed", advice)
    allowed = answer.get("Access-Control-Allow-Origin", "")
    if allowed not in {origin, "*"}:
        advice = "Add it to CORS_ALLOWED_ORIGINS, letter by letter; CORS_URLS_REGEX has a say too."
        return failed("cors", f"{shown(origin)} is not allowed at {_destination(token)}", advice)
    fine = f"{shown(origin)} may send it and read the answer"
    return judged("cors", list(_unfit(answer, token)), fine=fine)


def _preflight(origin: str, token: Token) -> HttpResponseBase | None:
    cors = next(filter(_is_cors, map(import_string, settings.MIDDLEWARE)), None)
    if cors is None:
        return None
    answer: HttpResponseBase = cors(lambda request: HttpResponse())(
        _FromPage(origin, token, method="OPTIONS")
    )
    return answer


def _is_cors(middleware: Any) -> bool:
    """Whether it is that class or inherits from it, told by name: it need not be installed."""
    return any(base.__name__ == CORS_CLASS for base in getattr(middleware, "__mro__", ()))


def _unfit(answer: HttpResponseBase, token: Token) -> Iterator[str]:
    """What an allowed origin is not allowed."""
    needed = "content-type" if token.kind is Kind.REFRESH else "authorization"
    if token.in_cookie:
        needed = _csrf_header().lower()
        if answer.get("Access-Control-Allow-Credentials") != "true":
            yield "cookies are not allowed (CORS_ALLOW_CREDENTIALS)"
    if needed not in answer.get("Access-Control-Allow-Headers", "").lower().split(", "):
        yield f"the header {needed} is not allowed (CORS_ALLOW_HEADERS)"


def _csrf(page: str | None, token: Token) -> Step:
    """Asked of requests that are authenticated by a cookie; of the server's own pages, else."""
    origin = page or portcullis_conf().BASE_URL
    try:
        enforce_csrf(_FromPage(origin, token))
    except CsrfFailed as error:
        flaw = str(error).rstrip(".")
        if not token.in_cookie:
            return skipped("csrf", f"of concern to cookies only, then refused: {flaw}")
        return failed("csrf", flaw, "Add the origin to CSRF_TRUSTED_ORIGINS.")
    found = f"{shown(origin)} is trusted; unsafe methods need the header {_csrf_header()}"
    return passed("csrf", found)


def _csrf_header() -> str:
    return HttpHeaders.parse_header_name(settings.CSRF_HEADER_NAME) or settings.CSRF_HEADER_NAME


def _cookie(token: Token) -> Step:
    cookie = cookies.REFRESH if token.kind is Kind.REFRESH else cookies.ACCESS
    answer = HttpResponse()
    cookie.set(answer, "", max_age=None)
    attributes = answer.cookies[cookie.name].OutputString().partition("; ")[2]
    size = len(cookie.name) + len(token.raw)
    problems = [f"name and value make {size} bytes, of {COOKIE_BYTES} that browsers keep"]
    plain = "" if portcullis_conf().secure else "; not Secure, for BASE_URL is plain HTTP"
    return judged(
        "cookie",
        problems if size > COOKIE_BYTES else [],
        fine=f"read from {cookie.name} alone: {attributes}{plain}",
        advice="Give fewer claims, or carry it in the Authorization header.",
    )


def _site(origin: str) -> Step:
    """Whether SameSite=Strict lets the cookie go along with what the page sends."""
    page, server = urlsplit(origin), urlsplit(portcullis_conf().BASE_URL)
    if (page.scheme, page.hostname) == (server.scheme, server.hostname):
        return passed("site", "the server's own")
    shared = _shared_domain(str(page.hostname), str(server.hostname))
    if page.scheme != server.scheme or "." not in shared:
        return failed(
            "site",
            f"{shown(origin)} is another site than {server.scheme}://{server.netloc}",
            "SameSite=Strict keeps the cookie back. Serve the page from the same domain over the "
            "same scheme, or use the Authorization header.",
        )
    return skipped(
        "site", f"the same if {shared} is a domain that somebody registered, no public suffix"
    )


def _shared_domain(one: str, other: str) -> str:
    """The labels that two hosts end in; none for addresses."""
    if _is_address(one) or _is_address(other):
        return ""
    pairs = zip(reversed(one.split(".")), reversed(other.split(".")), strict=False)
    shared = [label for label, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)]
    return ".".join(reversed(shared))


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_origin(text: str) -> bool:
    """Whether a browser would send it so (RFC 6454, 6.2)."""
    if not ORIGIN.fullmatch(text):
        return False
    try:
        parts = urlsplit(text)
        return parts.port != DEFAULT_PORTS[parts.scheme]
    except ValueError:  # no such port, no such address
        return False
