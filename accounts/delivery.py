"""From an Outcome to an answer. The only caller of Django's `login` and of `open_session`."""

import dataclasses
import uuid
from typing import Any, assert_never

from django.conf import settings
from django.contrib import auth
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.answers import user_answer
from accounts.challenge import challenge_page
from accounts.errors import InvalidCredentials, MfaRequired
from accounts.login import Admitted, Challenged, Outcome, announce_failure
from accounts.signals import logged_in
from accounts.stages import Attempt
from tokens import cookies, jwt
from tokens.answers import session_answer
from tokens.conf import conf as tokens_conf
from tokens.delivery import refresh_answer, set_token_cookies, with_tokens
from tokens.django_session import sid_of, tie
from tokens.errors import TokenInvalid, TooManySessions
from tokens.flows import open_session
from tokens.issuing import Facts, issue
from tokens.models import Session, Transport
from tokens.transports import check_open


def login_answer(request: Request, outcome: Outcome) -> Response:
    """A login's outcome as CONTRACT 1's login answer, by the transport that the login chose."""
    match outcome:
        case Challenged(ticket, methods, expires_in):
            return Response(
                {
                    "mfa_required": True,
                    "mfa_token": ticket,
                    "methods": methods,
                    "expires_in": expires_in,
                }
            )
        case Admitted(login):
            session = _open(request._request, login)
            answer = {
                "mfa_required": False,
                "user": user_answer(login.user),
                "session": session_answer(session),
            }
            return with_tokens(answer, session)
        case unknown:
            assert_never(unknown)


def login_page(request: HttpRequest, outcome: Outcome, *, to: str) -> HttpResponse:
    """A page login's outcome: on to `to`, to the one step that a restricted session may do, or the
    page that asks for the proof that a stage demands."""
    match outcome:
        case Challenged():
            return challenge_page(request, outcome, to=to)
        case Admitted(login):
            # The ticket of an API login that chose another transport may come in by page.
            session = _open(request, dataclasses.replace(login, transport=Transport.COOKIE))
            response = redirect(tokens_conf().STEP_PAGES.get(session.restriction, to))
            set_token_cookies(response, session)
            return response
        case unknown:
            assert_never(unknown)


def pair_answer(request: Request, outcome: Outcome) -> Response:
    """A login's outcome for clients of SimpleJWT, which know a pair of tokens and nothing else.

    Raises MfaRequired where a stage demands a proof.
    """
    match outcome:
        case Challenged(methods=methods):
            raise MfaRequired(", ".join(methods))
        case Admitted(login):
            return token_pair(_open(request._request, login))
        case unknown:
            assert_never(unknown)


def token_pair(session: Session, known: Facts | None = None) -> Response:
    """Both tokens of a bearer session as SimpleJWT answers them."""
    issued = issue(session, known)
    return Response({"refresh": issued.refresh, "access": issued.access})


def renewed_answer(request: Request, session: Session) -> Response:
    """Fresh tokens after a proof."""
    _renew_django_session(request._request, session)
    return refresh_answer(session)


def renewed_page(request: HttpRequest, session: Session, *, to: str) -> HttpResponse:
    """The same for a page: on to `to`."""
    _renew_django_session(request, session)
    response = redirect(to)
    set_token_cookies(response, session)
    return response


def _renew_django_session(request: HttpRequest, session: Session) -> None:
    """A new key after each proof (ASVS 7.2.4)."""
    if session.transport == Transport.COOKIE and sid_of(request) == session.pk:
        request.user = session.user
        auth.update_session_auth_hash(request, session.user)


def _open(request: HttpRequest, login: Attempt) -> Session:
    """One browser, one login: whoever was logged in there is not any more, and holds no place among
    the sessions that the user may have."""
    check_open(login.transport)
    try:
        return _replace_session(request, login)
    except TooManySessions as error:
        announce_failure(user=login.user, reason=str(error), client=login.client)
        raise
    except TokenInvalid as error:
        announce_failure(user=login.user, reason=str(error), client=login.client)
        raise InvalidCredentials(str(error)) from error


def _replace_session(request: HttpRequest, login: Attempt) -> Session:
    with transaction.atomic():
        session = open_session(
            user=login.user,
            transport=login.transport,
            client=login.client,
            auth_methods=login.methods,
            remember_me=login.remember_me,
            second_factor=login.second_factor,
            restriction=login.restriction,
            replaces={} if login.transport == Transport.BEARER else _former(request),
        )
        if login.transport != Transport.BEARER and sid_of(request):
            request.session.flush()
        if login.transport == Transport.COOKIE:
            _log_browser_in(request, session)
        logged_in.send(
            sender=type(login.user), user=login.user, session=session, client=login.client
        )
    return session


def _former(request: HttpRequest) -> dict[uuid.UUID, Any]:
    """The sessions of this browser, by its Django session and its access cookie, and whose."""
    found: dict[uuid.UUID, Any] = {}
    if claims := jwt.ours(cookies.ACCESS.read(request)):
        found[claims.sid] = claims.sub
    if sid := sid_of(request):
        found[sid] = request.session.get(auth.SESSION_KEY)
    return found


def _log_browser_in(request: HttpRequest, session: Session) -> None:
    """Django's login, with a session key that did not exist before it (session fixation).

    What a visitor had put into their session is kept, what another user had is not. The user is in
    it before Django looks, or else Django would save it once here and once more with the answer.
    """
    kept = {} if auth.SESSION_KEY in request.session else dict(request.session.items())
    request.session.flush()
    request.session.update(kept)
    request.session[auth.SESSION_KEY] = session.user._meta.pk.value_to_string(session.user)
    request.session[auth.HASH_SESSION_KEY] = session.user.get_session_auth_hash()
    auth.login(request, session.user, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session.set_expiry(tokens_conf().ABSOLUTE_LIFETIME if session.remember_me else 0)
    tie(request, session)
