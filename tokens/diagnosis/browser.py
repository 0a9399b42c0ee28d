"""The steps of a browser: may a page send the token and read the answer, does its cookie travel.

The installed middleware is asked, with the request that a browser would send.
"""

import ipaddress
from collections.abc import Iterator
from itertools import takewhile
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
A_CSRF_TOKEN = "0" * 32


def steps(token: Token, *, origin: str | None, cookie: bool) -> Iterator[Step]:
    yield _cors(origin, token, cookie=cookie) if origin else skipped("cors", "not asked")
    if origin or cookie:
        yield _csrf(origin or portcullis_conf().BASE_URL, cookie=cookie)
    yield _cookie(token) if cookie else skipped("cookie", "not asked")
    if origin and cookie and is_origin(origin):
        yield _site(origin)


class _FromPage(HttpRequest):
    """What a script on a page of that origin sends, with a CSRF token, or asks beforehand."""

    def __init__(self, origin: str, *, method: str = "POST") -> None:
        super().__init__()
        self.method = method
        self.path = self.path_info = conf().REFRESH_PATH
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


def _cors(origin: str, token: Token, *, cookie: bool) -> Step:
    if not is_origin(origin):
        form = "Like https://app.example.com: in lower case, without path, slash or default port."
        return failed("cors", f"{shown(origin)} is no origin", form)
    if origin == portcullis_conf().BASE_URL:
        return passed("cors", "the server's own origin needs none")
    answer = _preflight(origin)
    if answer is None:
        advice = "Install django-cors-headers, unless a proxy answers in its place."
        return failed("cors", "no CORS middleware is installed", advice)
    allowed = answer.get("Access-Control-Allow-Origin", "")
    if allowed not in {origin, "*"}:
        advice = "Add it to CORS_ALLOWED_ORIGINS, letter by letter."
        return failed("cors", f"{origin} is not allowed", advice)
    return judged(
        "cors",
        list(_unfit(answer, token, cookie=cookie)),
        fine=f"{origin} may send it and read the answer",
    )


def _preflight(origin: str) -> HttpResponseBase | None:
    installed = [name for name in settings.MIDDLEWARE if name.endswith(".CorsMiddleware")]
    if not installed:
        return None
    answer: HttpResponseBase = import_string(installed[0])(lambda request: HttpResponse())(
        _FromPage(origin, method="OPTIONS")
    )
    return answer


def _unfit(answer: HttpResponseBase, token: Token, *, cookie: bool) -> Iterator[str]:
    """What an allowed origin is not allowed."""
    needed = "content-type" if token.kind is Kind.REFRESH else "authorization"
    if cookie:
        needed = _csrf_header().lower()
        if answer.get("Access-Control-Allow-Credentials") != "true":
            yield "cookies are not allowed (CORS_ALLOW_CREDENTIALS)"
    if needed not in answer.get("Access-Control-Allow-Headers", "").lower().split(", "):
        yield f"the header {needed} is not allowed (CORS_ALLOW_HEADERS)"


def _csrf(origin: str, *, cookie: bool) -> Step:
    """Asked of requests that are authenticated by a cookie."""
    try:
        enforce_csrf(_FromPage(origin))
    except CsrfFailed as error:
        flaw = str(error).rstrip(".")
        if not cookie:
            return skipped("csrf", f"of concern to cookies only, then refused: {flaw}")
        return failed("csrf", flaw, "Add the origin to CSRF_TRUSTED_ORIGINS.")
    return passed("csrf", f"{origin} is trusted; unsafe methods need the header {_csrf_header()}")


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
            f"{origin} is another site than {server.scheme}://{server.netloc}",
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
    try:
        parts = urlsplit(text)
        usual = parts.port == DEFAULT_PORTS[parts.scheme]
    except (KeyError, ValueError):
        return False
    bare = bool(parts.hostname) and "@" not in parts.netloc and not usual
    return bare and text == f"{parts.scheme}://{parts.netloc}".lower()
