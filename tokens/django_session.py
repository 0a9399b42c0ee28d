"""The tie between Django's session, which pages use, and the row that decides about it."""

import uuid

from django.http import HttpRequest

from tokens.models import Session

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
