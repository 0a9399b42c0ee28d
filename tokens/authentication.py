"""From a request to the session behind its access token: instant revocation in one statement.

Imports no view, so that a project may name the class in REST_FRAMEWORK.
"""

from typing import Any

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from portcullis.csrf import enforce_csrf
from portcullis.errors import CHALLENGE, AuthError, Refusal
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


class TokenAuthentication(BaseAuthentication):
    """Access token in the Authorization header, or else in the access cookie.

    A request with an Authorization header is judged by that header alone. One judged by its
    cookie is held to the CSRF check on unsafe methods. `request.auth` is the Session.
    """

    def authenticate(self, request: Request) -> tuple[Any, Session] | None:
        """Raises Refusal, which the exception handler of a host project understands too."""
        try:
            return self._authenticate(request)
        except AuthError as error:
            raise Refusal(error) from error

    def _authenticate(self, request: Request) -> tuple[Any, Session] | None:
        if (header := authorization(request)) is not None:
            session = authenticate_token(bearer_token(header))
        elif cookie := cookies.ACCESS.read(request._request):
            session = authenticate_token(cookie)
            if request.method not in SAFE_METHODS:
                enforce_csrf(request)
        else:
            return None
        _refuse_restricted(session, request)
        return session.user, session

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


def authorization(request: Request) -> str | None:
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


def _refuse_restricted(session: Session, request: Request) -> None:
    if not session.restriction:
        return
    view = (request.parser_context or {}).get("view")
    if session.restriction in getattr(view, "allow_restricted", ()):
        return
    raise restricted(session.restriction)
