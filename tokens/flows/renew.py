"""Renew a session in place: what a proof or a changed credential does to its earlier tokens."""

from typing import Any

from django.db.models import F
from django.utils import timezone

from tokens.errors import TokenInvalid
from tokens.models import Session


def renew(session: Session, *, epoch: int, **changes: Any) -> Session:
    """Step to a new generation and accept no earlier one, without grace.

    `epoch` is the credential epoch that the session is bound to from now on. Raises TokenInvalid
    if the session ended meanwhile. Call it in the transaction of the change.
    """
    now = timezone.now()
    moved = Session.objects.filter(pk=session.pk, revoked_at=None).update(
        generation=F("generation") + 1,
        min_generation=F("generation") + 1,
        rotated_at=now,
        last_used_at=now,
        epoch=epoch,
        **changes,
    )
    if not moved:
        raise TokenInvalid("the session ended meanwhile")
    session.refresh_from_db(from_queryset=Session.objects.select_related("user"))
    return session
