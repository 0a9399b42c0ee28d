"""The two kinds of endpoint: for whoever holds a live session, and for everybody."""

from typing import Any, cast

from django.db import DatabaseError
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from portcullis.api import Endpoint
from tokens import cookies
from tokens.authentication import TokenAuthentication, authenticate_token, authorization
from tokens.errors import TokenExpired, TokenInvalid
from tokens.models import Restriction, Session


def session_of(request: Request) -> Session:
    """The session that a SignedInEndpoint's request was authenticated with."""
    return cast("Session", request.auth)


class SignedInEndpoint(Endpoint):
    """For whoever holds a live session. `allow_restricted` lists the restrictions it serves."""

    authentication_classes = (TokenAuthentication,)
    permission_classes = (IsAuthenticated,)
    allow_restricted: frozenset[Restriction] = frozenset()


class PublicEndpoint(Endpoint):
    """For everybody. A dead or foreign access cookie changes nothing, and the answer clears it."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Response:
        final = super().finalize_response(request, response, *args, **kwargs)
        if cookies.ACCESS.name not in final.cookies and _is_dead(request):
            cookies.ACCESS.clear(final)
        return final


def _is_dead(request: Request) -> bool:
    """Whether there is an access cookie that no clock will mend; a merely expired one stays."""
    cookie = cookies.ACCESS.read(request._request)
    if cookie is None or authorization(request) is not None:
        return False
    try:
        authenticate_token(cookie)
    except TokenInvalid:
        return True
    except (TokenExpired, DatabaseError):
        return False
    return False
