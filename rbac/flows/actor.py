"""Who asks, as the database has them now: not as their request was admitted a moment ago."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet

from rbac.authority import OPERATOR, Standing
from rbac.definition import Problems
from rbac.errors import PermissionDenied
from rbac.models import RoleAssignment

INSTANT = timedelta(microseconds=1)


def locked_users(*users: Any) -> dict[Any, Any]:
    """The rows of these users by primary key, locked in its order until the transaction ends."""
    pks = [user.pk for user in users if user is not None and user is not OPERATOR]
    return {row.pk: row for row in lock_users(Q(pk__in=pks))}


def lock_users(which: Q) -> QuerySet[Any]:
    """Everybody locks rows of users in one order, and all at once: or two would wait for each
    other."""
    users = get_user_model()._default_manager.filter(which).order_by("pk")
    return users.select_for_update(no_key=True)


def standing_now(
    by: Any, code: str, rows: Mapping[Any, Any] | None = None, *, at: datetime | None = None
) -> Standing:
    """Where `by` stands now, or `at` a later moment. The operator needs no permission.

    Raises PermissionDenied unless they are active, not closed, and have the permission `code`.
    """
    if by is None or by is OPERATOR:
        return Standing.of(by)
    actor = (locked_users(by) if rows is None else rows).get(by.pk)
    if actor is None or not actor.is_active or actor.closed_at:
        raise PermissionDenied("gone, deactivated or closed")
    standing = Standing.of(actor, at=at)
    if not standing.may(code):
        raise PermissionDenied(f"{code} is not theirs any more")
    return standing


def standings(
    by: Any, code: str, start: datetime, end: datetime, rows: Mapping[Any, Any] | None = None
) -> Iterator[Standing]:
    """Every height at which `by` stands from `start` to `end`, read there, just before the end, and
    where what they hold for a time ends in between: one statement each.

    Raises PermissionDenied unless they have the permission `code` all the while.
    """
    rows = locked_users(by) if rows is None else rows
    held = RoleAssignment.objects.filter(user=by.pk, expires_at__gt=start, expires_at__lt=end)
    ends = held.values_list("expires_at", flat=True).distinct()
    seen = set()
    for moment in (start, *(at for at in ends if at), end - INSTANT):
        standing = standing_now(by, code, rows, at=moment)
        if (height := (standing.rank, standing.permissions)) not in seen:
            seen.add(height)
            yield standing


def check_reason(reason: str, problems: Problems | None = None) -> None:
    """Raises FieldErrors (`reason`), or adds to `problems`."""
    found = problems or Problems()
    if not reason.strip():
        found.add("reason", "required", "Say why.")
    else:
        found.check(RoleAssignment._meta.get_field("reason"), reason)
    if problems is None:
        found.raise_any()
