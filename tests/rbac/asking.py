"""The flows of roles, asked for by somebody in a few words."""

from typing import Any

from rbac.definition import Definition
from rbac.flows import change_role, create_role, delete_role, grant, withdraw
from rbac.models import Role, RoleAssignment
from tests.rbac.making import WHY


def create(by: Any, slug: str = "new", **fields: Any) -> Role:
    return create_role(Definition(slug=slug, name="New").replace(fields), by=by, **WHY)


def change(by: Any, slug: str, **changes: Any) -> Role:
    return change_role(slug, changes=changes, by=by, **WHY)


def delete(by: Any, slug: str) -> None:
    delete_role(slug, by=by, **WHY)


def give(by: Any, user: Any, role: str, **terms: Any) -> RoleAssignment:
    return grant(user=user, role=role, by=by, **WHY, **terms)


def take(by: Any, user: Any, role: str) -> bool:
    return withdraw(user=user, role=role, by=by, **WHY)
