"""Close one's own account, and open it again while it is there."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts import links, texts
from accounts.base_user import AbstractEmailUser
from accounts.conf import conf
from accounts.emails import order_notice
from accounts.errors import LastSuperuser, NotClosed
from accounts.login import left_to_do
from accounts.signals import account_closed, account_reopened
from portcullis.client import Client
from rbac.authority import check_admin_stays, nobody_else_changes_roles
from rbac.flows.actor import lock_users, locked_users
from tokens.errors import TokenInvalid
from tokens.flows import renew, revoke_all
from tokens.models import Restriction, RevokeReason, Session

SUPERUSERS = Q(is_superuser=True, is_active=True)


def erased_from(closed_at: datetime) -> datetime:
    """When an account is erased that was closed then, unless it is reopened before."""
    return closed_at + timedelta(seconds=conf().ERASE_AFTER)


def close_account(*, session: Session, client: Client) -> datetime:
    """Close the account of whoever asks; returns when it is erased unless they reopen it.

    All that it has open ends, logins on their way too: they were begun in an earlier epoch. Raises
    LastAdmin or LastSuperuser, or TokenInvalid if the session ended meanwhile.
    """
    with nobody_else_changes_roles():
        user = _still_theirs(session, lock_leaver(session.user_id))
        check_others_stay(user)
        user.closed_at, user.credential_epoch = timezone.now(), user.credential_epoch + 1
        user.save(update_fields=["closed_at", "credential_epoch"])
        links.kill_all(user.pk)
        revoke_all(user=user, reason=RevokeReason.CLOSED)
        erased = erased_from(user.closed_at)
        order_notice("account_closed", user=user, client=client, erased=texts.day(erased))
        account_closed.send(sender=type(user), user=user, client=client)
    return erased


def reopen_account(*, session: Session, client: Client) -> Session:
    """Open the account again; returns the session renewed, with whatever step is left to do.

    Raises NotClosed for a session that was not opened for this, or TokenInvalid if it ended
    meanwhile. Another such session may have been faster: this one is let go on.
    """
    if session.restriction != Restriction.REOPEN:
        raise NotClosed
    with transaction.atomic():
        rows = locked_users(session.user)
        user = _still_theirs(session, rows.get(session.user_id))
        was_closed, user.closed_at = user.closed_at, None
        user.save(update_fields=["closed_at"])
        renewed = renew(
            session, epoch=session.epoch, done=Restriction.REOPEN, then=left_to_do(user)
        )
        if was_closed:
            order_notice("account_reopened", user=user, client=client)
            account_reopened.send(sender=type(user), user=user, session=renewed, client=client)
    return renewed


def lock_leaver(user_id: Any) -> AbstractEmailUser | None:
    """The account as it is now, locked with every superuser: of two last ones who leave, one
    waits. Call it while nobody else changes roles."""
    rows = {row.pk: row for row in lock_users(Q(pk=user_id) | SUPERUSERS)}
    return rows.get(user_id)


def check_others_stay(user: AbstractEmailUser) -> None:
    """Raises LastAdmin or LastSuperuser if nobody would be left who is what `user` is."""
    check_admin_stays(without=user)
    if not (user.is_active and user.is_staff and user.is_superuser):
        return
    others = get_user_model()._default_manager.exclude(pk=user.pk)
    if not others.filter(SUPERUSERS, is_staff=True, closed_at=None).exists():
        raise LastSuperuser


def _still_theirs(session: Session, user: Any) -> Any:
    """Judged by the row as it is now, not by what the request was admitted with."""
    if user is None:
        raise TokenInvalid("the account is gone")
    session.user = user
    if death := session.death(timezone.now()):
        raise TokenInvalid(death)
    return user
