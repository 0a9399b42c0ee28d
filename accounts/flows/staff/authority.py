"""Who of the staff may do something about whom, by the rows as they are now."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Q

from accounts.base_user import AbstractEmailUser
from rbac.authority import check_authority
from rbac.errors import PermissionDenied
from rbac.flows.actor import lock_users

VIEW, ADD, CHANGE = "accounts.view_user", "accounts.add_user", "accounts.change_user"
END = "tokens.change_session"


def lock(
    by: AbstractEmailUser, user: AbstractEmailUser, code: str
) -> tuple[AbstractEmailUser, AbstractEmailUser, bool]:
    """Both accounts as they are now, judged: the first has the permission `code`, and stands above
    the second. And whether that one is the last active superuser's.

    Locks every active superuser with them, always in the same order: of two who deactivate each
    other one waits, and then finds that they are not active any more.
    """
    involved = Q(pk__in=[by.pk, user.pk]) | Q(is_superuser=True, is_active=True)
    rows = {row.pk: row for row in lock_users(involved)}
    check_actor(by, rows, code)
    if user.pk not in rows:
        raise PermissionDenied("that account is gone")
    superusers = {row.pk for row in rows.values() if _is_full_superuser(row)}
    check_authority(by=rows[by.pk], over=rows[user.pk])
    return rows[by.pk], rows[user.pk], superusers == {user.pk}


def check_actor(by: AbstractEmailUser, rows: Mapping[Any, AbstractEmailUser], code: str) -> None:
    """Judged by their row as it is now, not by what their request was admitted with."""
    actor = rows.get(by.pk)
    if actor is None or not _is_staff(actor):
        raise PermissionDenied("gone, deactivated, closed or no staff any more")
    if not actor.has_perm(code):
        raise PermissionDenied(f"{code} is not theirs any more")


def _is_staff(user: AbstractEmailUser) -> bool:
    return user.is_active and user.is_staff and user.closed_at is None


def _is_full_superuser(user: AbstractEmailUser) -> bool:
    """A superuser who can also enter the admin."""
    return _is_staff(user) and user.is_superuser
