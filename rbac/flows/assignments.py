"""Roles are given to people and taken from them, by people who stand above both."""

from datetime import datetime
from functools import partial
from typing import Any

from django.utils import timezone

from portcullis.client import Client
from portcullis.validators import exists_in_utc
from rbac.authority import (
    FOR_GOOD,
    Standing,
    check_admin_stays,
    nobody_else_changes_roles,
)
from rbac.definition import Problems
from rbac.effective import forget
from rbac.errors import PermissionDenied
from rbac.flows.actor import check_reason, locked_users, standing_now, turns
from rbac.graph import Graph
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
        weight = _weight(found)
        standing.check_reach(*weight)
        for moment in turns(by, starts, expires_at or FOR_GOOD):
            standing_now(by, PERMISSION, rows, at=moment).check_reach(*weight)
        if found.slug == SystemRole.ADMIN and (expires_at or starts > now):
            check_admin_stays(without=user, until=expires_at if starts <= now else None)
        assignment, _ = RoleAssignment.objects.update_or_create(
            user_id=user.pk,
            role=found,
            defaults={
                "granted_by_id": by.pk,
                "granted_at": now,
                "reason": reason,
                "starts_at": starts,
                "expires_at": expires_at,
            },
        )
        role_granted.send(
            sender=RoleAssignment, assignment=assignment, by=by, reason=reason, client=client
        )
    forget(user)
    return assignment


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
        held = RoleAssignment.objects.filter(user_id=user.pk, role__slug=role)
        assignment = held.select_related("role").first()
        if by.pk != user.pk:
            _check_over(standing, by, rows.get(user.pk))
            if assignment and not standing.above_all:
                standing.check_reach(*_weight(assignment.role))
        elif assignment and not standing.above_all and assignment.is_unexpired(timezone.now()):
            _check_not_freed(assignment.role)
        if assignment is None:
            return False
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


def _weight(role: Role) -> tuple[int, frozenset[str]]:
    """How high a role ranks, and all that it holds."""
    graph = Graph.load()
    return graph.rank([role.pk]), graph.permissions([role.pk])


def _check_not_freed(role: Role) -> None:
    if Graph.load().demands_mfa([role.pk]):
        raise PermissionDenied("nobody frees themselves of a second factor")


def _check_terms(role: Role, reason: str, starts_at: datetime, expires_at: datetime | None) -> None:
    problems = Problems()
    if role._state.adding:
        problems.add("role", "does_not_exist", "There is no such role.")
    elif role.slug == SystemRole.USER:
        problems.add("role", "invalid", "Everybody holds this role without being given it.")
    check_reason(reason, problems)
    for field, at in (("starts_at", starts_at), ("expires_at", expires_at)):
        if at:
            problems.ask(field, partial(exists_in_utc, at))
    if expires_at and expires_at <= starts_at:
        problems.add("expires_at", "past", "It would be over before it has begun.")
    problems.raise_any()
