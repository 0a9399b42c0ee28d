"""Tokens on their way out: body or cookie, as the session's transport says, and never both."""

from typing import Any, assert_never

from django.utils import timezone
from rest_framework.response import Response

from tokens import cookies
from tokens.answers import session_answer
from tokens.conf import conf
from tokens.issuing import Issued, issue
from tokens.models import Session, Transport


def refresh_answer(session: Session) -> Response:
    """Fresh tokens for the session as CONTRACT 1's refresh answer."""
    return with_tokens({"session": session_answer(session)}, session)


def with_tokens(answer: dict[str, Any], session: Session) -> Response:
    """Issue the session's tokens and send `answer` with them."""
    issued = issue(session)
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
            cookies.ACCESS.set(response, issued.access, max_age=conf().ACCESS_LIFETIME)
            _set_refresh(response, session, issued)
            return response
        case unknown:
            assert_never(unknown)


def _set_refresh(response: Response, session: Session, issued: Issued) -> None:
    left = int((session.expires_at - timezone.now()).total_seconds())
    cookies.REFRESH.set(response, issued.refresh, max_age=left if session.remember_me else None)
