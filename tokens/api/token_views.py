"""What becomes of a token that somebody presents: verify, introspect, revoke."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from portcullis.errors import AuthError
from portcullis.parsing import parse
from portcullis.permissions import HasPermission
from portcullis.problems import log_refusal
from tokens import jwt
from tokens.answers import IntrospectionAnswer
from tokens.api.serializers import PresentedBody, RevokeBody
from tokens.delivery import forget_browser
from tokens.endpoints import PublicEndpoint, SignedInEndpoint, session_of
from tokens.flows import introspect, revoke
from tokens.issuing import facts
from tokens.jwt import Kind
from tokens.models import Restriction, RevokeReason


class VerifyView(PublicEndpoint):
    @extend_schema(request=PresentedBody, responses={200: dict[str, Any]})
    def post(self, request: Request) -> Response:
        """Whether a token, of either kind, would be accepted now. SimpleJWT's verify."""
        introspect(parse(PresentedBody, request)["token"])
        return Response({})


class IntrospectView(SignedInEndpoint):
    permission_classes = (IsAuthenticated, HasPermission("tokens.introspect"))

    @extend_schema(request=PresentedBody, responses=IntrospectionAnswer)
    def post(self, request: Request) -> Response:
        """Token introspection (RFC 7662) for services with the permission.

        Roles and permissions are those of now, not of when the token was issued. Why a token is
        not active is for the log.
        """
        try:
            claims, session = introspect(parse(PresentedBody, request)["token"])
        except AuthError as error:
            log_refusal(request, error)
            return Response({"active": False})
        kind = {Kind.ACCESS: "Bearer", Kind.REFRESH: "refresh_token"}[claims.kind]
        known = {"active": True, "token_type": kind, "username": session.user.get_username()}
        answer = {**claims.payload, **facts(session), **known}
        for name in ("permissions_omitted", "roles_omitted"):
            answer.pop(name, None)  # they fit into an answer
        return Response(answer)


class RevokeView(SignedInEndpoint):
    allow_restricted = frozenset(Restriction)

    @extend_schema(request=RevokeBody, responses={200: dict[str, Any]})
    def post(self, request: Request) -> Response:
        """Token revocation (RFC 7009): ends the session behind one of the caller's own tokens.

        The answer is the same for a token that is unknown, dead or somebody else's.
        """
        session = session_of(request)
        claims = jwt.ours(parse(RevokeBody, request)["token"])
        response = Response({})
        if claims and claims.sub == str(session.user_id):
            revoke(claims.sid, user_id=session.user_id, reason=RevokeReason.ENDED)
            if claims.sid == session.pk:
                forget_browser(request._request, response, session)
        return response
