"""Refresh: move a session to its next generation, once, however many ask at the same time."""

from datetime import datetime, timedelta

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from portcullis.client import Client
from tokens import jwt, strict
from tokens.conf import conf
from tokens.errors import TokenExpired, TokenInvalid
from tokens.flows.revoke import revoke
from tokens.jwt import Claims
from tokens.models import RevokeReason, Session
from tokens.signals import reuse_detected, session_refreshed
from tokens.transports import check_open

ATTEMPTS = 2  # a session that moved under the first is looked at once more


def rotate(session: Session, *, presented: Claims, client: Client) -> Session:
    """Answer the refresh token `presented` with the session in the generation to issue.

    `session` is what `strict.read` found for it. One UPDATE where nobody interferes. A token one
    generation old is answered again within the grace (two tabs, a lost response). An older one
    is reuse: the family is revoked and its owner told, committed before TokenInvalid is raised.
    Raises BearerOff for a session that would go on, but for the switch.
    """
    for _ in range(ATTEMPTS):
        now = timezone.now()
        if death := session.death(now, generation=presented.gen):
            raise TokenInvalid(death)
        current = presented.gen == session.generation
        if not current and not within_grace(session, presented, now):
            _alarm(session, presented, client)
            raise TokenInvalid("an old refresh token came back")
        check_open(session.transport)
        if not current or _advance(session, now):
            session_refreshed.send(Session, session=session, client=client, rotated=current)
            return session
        session = strict.read(presented)  # somebody moved it between our SELECT and our UPDATE
    raise TokenInvalid("the session kept moving")


def decode_refresh(raw: str) -> Claims:
    """The claims of a refresh token. Raises TokenInvalid, also for an expired one: a client takes
    `token_expired` as a reason to refresh."""
    try:
        return jwt.decode(raw, kind=jwt.Kind.REFRESH)
    except TokenExpired as error:
        raise TokenInvalid("refresh token expired") from error


def check_refresh(raw: str) -> None:
    """Whether a refresh token could be used again, without using it. Raises TokenExpired or
    TokenInvalid."""
    presented = jwt.decode(raw, kind=jwt.Kind.REFRESH)
    if death := strict.read(presented).death(timezone.now(), generation=presented.gen):
        raise TokenInvalid(death)


def within_grace(session: Session, presented: Claims, now: datetime) -> bool:
    """Whether this is the token before the current one, and the rotation just now."""
    if presented.gen != session.generation - 1 or session.rotated_at is None:
        return False
    return now - session.rotated_at <= timedelta(seconds=conf().REUSE_GRACE)


def _advance(session: Session, now: datetime) -> bool:
    expires_at = session.idles_out(now)
    if not strict.advance(session, now=now, expires_at=expires_at):
        return False
    session.generation += 1
    session.rotated_at = session.last_used_at = now
    session.expires_at = expires_at
    return True


def _alarm(session: Session, presented: Claims, client: Client) -> None:
    with transaction.atomic():
        owner = get_user_model()._base_manager.filter(pk=session.user_id).values_list("pk")
        list(owner.select_for_update(no_key=True))  # before any session, as everybody does
        if revoke(session.pk, user_id=session.user_id, reason=RevokeReason.REUSE):
            reuse_detected.send(
                sender=Session, session=session, client=client, generation=presented.gen
            )
