"""End sessions before their time. Every other access of theirs is refused from the next request."""

import uuid
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import transaction
from django.utils import timezone

from tokens.models import RevokeReason, Session, SessionQuerySet
from tokens.signals import session_revoked

BATCH_SIZE = 500


def revoke(session_id: uuid.UUID, *, user_id: Any, reason: RevokeReason) -> bool:
    """End one session; False if it was over already. One conditional UPDATE."""
    with transaction.atomic():
        ended = Session.objects.filter(pk=session_id, revoked_at=None).update(
            revoked_at=timezone.now(), revoke_reason=reason
        )
        if ended:
            _announce([session_id], user_id, reason)
    return bool(ended)


def revoke_all(*, user: Any, reason: RevokeReason, keep: Session | None = None) -> int:
    """End every session of `user` but `keep`; returns how many."""
    with transaction.atomic():
        live = Session.objects.filter(user=user, revoked_at=None)
        live = live.exclude(pk=keep.pk) if keep else live
        ids = list(live.order_by("pk").select_for_update().values_list("pk", flat=True))
        Session.objects.filter(pk__in=ids).update(revoked_at=timezone.now(), revoke_reason=reason)
        _announce(ids, user.pk, reason)
    return len(ids)


def revoke_in_batches(sessions: SessionQuerySet, *, reason: RevokeReason) -> Iterator[int]:
    """End those of `sessions` that nobody has ended yet, however many; yields the size of each
    batch once it is committed. Those that are opened meanwhile may be missed.

    Locked in the order of their ids, as `revoke_all` does: two that meet wait, and never for each
    other.
    """
    live = sessions.filter(revoked_at=None).order_by("pk")
    ahead = live
    while True:
        with transaction.atomic():
            batch = list(ahead.select_for_update().values_list("pk", "user_id")[:BATCH_SIZE])
            ids = [session_id for session_id, _ in batch]
            moment = timezone.now()
            Session.objects.filter(pk__in=ids).update(revoked_at=moment, revoke_reason=reason)
            for session_id, user_id in batch:
                _announce([session_id], user_id, reason)
        yield len(batch)
        if len(batch) < BATCH_SIZE:
            return
        ahead = live.filter(pk__gt=ids[-1])


def _announce(ids: Iterable[Any], user_id: Any, reason: RevokeReason) -> None:
    for session_id in ids:
        session_revoked.send(sender=Session, session_id=session_id, user_id=user_id, reason=reason)
