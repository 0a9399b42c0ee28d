"""The tie between Django's session, which pages use, and the row that decides about it."""

import uuid
from typing import Any

from django.contrib import auth
from django.http import HttpRequest

from tokens.flows import revoke
from tokens.models import RevokeReason, Session

SID_KEY = "_portcullis_sid"


def tie(request: HttpRequest, session: Session) -> None:
    request.session[SID_KEY] = str(session.pk)


def sid_of(request: HttpRequest) -> uuid.UUID | None:
    """The row that this browser's Django session belongs to. Costs nothing without its cookie."""
    sid = request.session.get(SID_KEY)
    return uuid.UUID(sid) if sid else None


def flush_if_tied(request: HttpRequest, ended: uuid.UUID) -> None:
    """Forget the Django session if it belongs to the session that just ended."""
    if sid_of(request) == ended:
        request.session.flush()


def end_row(request: HttpRequest, **kwargs: Any) -> None:
    """Receiver of Django's `user_logged_out`: whoever calls `logout` ends the row, and with it the
    tokens. The Django session is still there."""
    if sid := sid_of(request):
        revoke(sid, user_id=request.session.get(auth.SESSION_KEY), reason=RevokeReason.LOGOUT)
