"""Slide: a visit to a page keeps a session from idling out, as a refresh does."""

from datetime import datetime, timedelta

from tokens.conf import conf
from tokens.models import Session


def slide(session: Session, *, now: datetime) -> bool:
    """Note the visit of a session, at most once in SLIDE_EVERY; whether it was noted now.

    One UPDATE, conditional on the row being as it was read: of pages loaded at once one writes, and
    none writes to a session that was refreshed, renewed or ended since.
    """
    if now - session.last_used_at < timedelta(seconds=conf().SLIDE_EVERY):
        return False
    noted = {"last_used_at": now, "expires_at": session.idles_out(now)}
    unmoved = Session.objects.open(now).filter(
        pk=session.pk,
        last_used_at=session.last_used_at,
        generation=session.generation,
        min_generation__lte=session.generation,
    )
    if not unmoved.update(**noted):
        return False
    session.last_used_at, session.expires_at = noted["last_used_at"], noted["expires_at"]
    return True
