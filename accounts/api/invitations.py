"""Invitations over JSON; they are accepted where everybody registers."""

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import texts
from accounts.answers import Detail
from accounts.api.serializers import InvitationBody
from accounts.flows.invitations import PERMISSION, invite
from portcullis.client import Client
from portcullis.parsing import parse
from portcullis.permissions import HasPermission, RecentlyProven
from tokens.endpoints import SignedInEndpoint, session_of


class InvitationsView(SignedInEndpoint):
    permission_classes = (IsAuthenticated, HasPermission(PERMISSION), RecentlyProven)

    @extend_schema(request=InvitationBody, responses={202: Detail})
    def post(self, request: Request) -> Response:
        """Invite somebody, with roles that the caller may give. The answer is the same whether or
        not the address is taken."""
        body, client = parse(InvitationBody, request), Client.of(request._request)
        invite(by=session_of(request).user, **body, client=client)
        return Response({"detail": texts.LOOK_FOR_MAIL}, status=202)
