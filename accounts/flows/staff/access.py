"""Shut an account out, let it in again, end what it has open."""

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from accounts import links
from accounts.base_user import AbstractEmailUser
from accounts.emails import order_notice
from accounts.flows.staff.authority import CHANGE, END, lock
from accounts.models import PendingLogin
from accounts.signals import (
    account_deactivated,
    account_locked_down,
    account_reactivated,
    sessions_ended_by_staff,
)
from portcullis.client import Client
from rbac.errors import PermissionDenied
from rbac.flows.actor import check_reason
from tokens.flows import revoke, revoke_all
from tokens.models import RevokeReason, Session


def deactivate(*, by: AbstractEmailUser, user: AbstractEmailUser, client: Client) -> bool:
    """Shut an account out at once; False if it is already.

    Raises PermissionDenied, also over oneself: so there is always a superuser left.
    """
    with transaction.atomic():
        by, locked, _ = lock(by, user, CHANGE)
        if locked.pk == by.pk:
            raise PermissionDenied("nobody deactivates themselves")
        if not locked.is_active:
            return False
        locked.is_active = False
        locked.save(update_fields=["is_active"])
        _cut_off(locked, RevokeReason.DEACTIVATED)
        account_deactivated.send(sender=type(locked), user=locked, by=by, client=client)
    return True


def reactivate(*, by: AbstractEmailUser, user: AbstractEmailUser, client: Client) -> bool:
    """Let an account in again; False if it is active. Raises PermissionDenied.

    Nothing that it had open comes back with it, also if it was deactivated in a shell.
    """
    with transaction.atomic():
        by, locked, _ = lock(by, user, CHANGE)
        if locked.is_active:
            return False
        _cut_off(locked, RevokeReason.DEACTIVATED)
        locked.is_active = True
        locked.save(update_fields=["is_active"])
        account_reactivated.send(sender=type(locked), user=locked, by=by, client=client)
    return True


def end_sessions(*, by: AbstractEmailUser, user: AbstractEmailUser, client: Client) -> bool:
    """End every session of an account; False if it has none. Raises PermissionDenied."""
    with transaction.atomic():
        by, locked, _ = lock(by, user, END)
        ended = revoke_all(user=locked, reason=RevokeReason.STAFF)
        if ended:
            _announce_ended(locked, by, ended, client)
    return bool(ended)


def end_session(*, by: AbstractEmailUser, session: Session, client: Client) -> bool:
    """End one session of an account; False if it is over. Raises PermissionDenied."""
    with transaction.atomic():
        by, locked, _ = lock(by, session.user, END)
        ended = revoke(session.pk, user_id=locked.pk, reason=RevokeReason.STAFF)
        if ended:
            _announce_ended(locked, by, 1, client)
    return ended


def lock_down(
    *, by: AbstractEmailUser, user: AbstractEmailUser, reason: str, client: Client
) -> bool:
    """Take an account away from whoever has it, until its owner resets the password by mail.

    Raises PermissionDenied, also over oneself, or FieldErrors (`reason`).
    """
    check_reason(reason)
    with transaction.atomic():
        by, locked, _ = lock(by, user, CHANGE)
        if locked.pk == by.pk:
            raise PermissionDenied("nobody locks themselves down")
        _cut_off(locked, RevokeReason.STAFF)
        _demand_reset(locked)
        if locked.is_active:
            order_notice("locked_down", user=locked, client=None, not_me=False)
        account_locked_down.send(
            sender=type(locked), user=locked, by=by, reason=reason, client=client
        )
    return True


def _demand_reset(user: AbstractEmailUser) -> None:
    """No password opens the account, and what else does leads to where one is chosen first."""
    rows = type(user)._default_manager.filter(pk=user.pk)
    rows.update(password=make_password(None), must_change_password=True)
    user.refresh_from_db()


def _cut_off(user: AbstractEmailUser, reason: RevokeReason) -> None:
    """End whatever the account has open: sessions, links, logins that wait for a proof."""
    links.kill_all(user.pk)
    links.kill_invitations(user.pk)
    PendingLogin.objects.filter(user_id=user.pk, spent_at=None).update(spent_at=timezone.now())
    revoke_all(user=user, reason=reason)


def _announce_ended(
    user: AbstractEmailUser, by: AbstractEmailUser, count: int, client: Client
) -> None:
    sessions_ended_by_staff.send(sender=type(user), user=user, by=by, count=count, client=client)
