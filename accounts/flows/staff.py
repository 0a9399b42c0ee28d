"""What staff do to an account. The admin decides who may open its pages; these decide over whom."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts import links
from accounts.base_user import AbstractEmailUser
from accounts.errors import LastSuperuser
from accounts.flows.groups import pks_now
from accounts.flows.password import order_reset_link
from accounts.models import PendingLogin
from accounts.signals import (
    account_changed,
    account_created,
    account_deactivated,
    account_reactivated,
    reset_link_sent_by_staff,
    sessions_ended_by_staff,
)
from portcullis import secrets
from portcullis.client import Client
from portcullis.errors import FieldErrors
from rbac.authority import check_authority
from rbac.errors import PermissionDenied
from rbac.flows.actor import check_reason, lock_users, locked_users
from tokens.flows import revoke, revoke_all
from tokens.models import RevokeReason, Session

VIEW, ADD, CHANGE = "accounts.view_user", "accounts.add_user", "accounts.change_user"
END = "tokens.change_session"
PRIVILEGES = ("is_staff", "is_superuser", "groups", "user_permissions")
CHANGED_SINCE = "Privileges have changed since this page was loaded. Nothing is saved: look again."
MAKE_A_SUPERUSER = ("is_staff", "is_superuser")


def privileges_of(user: AbstractEmailUser) -> str:
    """A digest of what a superuser may change of them, to tell whether somebody else did."""
    facts = (
        user.is_staff,
        user.is_superuser,
        pks_now(user.groups),
        pks_now(user.user_permissions),
    )
    return secrets.digest(repr(facts))


def create_account(
    *, by: AbstractEmailUser, email: str, name: str, client: Client
) -> AbstractEmailUser:
    """Make an account that its owner takes over by a mailed link, which proves the address.

    Raises PermissionDenied, or FieldErrors (field `email`) if an address that folds like it is
    taken.
    """
    user = get_user_model()(email=email, name=name)
    user.set_unusable_password()
    try:
        with transaction.atomic():
            _check_actor(by, locked_users(by), ADD)
            user.save(force_insert=True)
            order_reset_link(user)
            account_created.send(sender=type(user), user=user, by=by, client=client)
    except IntegrityError as error:
        raise FieldErrors({"email": [("unique", "That address is taken.")]}) from error
    return user


def change_account(
    *,
    by: AbstractEmailUser,
    user: AbstractEmailUser,
    changes: Mapping[str, Any],
    client: Client,
    reason: str = "",
    seen: str | None = None,
) -> None:
    """Set fields of an account; those in PRIVILEGES are for superusers to set, with a reason. Who
    decides by what they have `seen` brings what `privileges_of` said then.

    Raises PermissionDenied, LastSuperuser, or FieldErrors (`reason`, or `seen` if privileges have
    changed since).
    """
    if strange := changes.keys() - {"name", *PRIVILEGES}:
        raise TypeError(f"{strange} are not changed here")
    with transaction.atomic():
        by, locked, last_superuser = _lock(by, user, CHANGE)
        if changes.keys() & PRIVILEGES:
            _check_privileges(by, locked, reason, seen)
        if last_superuser and not all(changes.get(name, True) for name in MAKE_A_SUPERUSER):
            raise LastSuperuser
        plain = {name for name in changes if not locked._meta.get_field(name).many_to_many}
        for name in plain:
            setattr(locked, name, changes[name])
        # One column at least, for whoever reads their own snapshot to notice.
        locked.save(update_fields=plain | {"is_active"})
        for name in changes.keys() - plain:
            getattr(locked, name).set(changes[name])
        account_changed.send(
            sender=type(locked),
            user=locked,
            by=by,
            fields=sorted(changes),
            reason=reason,
            client=client,
        )


def _check_privileges(
    by: AbstractEmailUser, user: AbstractEmailUser, reason: str, seen: str | None
) -> None:
    if not by.is_superuser:
        raise PermissionDenied("only superusers give privileges")
    check_reason(reason)
    if seen is not None and not secrets.same(seen, privileges_of(user)):
        raise FieldErrors({"seen": [("stale", CHANGED_SINCE)]})


def deactivate(*, by: AbstractEmailUser, user: AbstractEmailUser, client: Client) -> bool:
    """Shut an account out at once; False if it is already.

    Raises PermissionDenied, also over oneself: so there is always a superuser left.
    """
    with transaction.atomic():
        by, locked, _ = _lock(by, user, CHANGE)
        if locked.pk == by.pk:
            raise PermissionDenied("nobody deactivates themselves")
        if not locked.is_active:
            return False
        locked.is_active = False
        locked.save(update_fields=["is_active"])
        _cut_off(locked)
        account_deactivated.send(sender=type(locked), user=locked, by=by, client=client)
    return True


def reactivate(*, by: AbstractEmailUser, user: AbstractEmailUser, client: Client) -> bool:
    """Let an account in again; False if it is active. Raises PermissionDenied.

    Nothing that it had open comes back with it, also if it was deactivated in a shell.
    """
    with transaction.atomic():
        by, locked, _ = _lock(by, user, CHANGE)
        if locked.is_active:
            return False
        _cut_off(locked)
        locked.is_active = True
        locked.save(update_fields=["is_active"])
        account_reactivated.send(sender=type(locked), user=locked, by=by, client=client)
    return True


def end_sessions(*, by: AbstractEmailUser, user: AbstractEmailUser, client: Client) -> bool:
    """End every session of an account; False if it has none. Raises PermissionDenied."""
    with transaction.atomic():
        by, locked, _ = _lock(by, user, END)
        ended = revoke_all(user=locked, reason=RevokeReason.STAFF)
        if ended:
            _announce_ended(locked, by, ended, client)
    return bool(ended)


def end_session(*, by: AbstractEmailUser, session: Session, client: Client) -> bool:
    """End one session of an account; False if it is over. Raises PermissionDenied."""
    with transaction.atomic():
        by, locked, _ = _lock(by, session.user, END)
        ended = revoke(session.pk, user_id=locked.pk, reason=RevokeReason.STAFF)
        if ended:
            _announce_ended(locked, by, 1, client)
    return ended


def send_reset_link(*, by: AbstractEmailUser, user: AbstractEmailUser, client: Client) -> bool:
    """Mail a reset link to an account's owner; False if it is inactive. Raises PermissionDenied."""
    with transaction.atomic():
        by, locked, _ = _lock(by, user, CHANGE)
        if not locked.is_active:
            return False
        order_reset_link(locked)
        reset_link_sent_by_staff.send(sender=type(locked), user=locked, by=by, client=client)
    return True


def _lock(
    by: AbstractEmailUser, user: AbstractEmailUser, code: str
) -> tuple[AbstractEmailUser, AbstractEmailUser, bool]:
    """Both accounts as they are now, judged: the first has the permission `code`, and stands above
    the second. And whether that one is the last active superuser's.

    Locks every active superuser with them, always in the same order: of two who deactivate each
    other one waits, and then finds that they are not active any more.
    """
    involved = Q(pk__in=[by.pk, user.pk]) | Q(is_superuser=True, is_active=True)
    rows = {row.pk: row for row in lock_users(involved)}
    _check_actor(by, rows, code)
    if user.pk not in rows:
        raise PermissionDenied("that account is gone")
    superusers = {row.pk for row in rows.values() if _is_full_superuser(row)}
    check_authority(by=rows[by.pk], over=rows[user.pk])
    return rows[by.pk], rows[user.pk], superusers == {user.pk}


def _check_actor(by: AbstractEmailUser, rows: Mapping[Any, AbstractEmailUser], code: str) -> None:
    """Judged by their row as it is now, not by what their request was admitted with."""
    actor = rows.get(by.pk)
    if actor is None or not _is_staff(actor):
        raise PermissionDenied("gone, deactivated or no staff any more")
    if not actor.has_perm(code):
        raise PermissionDenied(f"{code} is not theirs any more")


def _is_staff(user: AbstractEmailUser) -> bool:
    return user.is_active and user.is_staff


def _is_full_superuser(user: AbstractEmailUser) -> bool:
    """A superuser who can also enter the admin."""
    return _is_staff(user) and user.is_superuser


def _cut_off(user: AbstractEmailUser) -> None:
    """End whatever the account has open: sessions, links, logins that wait for a proof."""
    links.kill_all(user.pk)
    PendingLogin.objects.filter(user_id=user.pk, spent_at=None).update(spent_at=timezone.now())
    revoke_all(user=user, reason=RevokeReason.DEACTIVATED)


def _announce_ended(
    user: AbstractEmailUser, by: AbstractEmailUser, count: int, client: Client
) -> None:
    sessions_ended_by_staff.send(sender=type(user), user=user, by=by, count=count, client=client)
