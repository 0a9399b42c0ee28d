"""Django's groups: bundles of permissions that superusers make, change and delete."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db import IntegrityError, router, transaction

from accounts.signals import group_changed, group_deleted
from portcullis import secrets
from portcullis.client import Client
from portcullis.errors import FieldErrors
from rbac.definition import Problems
from rbac.errors import PermissionDenied
from rbac.flows.actor import check_reason, locked_users

CHANGED_SINCE = "The group has changed since this page was loaded. Nothing is saved: look again."
TAKEN = {"name": [("unique", "There is a group of that name.")]}
GONE = {"__all__": [("gone", "The group was deleted meanwhile.")]}


def pks_now(related: Any) -> list[Any]:
    """The primary keys behind a relation, read where they are written."""
    rows = related.using(router.db_for_write(related.model))
    return list(rows.order_by("pk").values_list("pk", flat=True))


def seen_of(group: Group) -> str:
    """A digest of what a group is, to tell whether somebody else changed it."""
    return secrets.digest(repr((group.name, pks_now(group.permissions))))


def save_group(
    *,
    by: Any,
    group: Group | None,
    name: str,
    permissions: Iterable[Permission],
    reason: str,
    client: Client,
    seen: str | None = None,
) -> Group:
    """Change a group, or make one where it is None. Whoever is in it has what it holds. Who decides
    by what they have `seen` brings what `seen_of` said then.

    Raises FieldErrors (name, reason, seen), or PermissionDenied to whoever is no superuser.
    """
    _check_typed(name, reason)
    wanted = {permission.pk for permission in permissions}
    with transaction.atomic():
        _check_superuser(by)
        row = _locked(group) if group else Group()
        if group and seen is not None and not secrets.same(seen, seen_of(row)):
            raise FieldErrors({"seen": [("stale", CHANGED_SINCE)]})
        held = set(pks_now(row.permissions)) if group else set()
        differs = {"name": row.name != name, "permissions": held != wanted}
        fields = [field for field in differs if differs[field]]
        if fields:
            _write(row, name, wanted)
            group_changed.send(
                sender=Group, group=row, by=by, fields=fields, reason=reason, client=client
            )
    return row


def delete_group(*, by: Any, group: Group, reason: str, client: Client) -> bool:
    """Delete a group, and with it what it gave to people; False if it is gone already.

    Raises FieldErrors (reason), or PermissionDenied to whoever is no superuser.
    """
    check_reason(reason)
    with transaction.atomic():
        _check_superuser(by)
        row = Group.objects.select_for_update().filter(pk=group.pk).first()
        if row is None:
            return False
        row.delete()
        group_deleted.send(sender=Group, name=row.name, by=by, reason=reason, client=client)
    return True


def _check_typed(name: str, reason: str) -> None:
    problems = Problems()
    problems.check(Group._meta.get_field("name"), name)
    check_reason(reason, problems)
    problems.raise_any()


def _check_superuser(by: Any) -> None:
    """As the database has them now, until the transaction ends."""
    actor = by and locked_users(by).get(by.pk)
    if actor is None or not (actor.is_active and actor.is_staff and actor.is_superuser):
        raise PermissionDenied("only superusers change groups")
    if actor.closed_at:
        raise PermissionDenied("closed meanwhile")


def _locked(group: Group) -> Group:
    row = Group.objects.select_for_update().filter(pk=group.pk).first()
    if row is None:
        raise FieldErrors(GONE)
    return row


def _write(row: Group, name: str, permissions: set[int]) -> None:
    row.name = name
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise FieldErrors(TAKEN) from error
    row.permissions.set(permissions)
