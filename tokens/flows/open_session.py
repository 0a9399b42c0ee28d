"""Open a session: the row that a login becomes, and at the limit another one's end."""

import uuid
from collections.abc import Container, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Subquery
from django.utils import timezone

from portcullis.client import Client
from tokens.conf import AtMaxSessions, conf
from tokens.errors import TokenInvalid, TooManySessions
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
    replaces: Mapping[uuid.UUID, Any] = MappingProxyType({}),
) -> Session:
    """Insert the row for a login that has passed all its stages.

    Only login delivery calls this (and SimpleJWT's `RefreshToken.for_user`): whoever holds a
    session has been admitted. `replaces` are sessions that end with this login (with their users'
    ids). At MAX_SESSIONS the least recently used one is ended, or, by setting, TooManySessions
    raised: exact also when many log in at once, for they wait for each other. Raises TokenInvalid
    for a user who has been deactivated, or whose credentials have changed, since they were proven.
    """
    with transaction.atomic(savepoint=False):
        new_device = _wait_for_other_logins(user, client)
        now = timezone.now()
        _make_room(user, now, replaces)
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
        session_opened.send(sender=Session, session=session, client=client, new_device=new_device)
    return session


def _wait_for_other_logins(user: Any, client: Client) -> bool:
    """Lock the user, before any session, as everybody does; whether none of the user's sessions so
    far, of which there are some, had this user agent.

    The same statement asks which key signs, so that this process does not go on signing with one
    that another has just replaced; without any there is no session either.
    """
    signs = SigningKey.objects.filter(state=KeyState.ACTIVE).values("kid")[:1]
    users = Session._meta.get_field("user").related_model._base_manager
    proven = users.filter(pk=user.pk, is_active=True, credential_epoch=user.credential_epoch)
    former = Session.objects.filter(user=OuterRef("pk"))
    known = Exists(former.filter(user_agent=client.user_agent))
    asked = proven.annotate(signs=Subquery(signs), new=Exists(former) & ~known)
    locked = asked.select_for_update(of=("self",), no_key=True)
    found = list(locked.values_list("signs", "new"))
    if not found:
        raise TokenInvalid("deactivated, or its credentials changed, during the login")
    kid, new_device = found[0]
    ring.active(kid=kid)
    return bool(new_device)


def _make_room(user: Any, now: datetime, replaces: Mapping[uuid.UUID, Any]) -> None:
    ending = {session_id: (owner, RevokeReason.REPLACED) for session_id, owner in replaces.items()}
    for session_id in _over_the_limit(user, now, besides=replaces):
        ending[session_id] = (user.pk, RevokeReason.LIMIT)
    for session_id in sorted(ending):  # in one order, as everybody locks them
        owner, reason = ending[session_id]
        revoke(session_id, user_id=owner, reason=reason)


def _over_the_limit(user: Any, now: datetime, *, besides: Container[uuid.UUID]) -> list[uuid.UUID]:
    """Which sessions would give way. Raises TooManySessions where a login must not make them."""
    live = Session.objects.open(now).filter(user=user).order_by("-last_used_at", "pk")
    others = [pk for pk in live.values_list("pk", flat=True) if pk not in besides]
    over = others[conf().MAX_SESSIONS - 1 :]
    if over and conf().AT_MAX_SESSIONS == AtMaxSessions.REFUSE:
        raise TooManySessions
    return over
