"""Who may do something about whom, and about which role: what keeps everybody from climbing.

Two rules. Nobody touches a role that ranks as high as they do, or that holds what they lack. Nobody
acts on an account that ranks as high, or may do what they may not: only superusers act on peers.
"""

import dataclasses
import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import router, transaction
from django.db.models import Q, QuerySet

from rbac.effective import effective
from rbac.errors import LastAdmin, OutOfReach, PermissionDenied
from rbac.graph import Graph
from rbac.models import Role, RoleAssignment
from rbac.system import SystemRole, make_system_roles


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """How high somebody stands. `above_all`: a superuser, or an operator in a shell."""

    rank: float
    permissions: frozenset[str]
    above_all: bool = False

    @classmethod
    def of(cls, user: Any | None) -> "Standing":
        """Of an inactive account what it would be if it were active: it may be soon."""
        if user is None:
            return OPERATOR
        found = effective(user)
        if user.is_superuser:
            return cls(math.inf, found.permissions, above_all=True)
        return cls(found.rank, found.permissions)

    def may(self, code: str) -> bool:
        return self.above_all or code in self.permissions

    def check_over(self, other: "Standing") -> None:
        """Raises PermissionDenied unless the other stands lower and may do nothing more.

        At the rank that everybody has, permissions decide: strictly fewer.
        """
        if self.above_all:
            return
        peer = other.rank == self.rank and (self.rank > 0 or other.permissions == self.permissions)
        if other.above_all or other.rank > self.rank or peer:
            raise PermissionDenied("that account ranks as high, or higher")
        if not other.permissions <= self.permissions:
            raise PermissionDenied("that account may do what this one may not")

    def check_reach(self, rank: int, permissions: frozenset[str]) -> None:
        """Raises OutOfReach unless a role of that rank and with those permissions, inherited ones
        included, is theirs to give."""
        if self.above_all:
            return
        if rank >= self.rank:
            raise OutOfReach(f"rank {rank} is not below {self.rank}")
        if lacking := permissions - self.permissions:
            raise OutOfReach(f"they lack {', '.join(sorted(lacking)[:5])}")


OPERATOR = Standing(math.inf, frozenset(), above_all=True)
"""Whoever has a shell on the server."""


def check_authority(*, by: Any | None, over: Any) -> None:
    """Raises PermissionDenied unless `over` stands lower than `by`, or is the same account.

    Otherwise whoever may change users could lock out, or sign out, those who could stop them.
    """
    if by is None or over.pk != by.pk:
        Standing.of(by).check_over(Standing.of(over))


@contextmanager
def nobody_else_changes_roles() -> Iterator[None]:
    """One transaction at a time, whatever it is about: two edits could form a cycle together, two
    withdrawals take the last administrators, or somebody give what is just being taken from them.

    Locks one row that is always there; who needs rows of users locks them after it.
    """
    using = router.db_for_write(Role)
    with transaction.atomic(using=using):
        roles = Role.objects.using(using)
        gate = roles.filter(slug=SystemRole.USER).select_for_update(no_key=True)
        if not list(gate):
            make_system_roles(roles)
        yield


def check_losers(by: Standing, graph: Graph, roles: Iterable[int]) -> None:
    """Taking something out of roles is acting on everybody who has it by them.

    Raises PermissionDenied if one of them is out of reach of `by`. Two statements.
    """
    if by.above_all:
        return
    losing = graph.heirs(roles)
    users: Any = get_user_model()._default_manager.all()
    if not any(graph.slugs[role] == SystemRole.USER for role in losing):
        users = users.filter(role_assignments__role__in=losing)
    if users.filter(_out_of_reach(by, graph)).exists():
        raise PermissionDenied("somebody out of reach would lose by it")


def check_admin_stays(*, without: Any) -> None:
    """Raises LastAdmin if nobody else who is active holds the role `admin`, and `without` does."""
    holders = set(active_admins().values_list("user_id", flat=True))
    if holders == {without.pk}:
        raise LastAdmin("nobody else holds the role admin")


def active_admins() -> "QuerySet[RoleAssignment]":
    held = RoleAssignment.objects.in_force()
    return held.filter(role__slug=SystemRole.ADMIN, user__is_active=True)


def _out_of_reach(by: Standing, graph: Graph) -> Q:
    """Superusers, who rank as high as `by`, and who may do what `by` may not."""
    pairs = Permission.objects.values_list("pk", "content_type__app_label", "codename")
    lacking = [pk for pk, app, name in pairs.order_by() if f"{app}.{name}" not in by.permissions]
    high = {role for role in graph.ranks if graph.rank([role]) >= by.rank}
    strong = Role.objects.filter(permissions__in=lacking).values_list("pk", flat=True)
    return (
        Q(is_superuser=True)
        | Q(role_assignments__role__in=high | graph.heirs(strong))
        | Q(user_permissions__in=lacking)
        | Q(groups__permissions__in=lacking)
    )
