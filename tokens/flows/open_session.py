"""Open a session: the row that a login becomes."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.utils import timezone

from portcullis.client import Client
from tokens.conf import conf
from tokens.keyring import ring
from tokens.models import Restriction, Session, Transport
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
    session has been admitted.
    """
    ring.active()  # without a key to sign with there is no session either
    now = timezone.now()
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
