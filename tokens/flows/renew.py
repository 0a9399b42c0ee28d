"""Renew a session in place: what a proof or a changed credential does to its earlier tokens."""

from django.db.models import Case, F, Value, When
from django.utils import timezone

from tokens.errors import TokenInvalid
from tokens.models import Restriction, Session
from tokens.transports import check_open


def renew(
    session: Session,
    *,
    epoch: int,
    done: Restriction | None = None,
    then: Restriction | None = None,
    proven: bool = False,
) -> Session:
    """Step to a new generation and accept no earlier one, without grace.

    `epoch` is the credential epoch that the session is bound to from now on; `done` is the
    restriction that this step lifts, `then` the one that takes its place; `proven` says that its
    user has just proven who they are, by what step-up asks for. Raises TokenInvalid if the session
    ended meanwhile, or was bound to another epoch, BearerOff for one that gets no more tokens.
    Call it in the transaction of the change.
    """
    check_open(session.transport)
    now = timezone.now()
    as_read = Session.objects.filter(pk=session.pk, revoked_at=None, epoch=session.epoch)
    moved = as_read.update(
        generation=F("generation") + 1,
        min_generation=F("generation") + 1,
        rotated_at=now,
        last_used_at=now,
        proved_at=now if proven else F("proved_at"),
        epoch=epoch,
        restriction=Case(
            When(restriction=done or "", then=Value(then or "")), default=F("restriction")
        ),
    )
    if not moved:
        raise TokenInvalid("the session ended meanwhile")
    session.refresh_from_db(from_queryset=Session.objects.select_related("user"))
    return session
