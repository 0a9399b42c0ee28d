"""Tokens on their way out: body or cookie, as the session's transport says, and never both."""

from typing import Any, assert_never

from django.contrib import auth
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from rest_framework.response import Response

from tokens import cookies, jwt
from tokens.answers import session_answer
from tokens.conf import conf
from tokens.django_session import flush_if_tied, sid_of
from tokens.flows import revoke
from tokens.issuing import Facts, Issued, issue
from tokens.models import RevokeReason, Session, Transport


def refresh_answer(session: Session, known: Facts | None = None) -> Response:
    """Fresh tokens for the session as CONTRACT 1's refresh answer."""
    return with_tokens({"session": session_answer(session)}, session, known)


def with_tokens(answer: dict[str, Any], session: Session, known: Facts | None = None) -> Response:
    """Issue the session's tokens and send `answer` with them."""
    issued = issue(session, known)
    answer["expires_in"] = issued.expires_in
    match Transport(session.transport):
        case Transport.BEARER:
            return Response({**answer, "access": issued.access, "refresh": issued.refresh})
        case Transport.HYBRID:
            response = Response({**answer, "access": issued.access})
            _set_refresh(response, session, issued)
            return response
        case Transport.COOKIE:
            response = Response(answer)
            _set_both(response, session, issued)
            return response
        case unknown:
            assert_never(unknown)


def set_token_cookies(response: HttpResponse, session: Session) -> None:
    """Issue the session's tokens into the cookies of a page's answer."""
    _set_both(response, session, issue(session))


def log_out(request: HttpRequest, to: str) -> HttpResponse:
    """End the session that this browser's pages use, and the one behind its access cookie; go
    on to `to`, a URL or the name of one."""
    claims = jwt.ours(cookies.ACCESS.read(request))
    if claims and claims.sid != sid_of(request):
        revoke(claims.sid, user_id=claims.sub, reason=RevokeReason.LOGOUT)
    auth.logout(request)
    response = redirect(to)
    cookies.clear_all(response)
    return response


def forget_browser(request: HttpRequest, response: HttpResponse, ended: Session) -> None:
    """The session that asks has just been ended: its pages and cookies go with it."""
    flush_if_tied(request, ended.pk)
    cookies.clear_all(response)


def _set_both(response: HttpResponse, session: Session, issued: Issued) -> None:
    cookies.ACCESS.set(response, issued.access, max_age=conf().ACCESS_LIFETIME)
    _set_refresh(response, session, issued)


def _set_refresh(response: HttpResponse, session: Session, issued: Issued) -> None:
    left = int((session.expires_at - timezone.now()).total_seconds())
    cookies.REFRESH.set(response, issued.refresh, max_age=left if session.remember_me else None)
