"""Registration, login and passwords over JSON: parse, flow, deliver."""

from django.middleware.csrf import get_token
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import texts
from accounts.admission import hashes_passwords
from accounts.answers import CsrfAnswer, Detail, LoginAnswer
from accounts.api.serializers import (
    ChangePasswordBody,
    EmailBody,
    LoginBody,
    ReauthenticateBody,
    RegisterBody,
    ResetPasswordBody,
    SetPasswordBody,
    TokenBody,
)
from accounts.delivery import login_answer, renewed_answer
from accounts.flows.invitations import accept
from accounts.flows.log_in import log_in_with_password
from accounts.flows.password import (
    change_password,
    request_reset,
    reset_password,
    set_password,
)
from accounts.flows.reauthentication import reauthenticate
from accounts.flows.registration import register
from accounts.flows.verification import resend_verification, verify_email
from portcullis.client import Client
from portcullis.csrf import enforce_csrf
from portcullis.parsing import parse
from portcullis.permissions import RecentlyProven
from tokens.answers import RefreshAnswer
from tokens.endpoints import PublicEndpoint, SignedInEndpoint, session_of
from tokens.models import Restriction, Transport


class CsrfView(PublicEndpoint):
    @extend_schema(responses=CsrfAnswer)
    def get(self, request: Request) -> Response:
        """A CSRF token for clients that use cookies; also set as a cookie."""
        return Response({"csrf_token": get_token(request._request)})


@hashes_passwords
class RegisterView(PublicEndpoint):
    @extend_schema(request=RegisterBody, responses={202: Detail})
    def post(self, request: Request) -> Response:
        """Register. The answer is the same whether or not the address is taken.

        With an invitation the account is ready at once, by the address that was invited.
        """
        body, client = parse(RegisterBody, request), Client.of(request._request)
        if token := body.pop("invitation", None):
            accept(token=token, **body, client=client)
        else:
            register(**body, client=client)
        return Response({"detail": texts.LOOK_FOR_MAIL}, status=202)


class VerifyEmailView(PublicEndpoint):
    http_method_names = ("get", "post", "options")  # a HEAD, which Django answers by get, spends

    @extend_schema(parameters=[OpenApiParameter("token", str, required=True)], responses=Detail)
    def get(self, request: Request) -> Response:
        """Verify an address. Mails lead to the page, whose button posts; this is for clients."""
        return self._verify(request, request.query_params.get("token", ""))

    @extend_schema(request=TokenBody, responses=Detail)
    def post(self, request: Request) -> Response:
        """Verify an address."""
        return self._verify(request, parse(TokenBody, request)["token"])

    def _verify(self, request: Request, token: str) -> Response:
        user = verify_email(token=token, client=Client.of(request._request))
        return Response({"detail": texts.confirmed(user)})


class ResendVerificationView(PublicEndpoint):
    @extend_schema(request=EmailBody, responses={202: Detail})
    def post(self, request: Request) -> Response:
        """Mail the verification link again. One answer for every address."""
        resend_verification(email=parse(EmailBody, request)["email"])
        return Response({"detail": texts.LOOK_FOR_MAIL}, status=202)


@hashes_passwords
class LoginView(PublicEndpoint):
    hashes_first = True

    @extend_schema(request=LoginBody, responses=LoginAnswer)
    def post(self, request: Request) -> Response:
        """Log in. `transport` says how the tokens travel: cookie, hybrid or bearer."""
        if not _wants_bearer(request):
            enforce_csrf(request._request)  # else a stranger could log a browser in as themselves
        body = parse(LoginBody, request)
        outcome = log_in_with_password(
            email=body["email"],
            password=body["password"],
            client=Client.of(request._request),
            transport=Transport(body["transport"]),
            remember_me=body["remember_me"],
        )
        return login_answer(request, outcome)


class ForgotPasswordView(PublicEndpoint):
    @extend_schema(request=EmailBody, responses={202: Detail})
    def post(self, request: Request) -> Response:
        """Mail a reset link. One answer for every address."""
        request_reset(email=parse(EmailBody, request)["email"], client=Client.of(request._request))
        return Response({"detail": texts.LOOK_FOR_MAIL}, status=202)


@hashes_passwords
class ResetPasswordView(PublicEndpoint):
    @extend_schema(request=ResetPasswordBody, responses=Detail)
    def post(self, request: Request) -> Response:
        """Set a new password by a mailed link. Ends every session and logs nobody in."""
        reset_password(**parse(ResetPasswordBody, request), client=Client.of(request._request))
        return Response({"detail": texts.RESET_DONE})


class ChangePasswordView(SignedInEndpoint):
    allow_restricted = frozenset({Restriction.CHANGE_PASSWORD})

    @extend_schema(request=ChangePasswordBody, responses=RefreshAnswer)
    def post(self, request: Request) -> Response:
        """Change the password. Other sessions end; this one goes on with the tokens answered."""
        body = parse(ChangePasswordBody, request)
        renewed = change_password(
            session=session_of(request),
            current=body["current_password"],
            new=body["new_password"],
            client=Client.of(request._request),
        )
        return renewed_answer(request, renewed)


class SetPasswordView(SignedInEndpoint):
    permission_classes = (IsAuthenticated, RecentlyProven)
    allow_restricted = frozenset({Restriction.CHANGE_PASSWORD})

    @extend_schema(request=SetPasswordBody, responses=RefreshAnswer)
    def post(self, request: Request) -> Response:
        """Set a password where the account has none. Other sessions end; this one goes on with the
        tokens answered."""
        renewed = set_password(
            session=session_of(request),
            client=Client.of(request._request),
            **parse(SetPasswordBody, request),
        )
        return renewed_answer(request, renewed)


class ReauthenticateView(SignedInEndpoint):
    @extend_schema(request=ReauthenticateBody, responses=RefreshAnswer)
    def post(self, request: Request) -> Response:
        """Prove the password again (step-up). The session goes on with the tokens answered."""
        renewed = reauthenticate(
            session=session_of(request),
            client=Client.of(request._request),
            **parse(ReauthenticateBody, request),
        )
        return renewed_answer(request, renewed)


def _wants_bearer(request: Request) -> bool:
    """Whether the login asked for sets no cookie, so that there is none to forge."""
    return isinstance(request.data, dict) and request.data.get("transport") == Transport.BEARER
