"""The hierarchy of roles in memory, for whoever changes or explains it: a few rows, two statements.

Requests do not need it: `rbac.effective` walks the hierarchy in the database.
"""

import dataclasses
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Self

from django.db import router

from rbac.codes import codes_of, permissions
from rbac.models import Role

Weight = tuple[int, frozenset[str]]
"""How high roles rank, and all that they hold."""


@dataclasses.dataclass(frozen=True, slots=True)
class Graph:
    """By primary key: each role's slug, its own rank, and its parents; and which ones demand a
    second factor themselves."""

    slugs: Mapping[int, str]
    ranks: Mapping[int, int]
    parents: Mapping[int, frozenset[int]]
    demanding: frozenset[int] = frozenset()

    @classmethod
    def load(cls) -> Self:
        roles = list(Role.objects.values_list("pk", "slug", "rank", "mfa_required"))
        edges = Role.parents.through._default_manager.using(router.db_for_write(Role))
        parents: defaultdict[int, set[int]] = defaultdict(set)
        slugs = {pk: slug for pk, slug, *_ in roles}
        for child, parent in edges.values_list("from_role_id", "to_role_id"):
            if parent in slugs:  # it may have been made since
                parents[child].add(parent)
        return cls(
            slugs=slugs,
            ranks={pk: rank for pk, _, rank, _ in roles},
            parents={pk: frozenset(parents[pk]) for pk, *_ in roles},
            demanding=frozenset(pk for pk, _, _, mfa_required in roles if mfa_required),
        )

    def closure(self, roles: Iterable[int]) -> set[int]:
        """These roles and all that they inherit from."""
        found: set[int] = set()
        ahead = list(roles)
        while ahead:
            role = ahead.pop()
            if role not in found:
                found.add(role)
                ahead.extend(self.parents[role])
        return found

    def heirs(self, roles: Iterable[int]) -> set[int]:
        """These roles and all that inherit from them."""
        wanted = set(roles)
        return {role for role in self.parents if wanted & self.closure([role])}

    def rank(self, roles: Iterable[int]) -> int:
        """The highest rank among these roles and all that they inherit from."""
        return max((self.ranks[role] for role in self.closure(roles)), default=0)

    def named(self, slugs: Collection[str]) -> set[int]:
        return {pk for pk, slug in self.slugs.items() if slug in slugs}

    def demands_mfa(self, roles: Iterable[int]) -> bool:
        """Whether whoever holds these roles needs a second factor."""
        return not self.closure(roles).isdisjoint(self.demanding)

    def permissions(self, roles: Iterable[int]) -> frozenset[str]:
        """What these roles hold, inherited permissions included. One statement."""
        return codes_of(permissions().filter(roles__in=self.closure(roles)))

    def weight(self, roles: Collection[int]) -> Weight:
        """What inherited from others counts too. One statement."""
        return self.rank(roles), self.permissions(roles)
