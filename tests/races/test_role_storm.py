"""Many people do whatever comes to their mind to roles and accounts, at once."""

import random
from functools import partial
from typing import Any

import pytest
from django.db import connection

from accounts.flows import staff
from portcullis.errors import FieldErrors
from rbac.authority import OPERATOR
from rbac.definition import Definition
from rbac.errors import LastAdmin, PermissionDenied
from rbac.flows import change_role, create_role, delete_role, grant, withdraw
from rbac.models import Role
from tests.races.crowd import all_at_once
from tests.races.test_role_races import outcome
from tests.rbac.making import CLIENT, VIEW, make_role, now, permission, someone_maker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]

TURNS = 25


def test_whatever_is_done_at_once_nothing_deadlocks_and_no_cycle_forms(make_user):
    """Each of eight people does what comes to their mind, also beside the flows of staff."""
    someone = someone_maker(make_user)
    root, *admins = someone(is_superuser=True, is_staff=True), someone("admin"), someone("admin")
    slugs = [make_role(f"role{number}", VIEW, rank=number + 1).slug for number in range(5)]
    Role.objects.get(slug="admin").permissions.add(permission("auth.view_group"))
    crowd = [*admins, *(someone(is_staff=True) for _ in range(5))]
    doers = [root, *admins, *crowd[2:5], OPERATOR, OPERATOR]
    refusals = all_at_once(
        *(
            partial(turns, random.Random(number), by, crowd, slugs)
            for number, by in enumerate(doers)
        )
    )
    seen = set().union(*refusals)
    assert seen >= {None, PermissionDenied}
    assert seen <= {
        None,
        PermissionDenied,
        FieldErrors,
        LastAdmin,
        Role.DoesNotExist,
        *subclasses(),
    }
    assert now(root).is_active
    assert_acyclic()


def subclasses() -> set[type[Exception]]:
    return {*PermissionDenied.__subclasses__(), *LastAdmin.__subclasses__()}


def assert_acyclic() -> None:
    edges = set(Role.parents.through.objects.values_list("from_role", "to_role"))
    while leaves := {parent for _, parent in edges} - {child for child, _ in edges}:
        edges = {(child, parent) for child, parent in edges if parent not in leaves}
    assert not edges


def turns(
    chance: random.Random, by: Any, crowd: list[Any], slugs: list[str]
) -> set[type[Exception] | None]:
    seen = set()
    for _ in range(TURNS):
        user, role, other = chance.choice(crowd), chance.choice(slugs), chance.choice(slugs)
        why = {"by": by, "reason": "race", "client": CLIENT}
        flows = [
            partial(grant, user=user, role=chance.choice([role, "admin"]), **why),
            partial(withdraw, user=user, role=chance.choice([role, "admin"]), **why),
            partial(change_role, role, changes={"parents": [other]}, **why),
            partial(change_role, role, changes={"permissions": [], "rank": 7}, **why),
            partial(delete_role, role, **why),
            partial(create_role, Definition(slug=role, name=role), **why),
        ]
        if by is not OPERATOR:
            acting = {"by": by, "user": user, "client": CLIENT}
            flows += [
                partial(staff.deactivate, **acting),
                partial(staff.reactivate, **acting),
                partial(staff.end_sessions, **acting),
                partial(staff.change_account, **acting, changes={"name": "x"}),
                partial(
                    staff.change_account,
                    **acting,
                    changes={"user_permissions": [permission(VIEW)], "is_staff": True},
                ),
            ]
        seen.add(outcome(chance.choice(flows)))
        connection.close()  # there are more threads than the pool has connections
    return seen
