"""Roles are changed, given and taken by several people at the same moment."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from accounts.flows import staff
from accounts.models import OneTimeToken, Purpose
from portcullis.errors import AuthError, FieldErrors
from rbac.authority import OPERATOR
from rbac.definition import Definition
from rbac.errors import LastAdmin, PermissionDenied
from rbac.files import parse
from rbac.flows import change_role, create_role, delete_role, grant, withdraw
from rbac.flows.sync import sync_roles
from rbac.models import Role, RoleAssignment
from tests.races.crowd import all_at_once
from tests.races.waiting import holding
from tests.rbac.making import (
    ASSIGN,
    CHANGE,
    CLIENT,
    OF_A_MANAGER,
    VIEW,
    assigned,
    hold,
    make_role,
    now,
    someone_maker,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]

ROUNDS = 5
AS_OPERATOR = {"by": OPERATOR, "reason": "race", "client": CLIENT}


def outcome(action: Callable[[], Any]) -> type[Exception] | None:
    """What it was refused with."""
    try:
        action()
    except (AuthError, Role.DoesNotExist) as error:
        return type(error)
    return None


def together(*actions: Callable[[], Any]) -> list[type[Exception] | None]:
    return all_at_once(*(partial(outcome, action) for action in actions))


def gate() -> list[Role]:
    """What each of these flows locks first."""
    return list(Role.objects.filter(slug="user").select_for_update())


def put_under(child: str, parent: str) -> Callable[[], Role]:
    return partial(change_role, child, changes={"parents": [parent]}, **AS_OPERATOR)


@pytest.mark.parametrize("size", [2, 3])
def test_of_edits_that_would_form_a_cycle_together_one_is_refused(size):
    for _ in range(ROUNDS):
        Role.objects.filter(slug__startswith="ring").delete()
        ring = [make_role(f"ring{number}").slug for number in range(size)]
        edits = [put_under(*pair) for pair in zip(ring, [*ring[1:], ring[0]], strict=True)]
        refusals = together(*edits)
        assert sorted(map(str, refusals)) == sorted(map(str, [FieldErrors, *[None] * (size - 1)]))
        assert Role.parents.through.objects.filter(from_role__slug__in=ring).count() == size - 1


@pytest.fixture
def someone(make_user) -> Callable[..., Any]:
    return someone_maker(make_user)


@pytest.fixture
def admins(someone) -> list[Any]:
    return [someone("admin") for _ in range(2)]


@pytest.fixture
def root(someone) -> Any:
    return someone(is_superuser=True, is_staff=True)


def active_admins() -> Any:
    held = RoleAssignment.objects.in_force()
    return held.filter(role__slug="admin", user__is_active=True)


def deactivation(by: Any, user: Any) -> Callable[[], bool]:
    return partial(staff.deactivate, by=by, user=user, client=CLIENT)


def withdrawal(user: Any, role: str, **asking: Any) -> Callable[[], bool]:
    return partial(withdraw, user=user, role=role, **{**AS_OPERATOR, **asking})


def test_the_last_two_admins_do_not_both_go(admins, root):
    one, two = admins
    ways = [
        lambda user: withdrawal(user, "admin"),
        lambda user: withdrawal(user, "admin", by=user),
        lambda user: withdrawal(user, "admin", by=root),
    ]
    for first in ways:
        for second in ways:
            refusals = together(first(one), second(two))
            assert sorted(map(str, refusals)) == sorted(map(str, [LastAdmin, None]))
            assert active_admins().count() == 1
            for user in admins:
                user.role_assignments.all().delete()
                hold(user, "admin")


def test_a_last_admin_who_is_withdrawn_while_the_other_is_shut_out(admins, root):
    """Shutting out always works: somebody above them did it, who stays."""
    one, two = admins
    for _ in range(ROUNDS):
        shut_out, taken = together(deactivation(root, one), withdrawal(two, "admin"))
        assert shut_out is None
        assert assigned(two) == ({"admin"} if taken is LastAdmin else set())
        get_user_model().objects.filter(pk=one.pk).update(is_active=True)
        two.role_assignments.all().delete()
        hold(two, "admin")


@pytest.fixture
def manager(someone) -> Any:
    make_role("manager", *OF_A_MANAGER, rank=80)
    make_role("desk", VIEW, rank=3)
    return someone("manager")


def link_of(user: Any) -> Callable[[], object]:
    """Locks what a deactivation writes after it has locked the account."""
    soon = timezone.now() + timedelta(hours=1)
    facts = {"recipient": user.email, "purpose": Purpose.RESET_PASSWORD, "expires_at": soon}
    link = OneTimeToken.objects.create(user=user, **facts)
    return partial(OneTimeToken.objects.select_for_update().get, pk=link.pk)


def losing(manager: Any, root: Any) -> dict[str, Callable[[], Any]]:
    """Every way in which the manager stops being one."""
    unassigning = {"permissions": [VIEW], "rank": 80}
    return {
        "withdrawn": withdrawal(manager, "manager"),
        "laid down": withdrawal(manager, "manager", by=manager),
        "deactivated": deactivation(root, manager),
        "role changed": partial(change_role, "manager", changes=unassigning, **AS_OPERATOR),
        "role deleted": partial(delete_role, "manager", **AS_OPERATOR),
    }


@pytest.mark.parametrize(
    "way", ["withdrawn", "laid down", "deactivated", "role changed", "role deleted"]
)
def test_nothing_is_given_by_who_has_just_lost_the_right(manager, root, someone, way):
    """Admitted before, they wait behind who takes it from them, and are judged again."""
    ada = someone()
    assert manager.has_perm(ASSIGN)

    giving = partial(grant, user=ada, role="desk", reason="race", by=manager, client=CLIENT)
    with holding(link_of(manager) if way == "deactivated" else gate) as start:
        start(losing(manager, root)[way])
        given = start(partial(outcome, giving))
    assert given.result() is PermissionDenied
    assert assigned(ada) == set()


def test_what_was_given_before_they_lost_the_right_stays(manager, root, someone):
    ada = someone()
    giving = partial(grant, user=ada, role="desk", reason="race", by=manager, client=CLIENT)
    with holding(gate) as start:
        given = start(giving)
        taken = start(losing(manager, root)["withdrawn"])
    assert taken.result() is True
    assert ada.role_assignments.get() == given.result()


def test_nobody_gives_to_who_is_just_being_raised_above_them(manager, someone):
    ada = someone()
    make_role("above", rank=90)
    with holding(gate) as start:
        start(partial(grant, user=ada, role="above", **AS_OPERATOR))
        asked = {"reason": "race", "by": manager, "client": CLIENT}
        given = start(partial(outcome, partial(grant, user=ada, role="desk", **asked)))
    assert given.result() is PermissionDenied
    assert assigned(ada) == {"above"}


def test_nobody_gives_a_role_that_has_just_become_too_strong(manager, someone):
    ada = someone()
    with holding(gate) as start:
        start(partial(change_role, "desk", changes={"permissions": [CHANGE]}, **AS_OPERATOR))
        asked = {"reason": "race", "by": manager, "client": CLIENT}
        given = start(partial(outcome, partial(grant, user=ada, role="desk", **asked)))
    assert issubclass(given.result(), PermissionDenied)
    assert assigned(ada) == set()


def test_one_role_that_is_given_to_one_user_many_times_is_one_row(someone):
    make_role("desk", VIEW)
    for _ in range(ROUNDS):
        ada = someone()
        giving = partial(grant, user=ada, role="desk", **AS_OPERATOR)
        assert together(*[giving] * 6) == [None] * 6
        assert ada.role_assignments.count() == 1
        assert now(ada).has_perm(VIEW)


def test_roles_of_one_slug_that_are_made_at_once_are_one(db):
    making = partial(create_role, Definition(slug="desk", name="Desk"), **AS_OPERATOR)
    refusals = together(*[making] * 6)
    assert refusals.count(None) == 1
    assert refusals.count(FieldErrors) == 5
    assert Role.objects.filter(slug="desk").count() == 1


def test_a_role_is_edited_given_or_inherited_from_while_it_is_deleted(someone):
    for _ in range(ROUNDS):
        make_role("desk", VIEW)
        make_role("heir")
        ada = someone()
        gone, *others = together(
            partial(delete_role, "desk", **AS_OPERATOR),
            partial(change_role, "desk", changes={"name": "Other"}, **AS_OPERATOR),
            partial(grant, user=ada, role="desk", **AS_OPERATOR),
            put_under("heir", "desk"),
        )
        assert gone is None
        assert set(others) <= {None, Role.DoesNotExist, FieldErrors}
        assert not Role.objects.filter(slug="desk").exists()
        assert not RoleAssignment.objects.filter(user=ada).exists()
        assert not Role.objects.get(slug="heir").parents.exists()
        Role.objects.filter(slug="heir").delete()


def test_of_two_pages_loaded_at_once_the_second_is_told_so(someone):
    """Also where each transaction sees the database as it was when it began."""
    first, second = (someone(is_superuser=True, is_staff=True) for _ in range(2))
    ada, given = someone(), [Group.objects.create(name=name) for name in "ab"]
    seen = staff.privileges_of(ada)

    def save(by: Any, group: Group) -> None:
        asking = {"by": by, "reason": "x", "client": CLIENT, "seen": seen}
        staff.change_account(user=ada, changes={"groups": [group]}, **asking)

    def in_a_snapshot() -> type[Exception] | None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                save(second, given[1])
        except (FieldErrors, OperationalError) as error:
            return type(error)
        return None

    with holding(partial(save, first, given[0])) as start:
        saved = start(in_a_snapshot)
    assert saved.result() is OperationalError
    assert list(ada.groups.all()) == given[:1]


def test_a_file_that_takes_roles_from_many_and_staff_who_act_on_one_of_them(someone):
    """Each locks accounts in one order: nobody waits for who waits for them."""
    make_role("old")
    accounts = sorted((someone() for _ in range(3)), key=lambda account: account.pk)
    ada, bob, root = accounts
    for account in (ada, bob):
        hold(account, "old")
    get_user_model().objects.filter(pk=root.pk).update(is_superuser=True, is_staff=True)
    of_bob = get_user_model().objects.filter(pk=bob.pk).select_for_update(no_key=True)
    asked = {"by": now(root), "reason": "race", "client": CLIENT}
    sync = partial(sync_roles, parse(b"roles: []"), prune=True, withdrawing=True, **asked)
    with holding(of_bob.get) as start:
        shut_out = start(partial(staff.deactivate, by=now(root), user=bob, client=CLIENT))
        synced = start(sync)
    assert shut_out.result() is True
    assert synced.result().holders == {"old": 2}
    assert assigned(ada) == assigned(bob) == set()
