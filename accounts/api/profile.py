"""One's own account over JSON: what it says, all that is stored, its end and its reopening."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import texts
from accounts.answers import Detail, UserAnswer, user_answer
from accounts.api.serializers import ProfileBody
from accounts.delivery import renewed_answer
from accounts.flows.closing import close_account, reopen_account
from accounts.flows.export import AS_FILE, export
from accounts.flows.profile import change_profile
from portcullis.client import Client
from portcullis.parsing import parse
from portcullis.permissions import RecentlyProven
from tokens.answers import RefreshAnswer
from tokens.delivery import forget_browser
from tokens.endpoints import SignedInEndpoint, session_of
from tokens.models import Restriction


class ProfileView(SignedInEndpoint):
    def get_permissions(self) -> list[Any]:
        found = list(super().get_permissions())
        return [*found, RecentlyProven()] if self.request.method == "DELETE" else found

    @extend_schema(responses=UserAnswer)
    def get(self, request: Request) -> Response:
        """The caller's own profile."""
        return Response(user_answer(session_of(request).user))

    @extend_schema(request=ProfileBody, responses=UserAnswer)
    def patch(self, request: Request) -> Response:
        """Change the caller's own profile."""
        body = parse(ProfileBody, request)
        client = Client.of(request._request)
        user = change_profile(user=session_of(request).user, client=client, **body)
        return Response(user_answer(user))

    @extend_schema(responses={202: Detail})
    def delete(self, request: Request) -> Response:
        """Close the account. Every session ends; who logs in again can reopen it until it is
        erased. Needs step-up."""
        session = session_of(request)
        erased = close_account(session=session, client=Client.of(request._request))
        response = Response({"detail": texts.closed(erased)}, status=202)
        forget_browser(request._request, response, session)
        return response


class ReopenView(SignedInEndpoint):
    allow_restricted = frozenset({Restriction.REOPEN})

    @extend_schema(request=None, responses=RefreshAnswer)
    def post(self, request: Request) -> Response:
        """Reopen a closed account: for a session that a login opened for this alone. It goes on
        with the tokens answered."""
        client = Client.of(request._request)
        return renewed_answer(request, reopen_account(session=session_of(request), client=client))


class ExportView(SignedInEndpoint):
    permission_classes = (IsAuthenticated, RecentlyProven)

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """Everything that is stored about the caller, as a file. Needs step-up."""
        stored = export(session_of(request).user)
        return Response(stored, headers={"Content-Disposition": AS_FILE})
