"""Who may do something about whom, and about which role: what keeps everybody from climbing.

Two rules. Nobody touches a role that ranks as high as they do, or that holds what they lack. Nobody
acts on an account that ranks as high, or may do what they may not: only superusers act on peers.
"""

import copy
import dataclasses
import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import IntegrityError, router, transaction
from django.db.models import Exists, F, OuterRef, Q

from rbac.codes import CODE, permissions
from rbac.effective import effective, read
from rbac.errors import LastAdmin, OutOfReach, PermissionDenied, SomebodyLoses
from rbac.graph import Graph
from rbac.models import Role, RoleAssignment
from rbac.system import SystemRole, make_system_roles


@dataclasses.dataclass(frozen=True, slots=True)
class Operator:
    """Whoever has a shell on the server. Given as `by`, which is never None: a view that lets
    nobody in particular ask must not be taken for it."""

    pk: None = None

    def __str__(self) -> str:
        return "operator"


OPERATOR = Operator()
FOR_GOOD = datetime(9999, 12, 30, tzinfo=UTC)  # the last day has no name everywhere


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """How high somebody stands. `roles` are all that they hold. `above_all`: a superuser, or the
    operator."""

    pk: Any
    rank: float = math.inf
    permissions: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    above_all: bool = False

    @classmethod
    def of(cls, user: Any, *, at: datetime | None = None) -> "Standing":
        """Now, or at another moment if nobody gives or takes anything until then. Of an inactive
        account what it would be if it were active: it may be soon.

        Raises PermissionDenied for None.
        """
        if user is None:
            raise PermissionDenied("nobody asks")
        if user is OPERATOR or user.is_superuser:
            return cls(user.pk, above_all=True)
        found = read(user, at=at) if at else effective(user)
        permissions = found.permissions
        if len(settings.AUTHENTICATION_BACKENDS) > 1:  # others may know more; ours is asked again
            asked = copy.copy(user)
            asked._effective = found
            permissions |= asked.get_all_permissions()
        return cls(user.pk, found.rank, permissions, frozenset(found.roles))

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


def check_authority(*, by: Any, over: Any) -> None:
    """Raises PermissionDenied unless `over` stands lower than `by`, or is the same account.

    Otherwise whoever may change users could lock out, or sign out, those who could stop them.
    """
    if by is None or over.pk != by.pk:
        Standing.of(by).check_over(Standing.of(over))


@contextmanager
def nobody_else_changes_roles() -> Iterator[None]:
    """One transaction at a time, whatever it is about: two edits could form a cycle together, two
    withdrawals take the last administrators, or somebody give what is just being taken from them.

    Writes one row that is always there, which a transaction of any isolation notices; who needs
    rows of users locks them after it.
    """
    using = router.db_for_write(Role)
    with transaction.atomic(using=using):
        gate = Role.objects.filter(slug=SystemRole.USER)
        if not gate.update(rank=F("rank")):
            with suppress(IntegrityError), transaction.atomic(using=using):
                make_system_roles(Role.objects)
            gate.update(rank=F("rank"))
        yield


def check_not_own(by: Standing, graph: Graph, role: int) -> None:
    """Raises PermissionDenied if `by` holds the role, or will: what they add to it would outlast
    what allows them to."""
    if by.above_all:
        return
    given = RoleAssignment.objects.unexpired().filter(user=by.pk, role__in=graph.heirs([role]))
    if graph.slugs[role] in by.roles or given.exists():
        raise PermissionDenied("nobody adds to what they hold")


def check_losers(by: Standing, graph: Graph, roles: Iterable[int]) -> None:
    """Taking something out of roles is acting on whatever inherits from them, and on everybody who
    has it by them.

    Raises OutOfReach or SomebodyLoses if one of these is out of reach of `by`.
    """
    if by.above_all:
        return
    losing = graph.heirs(roles)
    by.check_reach(graph.rank(losing), graph.permissions(losing))
    using = router.db_for_write(Role)
    users: Any = get_user_model()._default_manager.using(using).exclude(pk=by.pk)
    slugs = {graph.slugs[role] for role in losing}
    if SystemRole.USER not in slugs:
        computed = Q(is_superuser=True) if SystemRole.ADMIN in slugs else Q()
        users = users.filter(Q(_holding(losing)) | computed)
    if users.filter(_out_of_reach(by, graph)).exists():
        raise SomebodyLoses


def check_may_free(by: Standing, graph: Graph, user: Any) -> None:
    """Raises PermissionDenied unless `user` stands lower than `by`, also by what they will hold:
    who is freed of a second factor stays free of it."""
    by.check_over(Standing.of(user))
    users = get_user_model()._default_manager.using(router.db_for_write(Role))
    if not by.above_all and users.filter(_out_of_reach(by, graph), pk=user.pk).exists():
        raise PermissionDenied("that account will be above them")


def check_admin_stays(*, without: Any, until: datetime | None = None) -> None:
    """Raises LastAdmin if `without` is the last active account that was given `admin`. Who has
    closed theirs does not stay for anybody else, nor who holds it for a time only for who holds it
    for good. With `until` they go on holding it, but not for longer: that is no loss to who held it
    for less."""
    stays = Q(user__closed_at=None) | Q(user=without.pk)
    held = RoleAssignment.objects.in_force().filter(
        stays, role__slug=SystemRole.ADMIN, user__is_active=True
    )
    ends = dict(held.values_list("user_id", "expires_at"))
    if without.pk not in ends:
        return
    held_until = ends.pop(without.pk)
    if until and held_until and until >= held_until:
        return
    for_good = held_until is None
    if not any(end is None or not for_good for end in ends.values()):
        raise LastAdmin("nobody else holds the role admin")


def _holding(roles: Iterable[int]) -> Exists:
    """Users who were given one of these roles and hold it, or will."""
    held = RoleAssignment.objects.unexpired()
    return Exists(held.filter(user=OuterRef("pk"), role__in=roles))


def _out_of_reach(by: Standing, graph: Graph) -> Q:
    """Superusers, who rank as high as `by`, and who may do what `by` may not."""
    pairs = permissions().annotate(code=CODE).values_list("pk", "code")
    lacking = [pk for pk, code in pairs if code not in by.permissions]
    high = {role for role in graph.ranks if graph.rank([role]) >= by.rank}
    strong = Role.objects.filter(permissions__in=lacking).values_list("pk", flat=True)
    return (
        Q(is_superuser=True)
        | Q(_holding(high | graph.heirs(strong)))
        | Q(user_permissions__in=lacking)
        | Q(groups__permissions__in=lacking)
    )
