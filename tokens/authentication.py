"""From a request to the session behind its access token: instant revocation in one statement.

Imports no view, so that a project may name the class in REST_FRAMEWORK.
"""

from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from portcullis.csrf import enforce_csrf
from portcullis.errors import CHALLENGE, AuthError, CsrfFailed, Refusal
from tokens import cookies, jwt, strict
from tokens.errors import MfaEnrollmentRequired, SessionRestricted, TokenInvalid
from tokens.models import Restriction, Session

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def authenticate_token(raw: str) -> Session:
    """The live session, its user loaded, that an access token speaks for.

    Raises TokenExpired or TokenInvalid. Logout, deactivation and a changed password count from
    the next call on: the row is read each time, and nothing has to be told.
    """
    claims = jwt.decode(raw, kind=jwt.Kind.ACCESS)
    session = strict.read(claims)
    if death := session.death(timezone.now(), generation=claims.gen):
        raise TokenInvalid(death)
    return session


def authenticate_request(
    request: HttpRequest, *, allow_restricted: Collection[str] = ()
) -> Session | None:
    """The live session behind a request's access token; None if it carries none.

    A request with an Authorization header is judged by that header alone. One judged by its
    cookie is held to the CSRF check on unsafe methods. Raises an AuthError.
    """
    request.asked_for_token = True  # type: ignore[attr-defined]  # for caches: see the middleware
    if (header := authorization(request)) is not None:
        session = authenticate_token(bearer_token(header))
    elif cookie := cookies.ACCESS.read(request):
        session = authenticate_token(cookie)
        if request.method not in SAFE_METHODS:
            enforce_csrf(request)
    else:
        return None
    if session.restriction and session.restriction not in allow_restricted:
        raise restricted(session.restriction)
    return session


def authenticate_if_possible(request: HttpRequest) -> Session | None:
    """The same for what serves everybody: a cookie that is dead, expired or restricted to one step
    is nobody's. An Authorization header is judged all the same: who sends it wants to be somebody.
    """
    try:
        session = authenticate_request(request)
    except AuthError as error:
        if authorization(request) is not None or isinstance(error, CsrfFailed):
            raise
        session = None
    if session is None and _could_act_on_cookies(request):
        enforce_csrf(request)
    return session


def _could_act_on_cookies(request: HttpRequest) -> bool:
    """A view that serves everybody may look at Django's session, which a foreign page brings."""
    unsafe = request.method not in SAFE_METHODS and authorization(request) is None
    return unsafe and settings.SESSION_COOKIE_NAME in request.COOKIES


class TokenAuthentication(BaseAuthentication):
    """Access token in the Authorization header, or else in the access cookie.

    `request.auth` is the Session. The view's `allow_restricted` lists the restrictions it serves.
    """

    def authenticate(self, request: Request) -> tuple[Any, Session] | None:
        """Raises Refusal, which the exception handler of a host project understands too."""
        try:
            session = self.find_session(request)
        except AuthError as error:
            raise Refusal(error) from error
        return (session.user, session) if session else None

    def find_session(self, request: Request) -> Session | None:
        view = (request.parser_context or {}).get("view")
        served = getattr(view, "allow_restricted", ())
        return authenticate_request(request._request, allow_restricted=served)

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


class OptionalTokenAuthentication(TokenAuthentication):
    """For views that serve everybody, and more to whoever is signed in: let them have a permission
    class that admits anonymous users."""

    def find_session(self, request: Request) -> Session | None:
        return authenticate_if_possible(request._request)


def authorization(request: HttpRequest | Request) -> str | None:
    """The Authorization header as sent, or None where there is none."""
    value: str | None = request.META.get("HTTP_AUTHORIZATION")
    return value


def bearer_token(header: str) -> str:
    """RFC 6750, 2.1. Raises TokenInvalid for another scheme or a malformed header."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer":
        raise TokenInvalid("not the Bearer scheme")
    return token.lstrip(" ")


def restricted(restriction: str) -> AuthError:
    """Why a session that is restricted to one step is refused elsewhere."""
    if restriction == Restriction.ENROL_MFA:
        return MfaEnrollmentRequired(restriction)
    return SessionRestricted(restriction)
