"""Roles are given to people and taken from them, by people who stand above both."""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from portcullis.client import Client
from portcullis.validators import exists_in_utc
from rbac.authority import (
    FOR_GOOD,
    Standing,
    check_admin_stays,
    check_may_free,
    nobody_else_changes_roles,
)
from rbac.definition import Problems
from rbac.effective import forget
from rbac.errors import PermissionDenied
from rbac.flows.actor import check_reason, locked_users, standing_now, standings
from rbac.graph import Graph, Weight
from rbac.models import Role, RoleAssignment
from rbac.signals import role_granted, role_withdrawn
from rbac.system import SystemRole

PERMISSION = "rbac.assign_role"


def grant(
    *,
    user: Any,
    role: str,
    reason: str,
    by: Any,
    client: Client,
    starts_at: datetime | None = None,
    expires_at: datetime | None = None,
) -> RoleAssignment:
    """Give a role, or give it on other terms to who holds it. `by` is a user, or
    `rbac.authority.OPERATOR`.

    Raises FieldErrors (role, reason, starts_at, expires_at), LastAdmin, or PermissionDenied: to
    anybody who is no superuser for their own account, for one that stands as high, and for a role
    that is out of reach, or will be before it ends: nobody gives for longer than they hold.
    """
    now = timezone.now()
    with nobody_else_changes_roles():
        rows = locked_users(by, user)
        standing = standing_now(by, PERMISSION, rows)
        _check_over(standing, by, rows.get(user.pk))
        found = Role.objects.filter(slug=role).first() or Role()
        starts = max(starts_at or now, now)
        _check_terms(found, reason, starts, expires_at)
        graph = Graph.load()
        weight = graph.weight([found.pk])
        standing.check_reach(*weight)
        _check_reach(by, rows, weight, starts, expires_at)
        held = _held(user, role).first()
        if held and _loosens(held, starts, expires_at):
            _check_freeing(by, rows, held, graph)
        if found.slug == SystemRole.ADMIN and (expires_at or starts > now):
            check_admin_stays(without=user, until=expires_at if starts <= now else None)
        terms = {"reason": reason, "starts_at": starts, "expires_at": expires_at}
        assignment, _ = RoleAssignment.objects.update_or_create(
            user_id=user.pk,
            role=found,
            defaults={"granted_by_id": by.pk, "granted_at": now, **terms},
        )
        assignment.user = rows[user.pk]  # for receivers, who might read a replica that lags
        role_granted.send(
            sender=RoleAssignment, assignment=assignment, by=by, reason=reason, client=client
        )
    forget(user)
    return assignment


def check_may_grant(*, by: Any, roles: Collection[str], rows: Mapping[Any, Any]) -> list[Role]:
    """The roles, if `by` may give each of them, now and for good: for who promises what `grant`
    gives later. `rows` has `by`, locked after `nobody_else_changes_roles`.

    Raises FieldErrors (`roles`) or PermissionDenied.
    """
    standing = standing_now(by, PERMISSION, rows)
    found = list(Role.objects.filter(slug__in=roles))
    problems = Problems()
    for role in found if len(found) == len(set(roles)) else [Role()]:
        _check_givable(role, "roles", problems)
    problems.raise_any()
    weight = Graph.load().weight([role.pk for role in found])
    standing.check_reach(*weight)
    _check_reach(by, rows, weight, timezone.now(), None)
    return found


def withdraw(*, user: Any, role: str, reason: str, by: Any, client: Client) -> bool:
    """Take a role away; False if the account was not given it. It is gone from the next request.

    Raises LastAdmin, or PermissionDenied: for an account that stands as high, and for a role that
    is out of reach. Roles of their own, whoever may assign any lays down as they like, but for
    those that demand a second factor.
    """
    check_reason(reason)
    with nobody_else_changes_roles():
        rows = locked_users(by, user)
        standing = standing_now(by, PERMISSION, rows)
        if by.pk != user.pk:
            _check_over(standing, by, rows.get(user.pk))
        assignment = _held(user, role).first()
        if assignment is None:
            return False
        if not standing.above_all:
            _check_taking(standing, by, rows, assignment)
        if role == SystemRole.ADMIN:
            check_admin_stays(without=user)
        assignment.delete()
        role_withdrawn.send(
            sender=RoleAssignment, user_id=user.pk, slug=role, by=by, reason=reason, client=client
        )
    forget(user)
    return True


def _check_over(standing: Standing, by: Any, over: Any | None) -> None:
    if over is None:
        raise PermissionDenied("that account is gone")
    if by.pk == over.pk and not standing.above_all:
        raise PermissionDenied("nobody gives to themselves")
    standing.check_over(Standing.of(over))


def _check_reach(
    by: Any, rows: Mapping[Any, Any], weight: Weight, starts: datetime, expires: datetime | None
) -> None:
    """All the while: nobody gives for longer than they hold."""
    for standing in standings(by, PERMISSION, starts, expires or FOR_GOOD, rows):
        standing.check_reach(*weight)


def _held(user: Any, role: str) -> QuerySet[RoleAssignment]:
    return RoleAssignment.objects.filter(user_id=user.pk, role__slug=role)


def _loosens(held: RoleAssignment, starts_at: datetime, expires_at: datetime | None) -> bool:
    """Whether these terms leave out a moment at which they hold it, from now on."""
    now = timezone.now()
    ends = held.expires_at
    later = starts_at > max(held.starts_at, now)
    sooner = expires_at and (ends is None or expires_at < ends)
    return held.is_unexpired(now) and bool(later or sooner)


def _check_taking(
    standing: Standing, by: Any, rows: Mapping[Any, Any], held: RoleAssignment
) -> None:
    graph = Graph.load()
    if by.pk != held.user_id:
        standing.check_reach(*graph.weight([held.role_id]))
    if held.is_unexpired(timezone.now()):
        _check_freeing(by, rows, held, graph)


def _check_freeing(by: Any, rows: Mapping[Any, Any], held: RoleAssignment, graph: Graph) -> None:
    """Of a second factor people are freed by who stands above them, and above what demanded it,
    for good; nobody frees themselves."""
    if not graph.demands_mfa([held.role_id]):
        return
    weight = graph.weight([held.role_id])
    for standing in standings(by, PERMISSION, timezone.now(), FOR_GOOD, rows):
        standing.check_reach(*weight)
        check_may_free(standing, graph, rows[held.user_id])


def _check_givable(role: Role, field: str, problems: Problems) -> None:
    if role._state.adding:
        problems.add(field, "does_not_exist", "There is no such role.")
    elif role.slug == SystemRole.USER:
        problems.add(field, "invalid", "Everybody holds this role without being given it.")


def _check_terms(role: Role, reason: str, starts_at: datetime, expires_at: datetime | None) -> None:
    problems = Problems()
    _check_givable(role, "role", problems)
    check_reason(reason, problems)
    for field, at in (("starts_at", starts_at), ("expires_at", expires_at)):
        if at:
            problems.ask(field, partial(exists_in_utc, at))
    if expires_at and expires_at <= starts_at and "expires_at" not in problems.found:
        problems.add("expires_at", "past", "It would be over before it has begun.")
    problems.raise_any()
