"""Obtain, refresh, verify and blacklist as SimpleJWT's clients ask for them."""

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.admission import hashes_passwords
from accounts.compat.problems import handle
from accounts.compat.serializers import (
    TokenObtainBody,
    TokenPairAnswer,
    TokenRefreshBody,
    TokenVerifyBody,
)
from accounts.delivery import pair_answer, token_pair
from accounts.flows.log_in import log_in_with_password
from portcullis.api import Endpoint
from portcullis.client import Client
from portcullis.errors import AuthError
from portcullis.parsing import StrictJSONParser
from portcullis.problems import problem
from tokens import strict
from tokens.errors import TokenInvalid
from tokens.flows import decode_refresh, introspect, revoke, rotate
from tokens.issuing import facts
from tokens.models import RevokeReason, Transport


@method_decorator(sensitive_post_parameters(), name="dispatch")
class CompatEndpoint(Endpoint):
    """Judged by the body alone: no cookie and no Authorization header is read, no cookie is set,
    so that there is nothing for a foreign page to act on and no CSRF check."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    parser_classes = (StrictJSONParser, FormParser, MultiPartParser)  # type: ignore[assignment]

    @staticmethod
    def problem(error: AuthError) -> HttpResponse:
        return problem(error, detail=error.message, code=error.code)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        APIView.initial(self, request, *args, **kwargs)  # ours would refuse forms

    def get_exception_handler(self) -> Any:
        return handle


@hashes_passwords
class TokenObtainPairView(CompatEndpoint):
    hashes_first = True

    @extend_schema(request=TokenObtainBody, responses=TokenPairAnswer)
    def post(self, request: Request) -> Response:
        """Log in by password. 401 `mfa_required` where a further proof is demanded, which these
        endpoints have no way to bring."""
        body = TokenObtainBody.read(request)
        outcome = log_in_with_password(
            email=body["email"],
            password=body["password"],
            client=Client.of(request._request),
            transport=Transport.BEARER,
            remember_me=False,
        )
        return pair_answer(request, outcome)


class TokenRefreshView(CompatEndpoint):
    @extend_schema(request=TokenRefreshBody, responses=TokenPairAnswer)
    def post(self, request: Request) -> Response:
        """Rotate. The refresh token in the answer takes the place of the one that was sent."""
        presented = decode_refresh(TokenRefreshBody.read(request)["refresh"])
        session = strict.read(presented)
        if session.transport != Transport.BEARER:
            raise TokenInvalid("this session's tokens never travel in a body")
        client, known = Client.of(request._request), facts(session)
        return token_pair(rotate(session, presented=presented, client=client), known)


class TokenVerifyView(CompatEndpoint):
    @extend_schema(request=TokenVerifyBody, responses={200: dict[str, Any]})
    def post(self, request: Request) -> Response:
        """Whether a token, of either kind, would be accepted now: its session is asked."""
        introspect(TokenVerifyBody.read(request)["token"])
        return Response({})


class TokenBlacklistView(CompatEndpoint):
    @extend_schema(request=TokenRefreshBody, responses={200: dict[str, Any]})
    def post(self, request: Request) -> Response:
        """Log out: end the session of a refresh token, and every token of it."""
        presented = decode_refresh(TokenRefreshBody.read(request)["refresh"])
        session = strict.read(presented)
        over = session.death(timezone.now(), generation=presented.gen)
        if over or not revoke(session.pk, user_id=session.user_id, reason=RevokeReason.LOGOUT):
            raise TokenInvalid(over or "ended meanwhile")
        return Response({})
