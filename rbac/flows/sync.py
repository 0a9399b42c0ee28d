"""Roles become what a file says, all of them or none."""

from typing import Any

from django.db.models import Exists, OuterRef, Q

from portcullis.client import Client
from portcullis.errors import AuthError, FieldErrors
from rbac.authority import nobody_else_changes_roles
from rbac.files import RoleFile
from rbac.flows.actor import lock_users
from rbac.flows.assignments import withdraw
from rbac.flows.roles import change_role, create_role, delete_role
from rbac.models import RoleAssignment
from rbac.plan import Change, Plan, plan


class Refused(Exception):
    """Nothing was written. `reasons` are for whoever runs this: one line for each role."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(*reasons)
        self.reasons = reasons


def sync_roles(
    file: RoleFile,
    *,
    by: Any,
    reason: str,
    client: Client,
    prune: bool = False,
    withdrawing: bool = False,
) -> Plan:
    """Do what `plan` says, through the flows and their guards. Where nothing differs, nothing is
    written or announced. `withdrawing` takes deleted roles from whoever holds them.

    Raises BadFile, or Refused.
    """
    asking = {"by": by, "reason": reason, "client": client}
    with nobody_else_changes_roles():
        found = plan(file, prune=prune)
        if not withdrawing:
            check_nobody_holds(found)
        _lock(by, [change.slug for change in found.changes if change.after is None])
        for each in found.changes:
            try:
                _make(each, asking)
            except AuthError as error:
                raise Refused([f"{each.slug}: {said(error)}"]) from error
    return found


def check_nobody_holds(found: Plan) -> None:
    """Raises Refused if a role that would be deleted is somebody's."""
    if found.holders:
        held = sorted(found.holders.items())
        raise Refused([f"{slug} is still assigned to {count:,}." for slug, count in held])


def _make(change: Change, asking: dict[str, Any]) -> None:
    if change.after is None:
        _take_from_all(change.slug, asking)
        delete_role(change.slug, **asking)
    elif change.before is None:
        create_role(change.after, **asking)
    else:
        fields = change.after.differing(change.before)
        changes = {name: getattr(change.after, name) for name in fields}
        change_role(change.slug, changes=changes, **asking)


def _lock(by: Any, doomed: list[str]) -> None:
    held = RoleAssignment.objects.unexpired().filter(role__slug__in=doomed)
    involved = Q(Exists(held.filter(user=OuterRef("pk")))) | Q(pk=by.pk)
    for _ in lock_users(involved).values_list("pk").iterator():
        pass


def _take_from_all(slug: str, asking: dict[str, Any]) -> None:
    held = RoleAssignment.objects.unexpired().filter(role__slug=slug).select_related("user")
    for assignment in held.order_by("user_id"):
        withdraw(user=assignment.user, role=slug, **asking)


def said(error: AuthError) -> str:
    """For the operator, who may read the reason too."""
    if isinstance(error, FieldErrors):
        return " ".join(text for found in error.errors.values() for _, text in found)
    return f"{error.message} ({error})"
