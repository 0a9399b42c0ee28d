"""Why somebody may do something, or may not: every ground that there is, was, or will be."""

import dataclasses
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.utils import timezone

from portcullis.errors import FieldErrors
from rbac.graph import Graph
from rbac.models import Role, RoleAssignment
from rbac.system import computed_roles

SAID = {
    "superuser": "a superuser may do everything",
    "user": "given to the account itself",
    "group": "by the group {0.group}",
    "backend": "another backend gives it",
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """One reason to allow it. `via` is superuser, user (given directly), group, role, or backend
    (another one than ours); `path` leads from the role that is held to the one that has
    the permission."""

    via: str
    in_force: bool = True
    group: str | None = None
    path: tuple[str, ...] = ()
    starts_at: datetime | None = None
    expires_at: datetime | None = None
    reason: str | None = None

    def __str__(self) -> str:
        return self._by_role() if self.via == "role" else SAID[self.via].format(self)

    def _by_role(self) -> str:
        text = f"by the role {self.path[0]}"
        if len(self.path) > 1:
            text += f", which inherits it from {' and that from '.join(self.path[1:])}"
        if self.in_force:
            return f"{text}, until {_moment(self.expires_at)}" if self.expires_at else text
        if self.expires_at and self.expires_at <= timezone.now():
            return f"{text}, which expired {_moment(self.expires_at)}"
        return f"{text}, which begins {_moment(self.starts_at)}"


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "-"


@dataclasses.dataclass(frozen=True, slots=True)
class Explanation:
    permission: str
    active: bool
    grounds: tuple[Ground, ...]
    about: Any = None
    """The object that was asked about."""

    @property
    def allowed(self) -> bool:
        return self.active and any(ground.in_force for ground in self.grounds)

    def __str__(self) -> str:
        held = [str(ground) for ground in self.grounds if ground.in_force]
        lapsed = [str(ground) for ground in self.grounds if not ground.in_force]
        if self.allowed:
            return f"Allowed: {'; '.join(held)}."
        if not self.active:
            return "Refused: the account is inactive." + "".join(
                f" It would have it {ground}." for ground in held
            )
        if lapsed:
            return f"Refused: it was, or will be, {'; '.join(lapsed)}."
        if self.about is not None:
            return "Refused: no backend gives it for this object, and roles are not about objects."
        return "Refused: nothing gives it to this account."


def explain(user: Any, permission: str, *, about: Any = None) -> Explanation:
    """Why `user` has `permission` (`app.codename`), `about` an object or none, or why not.

    Raises FieldErrors (`permission`) for one that does not exist.
    """
    app_label, _, codename = permission.partition(".")
    rows = Permission.objects.filter(content_type__app_label=app_label, codename=codename)
    pks = list(rows.order_by().values_list("pk", flat=True))
    if not pks:
        text = f"There is no permission {permission[:150]!r}."
        raise FieldErrors({"permission": [("does_not_exist", text)]})
    found = () if about is not None else tuple(_grounds(user, pks))
    if not any(ground.in_force for ground in found):
        found += tuple(_elsewhere(user, permission, about))
    return Explanation(permission, bool(user.is_active), found, about)


def _elsewhere(user: Any, permission: str, about: Any) -> Iterator[Ground]:
    if user.is_superuser:
        yield Ground(via="superuser")
    elif user.has_perm(permission, about):
        yield Ground(via="backend")


def _grounds(user: Any, permissions: list[int]) -> Iterator[Ground]:
    if user.is_superuser:
        yield Ground(via="superuser")
    if user.user_permissions.filter(pk__in=permissions).exists():
        yield Ground(via="user")
    groups = Group.objects.filter(user=user, permissions__in=permissions).distinct()
    for name in groups.order_by("name").values_list("name", flat=True):
        yield Ground(via="group", group=name)
    yield from _by_roles(user, permissions)


def _by_roles(user: Any, permissions: list[int]) -> Iterator[Ground]:
    graph, now = Graph.load(), timezone.now()
    having = set(Role.objects.filter(permissions__in=permissions).values_list("pk", flat=True))
    for role, slug in graph.slugs.items():
        if slug in computed_roles(user):
            for path in _paths(graph, role, having):
                yield Ground(via="role", path=path)
    held = RoleAssignment.objects.filter(user_id=user.pk, role__in=graph.slugs)
    for row in held.order_by("-role__rank", "role__slug"):
        for path in _paths(graph, row.role_id, having):
            yield Ground(
                via="role",
                in_force=row.is_in_force(now),
                path=path,
                starts_at=row.starts_at,
                expires_at=row.expires_at,
                reason=row.reason,
            )


def _paths(graph: Graph, role: int, having: set[int]) -> Iterator[tuple[str, ...]]:
    """The shortest way from a role to each one that has it, by slugs; the nearest first."""
    ways: dict[int, tuple[str, ...]] = {role: (graph.slugs[role],)}
    ahead = [role]
    for at in ahead:
        if at in having:
            yield ways[at]
        for parent in sorted(graph.parents[at], key=graph.slugs.__getitem__):
            if parent not in ways:
                ways[parent] = (*ways[at], graph.slugs[parent])
                ahead.append(parent)
