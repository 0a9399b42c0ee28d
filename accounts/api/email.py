"""The change of an address over JSON: asked for, confirmed, undone."""

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import texts
from accounts.answers import Detail
from accounts.api.serializers import EmailBody, TokenBody
from accounts.flows.email_change import (
    confirm_email_change,
    request_email_change,
    undo_email_change,
)
from portcullis.client import Client
from portcullis.parsing import parse
from portcullis.permissions import RecentlyProven
from tokens.endpoints import PublicEndpoint, SignedInEndpoint, session_of


class ChangeEmailView(SignedInEndpoint):
    permission_classes = (IsAuthenticated, RecentlyProven)

    @extend_schema(request=EmailBody, responses={202: Detail})
    def post(self, request: Request) -> Response:
        """Mail a link to a new address. The answer is the same whether or not it is taken."""
        request_email_change(
            session=session_of(request),
            email=parse(EmailBody, request)["email"],
            client=Client.of(request._request),
        )
        return Response({"detail": texts.LOOK_FOR_MAIL}, status=202)


class ConfirmEmailChangeView(PublicEndpoint):
    @extend_schema(request=TokenBody, responses=Detail)
    def post(self, request: Request) -> Response:
        """Confirm the new address by its link. The former one is mailed a link that undoes it."""
        token = parse(TokenBody, request)["token"]
        confirm_email_change(token=token, client=Client.of(request._request))
        return Response({"detail": texts.EMAIL_CHANGED})


class UndoEmailChangeView(PublicEndpoint):
    @extend_schema(request=TokenBody, responses=Detail)
    def post(self, request: Request) -> Response:
        """Restore the former address by its link. Ends every session and voids the password."""
        token = parse(TokenBody, request)["token"]
        undo_email_change(token=token, client=Client.of(request._request))
        return Response({"detail": texts.EMAIL_CHANGE_UNDONE})
