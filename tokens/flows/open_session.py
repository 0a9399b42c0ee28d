"""Open a session: the row that a login becomes, and at the limit another one's end."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Subquery
from django.utils import timezone

from portcullis.client import Client
from tokens.conf import AtMaxSessions, conf
from tokens.errors import TooManySessions
from tokens.flows.revoke import revoke
from tokens.keyring import ring
from tokens.models import KeyState, Restriction, RevokeReason, Session, SigningKey, Transport
from tokens.signals import session_opened


def open_session(
    *,
    user: Any,
    transport: Transport,
    client: Client,
    auth_methods: Sequence[str],
    remember_me: bool = False,
    second_factor: bool = False,
    restriction: Restriction | None = None,
) -> Session:
    """Insert the row for a login that has passed all its stages.

    Only login delivery calls this (and SimpleJWT's `RefreshToken.for_user`): whoever holds a
    session has been admitted. At MAX_SESSIONS the least recently used one is ended, or, by setting,
    TooManySessions raised: exact also when many log in at once, for they wait for each other.
    """
    with transaction.atomic(savepoint=False):
        _wait_for_other_logins(user)
        now = timezone.now()
        _make_room(user, now)
        session = Session.objects.create(
            user=user,
            created_at=now,
            last_used_at=now,
            expires_at=now + timedelta(seconds=conf().idle_lifetime(remember_me=remember_me)),
            absolute_expires_at=now + timedelta(seconds=conf().ABSOLUTE_LIFETIME),
            transport=transport,
            remember_me=remember_me,
            ip=client.ip,
            user_agent=client.user_agent,
            auth_methods=list(auth_methods),
            proved_at=now,
            second_factor_at=now if second_factor else None,
            restriction=restriction or "",
            epoch=user.credential_epoch,
        )
        session_opened.send(sender=Session, session=session, client=client)
    return session


def _wait_for_other_logins(user: Any) -> None:
    """Lock the user. The same statement asks which key signs, so that this process does not go on
    signing with one that another has just replaced; without any there is no session either."""
    signs = SigningKey.objects.filter(state=KeyState.ACTIVE).values("kid")[:1]
    users = type(user)._base_manager.filter(pk=user.pk).annotate(signs=Subquery(signs))
    locked = users.select_for_update(of=("self",), no_key=True).values_list("signs", flat=True)
    ring.active(kid=locked.first())


def _make_room(user: Any, now: datetime) -> None:
    live = Session.objects.open(now).filter(user=user).order_by("-last_used_at", "pk")
    over = list(live.values_list("pk", flat=True)[conf().MAX_SESSIONS - 1 :])
    if not over:
        return
    if conf().AT_MAX_SESSIONS == AtMaxSessions.REFUSE:
        raise TooManySessions
    for session_id in over:
        revoke(session_id, user_id=user.pk, reason=RevokeReason.LIMIT)
