"""Make an account, change its address, its name and its privileges."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction

from accounts import addresses, links
from accounts.base_user import AbstractEmailUser
from accounts.errors import LastSuperuser
from accounts.flows.email_change import check_change, order_email_change, owner_of
from accounts.flows.groups import pks_now
from accounts.flows.password import order_reset_link
from accounts.flows.staff.authority import ADD, CHANGE, check_actor, lock
from accounts.signals import (
    account_changed,
    account_created,
    email_change_ordered_by_staff,
)
from portcullis import secrets
from portcullis.client import Client
from portcullis.errors import FieldErrors
from rbac.errors import PermissionDenied
from rbac.flows.actor import check_reason, locked_users

PRIVILEGES = ("is_staff", "is_superuser", "groups", "user_permissions")
CHANGED_SINCE = "Privileges have changed since this page was loaded. Nothing is saved: look again."
MAKE_A_SUPERUSER = ("is_staff", "is_superuser")
TAKEN = {"email": [("unique", "That address is taken.")]}


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
            check_actor(by, locked_users(by), ADD)
            user.save(force_insert=True)
            if links.is_reserved(email):  # after the insert, which waits for who gives it up
                raise FieldErrors(TAKEN)
            order_reset_link(user)
            account_created.send(sender=type(user), user=user, by=by, client=client)
    except IntegrityError as error:
        raise FieldErrors(TAKEN) from error
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
        by, locked, last_superuser = lock(by, user, CHANGE)
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


def change_email(
    *, by: AbstractEmailUser, user: AbstractEmailUser, email: str, reason: str, client: Client
) -> bool:
    """Have a link mailed to a new address of somebody, as if they had asked for it themselves.

    False if the account is inactive, closed, or nobody's yet. Raises PermissionDenied, also over
    oneself and over superusers, or FieldErrors (`reason`, or `email` if the address is theirs or
    taken).
    """
    check_reason(reason)
    with transaction.atomic():
        by, locked, _ = lock(by, user, CHANGE)
        check_change(by, locked)
        if not locked.is_active or locked.closed_at or locked.is_pending:
            return False
        _check_free(email, locked)
        order_email_change(user=locked, email=email, client=None, staff=by)
        email_change_ordered_by_staff.send(
            sender=type(locked), user=locked, by=by, reason=reason, client=client
        )
    return True


def _check_free(email: str, user: AbstractEmailUser) -> None:
    if addresses.normalize(email) == user.email:
        raise FieldErrors({"email": [("email_unchanged", "That is the address already.")]})
    if owner_of(email, besides=user) or links.is_reserved(email, besides=user.pk):
        raise FieldErrors(TAKEN)


def _check_privileges(
    by: AbstractEmailUser, user: AbstractEmailUser, reason: str, seen: str | None
) -> None:
    if not by.is_superuser:
        raise PermissionDenied("only superusers give privileges")
    check_reason(reason)
    if seen is not None and not secrets.same(seen, privileges_of(user)):
        raise FieldErrors({"seen": [("stale", CHANGED_SINCE)]})
