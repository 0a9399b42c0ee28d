"""Roles are made, changed and deleted, by people who stand above them."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from portcullis.client import Client
from portcullis.errors import FieldErrors
from rbac.authority import (
    FOR_GOOD,
    Standing,
    check_losers,
    check_not_own,
    nobody_else_changes_roles,
)
from rbac.codes import rows_of
from rbac.definition import SETS, Definition, check_definition
from rbac.errors import SystemRoleStays
from rbac.flows.actor import check_reason, standing_now, standings
from rbac.graph import Graph, Weight
from rbac.models import Role
from rbac.signals import role_changed, role_created, role_deleted
from rbac.system import AS_MADE

PERMISSION = "rbac.change_role"
DELETE = "rbac.delete_role"


def create_role(definition: Definition, *, by: Any, reason: str, client: Client) -> Role:
    """Make a role. `by` is a user, or `rbac.authority.OPERATOR`.

    Raises FieldErrors, or PermissionDenied (OutOfReach) where it would rank as high as `by` or
    hold what `by` lacks.
    """
    check_reason(reason)
    with nobody_else_changes_roles():
        standing = standing_now(by, "rbac.add_role")
        graph, role = Graph.load(), Role()
        check_definition(definition, graph, role)
        standing.check_reach(*_weight(definition, graph))
        _write(role, definition)
        role_created.send(sender=Role, role=role, by=by, reason=reason, client=client)
    return role


def change_role(
    slug: str, *, changes: Mapping[str, Any], by: Any, reason: str, client: Client
) -> Role:
    """Set fields of a Definition. Both what the role was and what it becomes must be in reach.

    Raises Role.DoesNotExist, FieldErrors, or PermissionDenied, also where somebody out of reach
    would lose by it, or `by` adds to what they hold themselves; and where it gives or loosens what
    is not in reach of `by` for good, for it would outlast what allows it.
    """
    check_reason(reason)
    with nobody_else_changes_roles():
        standing = standing_now(by, PERMISSION)
        role = Role.objects.get(slug=slug)
        before = Definition.of(role)
        wanted = before.replace(changes)
        graph = Graph.load()
        standing.check_reach(*_weight(before, graph))
        if wanted.slug != before.slug:
            raise FieldErrors({"slug": [("immutable", "Code and tokens name a role by it.")]})
        if fields := wanted.differing(before):
            check_definition(wanted, graph, role)
            standing.check_reach(*_weight(wanted, graph))
            _check_change(standing, graph, role.pk, by=by, before=before, wanted=wanted)
            _write(role, wanted)
            role_changed.send(
                sender=Role, role=role, by=by, fields=fields, reason=reason, client=client
            )
    return role


def delete_role(slug: str, *, by: Any, reason: str, client: Client) -> None:
    """Whoever holds the role loses it, and roles that inherit from it lose what it held.

    Raises Role.DoesNotExist, or PermissionDenied: SystemRoleStays, OutOfReach, and where somebody
    out of reach would lose by it, `by` would be freed of a second factor, or does not stand above
    it for good.
    """
    check_reason(reason)
    with nobody_else_changes_roles():
        standing = standing_now(by, DELETE)
        role = Role.objects.get(slug=slug)
        if slug in AS_MADE:
            raise SystemRoleStays
        graph = Graph.load()
        if graph.demands_mfa([role.pk]):
            check_not_own(standing, graph, role.pk)
        for each in standings(by, DELETE, timezone.now(), FOR_GOOD):
            check_losers(each, graph, [role.pk])
        role.delete()
        role_deleted.send(sender=Role, slug=slug, by=by, reason=reason, client=client)


def _check_change(
    standing: Standing, graph: Graph, role: int, *, by: Any, before: Definition, wanted: Definition
) -> None:
    """Now and for good: what is put into a role, or loosened, outlasts what allows it."""
    gives, takes = wanted.gives_more(before), before.gives_more(wanted)
    demanded, demands = _demands_mfa(before, graph), _demands_mfa(wanted, graph)
    if not (gives or takes or demanded != demands):
        return
    if gives or (demanded and not demands):
        check_not_own(standing, graph, role)
    added = _weight(wanted.beyond(before), graph)
    for each in standings(by, PERMISSION, timezone.now(), FOR_GOOD):
        each.check_reach(*added)
        if takes or demanded != demands:
            check_losers(each, graph, [role])


def _weight(definition: Definition, graph: Graph) -> Weight:
    rank, permissions = graph.weight(graph.named(definition.parents))
    return max(definition.rank, rank), definition.permissions | permissions


def _demands_mfa(definition: Definition, graph: Graph) -> bool:
    return definition.mfa_required or graph.demands_mfa(graph.named(definition.parents))


def _write(role: Role, definition: Definition) -> None:
    columns = dataclasses.asdict(definition)
    for name in columns.keys() - SETS:
        setattr(role, name, columns[name])
    role.save()
    role.parents.set(Role.objects.filter(slug__in=definition.parents))
    role.permissions.set(pk for pks in rows_of(definition.permissions).values() for pk in pks)
