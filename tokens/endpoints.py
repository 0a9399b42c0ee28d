"""The two kinds of endpoint: for whoever holds a live session, and for everybody."""

from collections.abc import Callable
from typing import Any, cast

from django.db import Error
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from portcullis.api import Endpoint
from tokens import cookies
from tokens.authentication import TokenAuthentication, authenticate_token, authorization
from tokens.cookies import Cookie
from tokens.errors import TokenExpired, TokenInvalid
from tokens.models import Restriction, Session


def session_of(request: Request) -> Session:
    """The session that a SignedInEndpoint's request was authenticated with."""
    return cast("Session", request.auth)


class SignedInEndpoint(Endpoint):
    """For whoever holds a live session. `allow_restricted` lists the restrictions it serves."""

    authentication_classes = (TokenAuthentication,)
    permission_classes: tuple[Any, ...] = (IsAuthenticated,)
    allow_restricted: frozenset[Restriction] = frozenset()


class PublicEndpoint(Endpoint):
    """For everybody. A dead or foreign cookie changes nothing, and the answer clears it."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    reads: tuple[tuple[Cookie, Callable[[str], object]], ...] = (
        (cookies.ACCESS, authenticate_token),
    )
    """The cookies that reach this endpoint, each with what raises TokenInvalid if it is dead."""

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Response:
        final = super().finalize_response(request, response, *args, **kwargs)
        if authorization(request) is None:
            for cookie, judge in self.reads:
                value = cookie.read(request._request)
                if value and cookie.name not in final.cookies and _is_dead(value, judge):
                    cookie.clear(final)
        return final


def _is_dead(value: str, judge: Callable[[str], object]) -> bool:
    """Whether no clock will mend it; a merely expired one stays."""
    try:
        judge(value)
    except TokenInvalid:
        return True
    except (TokenExpired, Error):
        return False
    return False
