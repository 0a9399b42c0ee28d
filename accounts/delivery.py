"""From an Outcome to an answer. The only caller of Django's `login` and of `open_session`."""

from typing import Any, assert_never

from django.conf import settings
from django.contrib import auth
from django.db import transaction
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.answers import user_answer
from accounts.login import Admitted, Challenged, Outcome
from accounts.signals import logged_in
from accounts.stages import Attempt
from tokens.answers import session_answer
from tokens.conf import conf as tokens_conf
from tokens.delivery import refresh_answer, with_tokens
from tokens.django_session import sid_of, tie
from tokens.flows import open_session, revoke
from tokens.models import RevokeReason, Session, Transport


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


def renewed_answer(request: Request, session: Session) -> Response:
    """Fresh tokens after a proof; the Django session gets a new key too (ASVS 7.2.4)."""
    django_request = request._request
    if session.transport == Transport.COOKIE and sid_of(django_request) == session.pk:
        django_request.user = session.user
        auth.update_session_auth_hash(django_request, session.user)
        _note_key(django_request, session)
    return refresh_answer(session)


def _open(request: HttpRequest, login: Attempt) -> Session:
    with transaction.atomic():
        session = open_session(
            user=login.user,
            transport=login.transport,
            client=login.client,
            auth_methods=login.methods,
            remember_me=login.remember_me,
            second_factor=login.second_factor,
            restriction=login.restriction,
        )
        if login.transport == Transport.COOKIE:
            _log_browser_in(request, session)
        logged_in.send(
            sender=type(login.user), user=login.user, session=session, client=login.client
        )
    return session


def _log_browser_in(request: HttpRequest, session: Session) -> None:
    """One browser, one login: a former one ends, and a session key from before is never kept."""
    if former := sid_of(request):
        _end_former(former)
        request.session.flush()
    auth.login(request, session.user, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session.set_expiry(tokens_conf().ABSOLUTE_LIFETIME if session.remember_me else 0)
    tie(request, session)
    _note_key(request, session)


def _note_key(request: HttpRequest, session: Session) -> None:
    session.django_session_key = request.session.session_key or ""
    session.save(update_fields=["django_session_key"])


def _end_former(sid: Any) -> None:
    former = Session.objects.filter(pk=sid).first()
    if former:
        revoke(former, RevokeReason.REPLACED)
