"""Which roles a member of staff may touch: what the flows will say, for pages to offer no more."""

import functools
from typing import Any

from django.http import HttpRequest

from accounts.admin.actions import signed_in
from rbac.authority import Standing
from rbac.codes import codes_by_role
from rbac.errors import OutOfReach
from rbac.graph import Graph
from rbac.system import SystemRole


class Reach:
    """The hierarchy as it is at this request, and how much of it is below somebody."""

    def __init__(self, user: Any) -> None:
        self.standing = Standing.of(user)
        self.graph = Graph.load()

    @classmethod
    def of(cls, request: Any) -> "Reach":
        """Read once a request, and anew after a change."""
        found: Reach | None = getattr(request, "_reach", None)
        if found is None:
            found = request._reach = cls(signed_in(request))
        return found

    @staticmethod
    def forget(request: Any) -> None:
        request._reach = None

    @functools.cached_property
    def own(self) -> dict[int, set[str]]:
        """What each role holds itself, by primary key. Two statements."""
        return codes_by_role(self.graph.slugs)

    def above(self, role: int) -> set[int]:
        """What a role inherits from, by whatever way; nothing if it is gone meanwhile."""
        return self.graph.closure({role} & self.graph.slugs.keys()) - {role}

    def inherited(self, role: int) -> set[str]:
        return set().union(*(self.own.get(each, set()) for each in self.above(role)))

    def includes(self, role: int) -> bool:
        if self.standing.above_all:
            return True
        if role not in self.graph.slugs:
            return False
        held = frozenset(self.own.get(role, set()) | self.inherited(role))
        try:
            self.standing.check_reach(self.graph.rank([role]), held)
        except OutOfReach:
            return False
        return True

    def roles(self) -> set[int]:
        return {role for role in self.graph.slugs if self.includes(role)}

    def givable(self) -> set[int]:
        """Those that can be assigned: `user` is everybody's."""
        return {role for role in self.roles() if self.graph.slugs[role] != SystemRole.USER}


def may_assign(request: HttpRequest) -> bool:
    return request.user.has_perm("rbac.assign_role")
