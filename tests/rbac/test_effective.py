"""What somebody is and may do: inherited, computed, by groups, directly; by one statement."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as bounded
from hypothesis import strategies as st

from rbac.claims import role_claims
from rbac.effective import NOBODY, effective, forget, read
from rbac.explain import explain
from rbac.models import Role, RoleAssignment
from tests.rbac.making import ADD, CHANGE, VIEW, hold, make_role, now, permission

pytestmark = pytest.mark.django_db

SHARES = ("auth.view_group", "auth.add_group", "auth.change_group", "auth.delete_group")
"""What no role holds unless a test says so."""


def facts(user) -> tuple[tuple[str, ...], int, set[str], bool]:
    found = effective(now(user))
    return found.roles, found.rank, set(found.permissions), found.mfa_required


def test_a_role_brings_all_that_stands_above_it_by_every_way(someone):
    view, add, change, delete = SHARES
    make_role("top", view, rank=3, mfa_required=True)
    make_role("left", add, parents=("top",), rank=40)
    make_role("right", change, parents=("top",))
    make_role("bottom", parents=("left", "right"), rank=7)
    make_role("below", delete, parents=("bottom",), rank=5)
    roles = ("left", "bottom", "below", "top", "right", "user")
    assert facts(someone("below")) == (roles, 40, set(SHARES), True)
    assert facts(someone("right")) == (("top", "right", "user"), 3, {view, change}, True)
    assert facts(someone()) == (("user",), 0, set(), False)


def test_what_everybody_holds_ranks_nobody(someone):
    Role.objects.get(slug="user").permissions.add(permission(VIEW))
    make_role("nothing", rank=0)
    assert facts(someone()) == (("user",), 0, {VIEW}, False)
    assert facts(someone("nothing")) == (("nothing", "user"), 0, {VIEW}, False)


def test_a_superuser_is_admin_and_may_everything(someone):
    everything = {
        f"{app}.{codename}"
        for app, codename in Permission.objects.values_list("content_type__app_label", "codename")
    }
    root = someone(is_superuser=True)
    assert facts(root) == (("admin", "user"), 100, everything, False)
    make_role("above", rank=200)
    hold(root, "above")
    assert facts(root)[:2] == (("above", "admin", "user"), 200)


def test_groups_and_permissions_of_their_own_count_beside_roles(someone):
    make_role("viewer", VIEW)
    both = Group.objects.create(name="both")
    both.permissions.set([permission(VIEW), permission(ADD)])
    ada = someone("viewer", may=[CHANGE, VIEW])
    ada.groups.add(both)
    assert facts(ada) == (("viewer", "user"), 1, {VIEW, ADD, CHANGE}, False)
    assert facts(someone())[2] == set()


def test_an_assignment_holds_from_its_start_to_its_end(someone, later):
    make_role("guest", VIEW, rank=9)
    ada, moment = someone(), timezone.now()
    terms = {"starts_at": moment + timedelta(hours=1), "expires_at": moment + timedelta(hours=2)}
    hold(ada, "guest", **terms)
    seen = []
    for minutes in (0, 61, 58, 2):
        later(minutes=minutes)
        seen.append(VIEW in effective(now(ada)).permissions)
    assert seen == [False, True, True, False]
    assert facts(ada) == (("user",), 0, set(), False)


def test_the_very_moments_of_start_and_end(someone):
    make_role("guest", VIEW)
    with time_machine.travel(timezone.now(), tick=False):
        moment = timezone.now()
        for starts, ends, held in ((0, 1, True), (-1, 0, False), (1, 2, False)):
            ada = someone()
            terms = (moment + timedelta(microseconds=each) for each in (starts, ends))
            hold(ada, "guest", **dict(zip(("starts_at", "expires_at"), terms, strict=True)))
            row = ada.role_assignments.get()
            assert (VIEW in read(ada).permissions) is held
            assert row.is_in_force(moment) is held
            assert RoleAssignment.objects.in_force(moment).filter(pk=row.pk).exists() is held


def test_who_is_not_there_holds_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        for nobody in (None, AnonymousUser(), get_user_model()(pk=None)):
            assert effective(nobody) == NOBODY
    assert effective(get_user_model()()).roles == ("user",)


def test_what_somebody_inactive_would_hold_is_known_and_allows_nothing(someone):
    ada = someone("moderator", is_active=False)
    assert facts(ada)[:2] == (("moderator", "user"), 50)
    assert not now(ada).has_perm(VIEW)


def test_one_statement_whatever_there_is_to_find(someone, django_assert_num_queries):
    parents: tuple[str, ...] = ()
    for number in range(30):
        make_role(f"role{number}", SHARES[number % 4], parents=parents, rank=number)
        parents = (f"role{number}",)
    ada, root = someone("role29", "role15", "moderator"), someone(is_superuser=True)
    ada.groups.add(Group.objects.create(name="some"))
    for user, may in ((now(ada), True), (now(root), True), (now(someone()), False)):
        with django_assert_num_queries(1):
            first = effective(user)
            assert all(effective(user) is first for _ in range(100))
            assert [user.has_perm(code) for code in SHARES * 25] == [may] * 100
            assert role_claims(user)["roles"] == list(first.roles)
    assert len(effective(now(ada)).roles) == 32


def test_a_change_is_seen_by_the_next_object_and_by_one_that_was_told(someone):
    ada, same = someone(), now(someone())
    assert not ada.has_perm(VIEW)
    hold(ada, "moderator")
    assert not ada.has_perm(VIEW)
    assert now(ada).has_perm(VIEW)
    forget(ada)
    forget(same)
    assert ada.has_perm(VIEW)


@pytest.mark.parametrize("length", [1, 2, 5])
def test_a_cycle_that_was_written_past_the_flows_ends(someone, length):
    ring = [make_role(f"ring{number}", SHARES[number % 4], rank=number) for number in range(length)]
    for child, parent in zip(ring, [*ring[1:], ring[0]], strict=True):
        Role.parents.through.objects.create(from_role=child, to_role=parent)
    ada = someone("ring0")
    assert set(facts(ada)[0]) == {"user", *(role.slug for role in ring)}
    assert facts(ada)[2] == set(SHARES[:length])
    assert all(explain(ada, code).allowed for code in SHARES[:length])


NUMBER = st.integers(0, 5)
TERMS = {"for good": (-1, None), "now": (-1, 1), "before": (-2, -1), "later": (1, 2)}
HIERARCHY = st.lists(
    st.fixed_dictionaries(
        {
            "rank": st.integers(0, 3),
            "mfa": st.booleans(),
            "codes": st.sets(st.sampled_from(SHARES), max_size=2),
            "parents": st.sets(NUMBER, max_size=3),
        }
    ),
    max_size=6,
)


@given(
    roles=HIERARCHY,
    held=st.dictionaries(NUMBER, st.sampled_from(sorted(TERMS)), max_size=3),
    of_everybody=st.sets(NUMBER, max_size=1),
    direct=st.sets(st.sampled_from(SHARES), max_size=1),
    in_group=st.sets(st.sampled_from(SHARES), max_size=1),
)
@bounded(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_it_is_what_a_child_would_work_out(someone, roles, held, of_everybody, **own):
    """Whatever the hierarchy, cycles and all."""
    with transaction.atomic():
        ada = written(someone(may=tuple(own["direct"])), roles, held, of_everybody)
        group = Group.objects.create(name="some")
        group.permissions.set(map(permission, own["in_group"]))
        ada.groups.add(group)
        found = read(ada)
        transaction.set_rollback(True)
    reached: set[int] = set()
    ahead = {number for number, terms in held.items() if terms in ("now", "for good")}
    ahead |= of_everybody
    while ahead := {number for number in ahead - reached if number < len(roles)}:
        reached |= ahead
        ahead = set().union(*(roles[number]["parents"] for number in ahead))
    known = sorted((-roles[number]["rank"], f"r{number}") for number in reached)
    expected = sorted([*known, (0, "user")])
    assert found.roles == tuple(slug for _, slug in expected)
    assert found.rank == -expected[0][0]
    assert found.mfa_required == any(roles[number]["mfa"] for number in reached)
    codes = [roles[number]["codes"] for number in reached]
    assert found.permissions == own["direct"].union(own["in_group"], *codes)


def written(ada, roles, held, of_everybody):
    rows = [
        make_role(f"r{number}", *each["codes"], rank=each["rank"], mfa_required=each["mfa"])
        for number, each in enumerate(roles)
    ]
    for row, each in zip(rows, roles, strict=True):
        row.parents.set([rows[number] for number in each["parents"] if number < len(rows)])
    default = Role.objects.get(slug="user")
    default.parents.set([rows[number] for number in of_everybody if number < len(rows)])
    for number, name in held.items():
        starts, ends = (hours and timezone.now() + timedelta(hours=hours) for hours in TERMS[name])
        if number < len(rows):
            hold(ada, f"r{number}", starts_at=starts, expires_at=ends)
    return ada
