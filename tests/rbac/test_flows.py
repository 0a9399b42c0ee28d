"""Roles are made, changed, deleted, given and taken: what is stored, announced, and nonsense."""

from functools import partial
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from portcullis.errors import FieldErrors
from rbac import signals
from rbac.authority import OPERATOR
from rbac.definition import Definition
from rbac.effective import effective
from rbac.explain import explain
from rbac.flows import change_role, create_role, delete_role, grant, withdraw
from rbac.models import Role, RoleAssignment
from tests.rbac.making import (
    ADD,
    CLIENT,
    HOUR,
    VIEW,
    WHY,
    all_stored,
    assigned,
    hold,
    make_role,
    now,
)

pytestmark = pytest.mark.django_db


SIGNALS = (
    signals.role_created,
    signals.role_changed,
    signals.role_deleted,
    signals.role_granted,
    signals.role_withdrawn,
)


@pytest.fixture
def heard(listen):
    """What each signal says, without what Django adds."""
    lists = [listen(signal) for signal in SIGNALS]

    def since_last_time() -> list[dict[str, object]]:
        facts = [dict(fact) for found in lists for fact in found]
        for found in lists:
            found.clear()
        for fact in facts:
            fact.pop("signal")
        return facts

    return since_last_time


def test_a_role_from_its_first_day_to_its_last(manager, heard):
    wanted = Definition(
        slug="desk_1-a", name="Desk", rank=9, permissions=frozenset({VIEW}), mfa_required=True
    )
    role = create_role(wanted, by=manager, **WHY)
    assert Definition.of(Role.objects.get(slug="desk_1-a")) == wanted
    assert heard() == [{"sender": Role, "role": role, "by": manager, **WHY}]

    changes = {"rank": 10, "name": "Desk", "permissions": [], "parents": ["user"]}
    changed = change_role("desk_1-a", changes=changes, by=manager, **WHY)
    assert Definition.of(changed) == wanted.replace(changes)
    fields = ["rank", "parents", "permissions"]
    assert heard() == [{"sender": Role, "role": role, "by": manager, "fields": fields, **WHY}]

    change_role("desk_1-a", changes=changes, by=manager, **WHY)
    assert heard() == []

    delete_role("desk_1-a", by=OPERATOR, **WHY)
    assert heard() == [{"sender": Role, "slug": "desk_1-a", "by": OPERATOR, **WHY}]


def test_a_role_that_is_not_there(manager):
    for gone in (
        partial(change_role, "gone", changes={"name": "x"}),
        partial(delete_role, "gone"),
    ):
        with pytest.raises(Role.DoesNotExist):
            gone(by=manager, **WHY)


def test_given_and_taken(manager, someone, heard):
    make_role("desk", VIEW)
    ada = someone()
    assert not ada.has_perm(VIEW)
    given = grant(user=ada, role="desk", by=manager, **WHY)
    assert ada.has_perm(VIEW)
    assert (given.granted_by, given.reason, given.expires_at) == (manager, "because", None)
    assert given.starts_at == given.granted_at
    announced = {"sender": RoleAssignment, "by": manager, **WHY}
    assert heard() == [{**announced, "assignment": given}]

    assert withdraw(user=ada, role="desk", by=manager, **WHY) is True
    assert not ada.has_perm(VIEW)
    assert heard() == [{**announced, "user_id": ada.pk, "slug": "desk"}]
    assert withdraw(user=ada, role="desk", by=OPERATOR, **WHY) is False
    assert withdraw(user=ada, role="gone", by=OPERATOR, **WHY) is False
    assert heard() == []


def test_giving_again_replaces_the_terms(manager, someone, later, heard):
    make_role("desk", VIEW)
    ada, ends = someone(), timezone.now() + 3 * HOUR
    first = grant(user=ada, role="desk", by=manager, **WHY, expires_at=ends)
    later(hours=1)
    starts, by_then = timezone.now() + HOUR, timezone.now() + 2 * HOUR
    why = {"reason": "longer", "client": CLIENT}
    grant(user=ada, role="desk", by=OPERATOR, **why, starts_at=starts, expires_at=by_then)
    row = ada.role_assignments.get()
    assert (row.pk, row.granted_by, row.reason) == (first.pk, None, "longer")
    assert (row.starts_at, row.expires_at) == (starts, by_then)
    assert row.granted_at - first.granted_at >= HOUR
    assert len(heard()) == 2
    assert not now(ada).has_perm(VIEW)
    grant(user=ada, role="desk", by=OPERATOR, **why)
    assert ada.role_assignments.get().expires_at is None
    assert now(ada).has_perm(VIEW)


def test_what_was_given_by_somebody_outlives_them(manager, someone):
    make_role("desk")
    ada = someone()
    grant(user=ada, role="desk", by=manager, **WHY)
    manager.delete()
    assert ada.role_assignments.get().granted_by is None


NONSENSE = {
    "slug": [
        ("slug", {"slug": slug}) for slug in ("", "Desk", "a b", "a--b", "-a", "é", "x" * 51, "a\n")
    ],
    "name": [("name", {"name": name}) for name in ("", "x" * 101, "a\x00b", "a\nb")],
    "description": [("description", {"description": "x" * 1001})],
    "rank": [("rank", {"rank": rank}) for rank in (-1, 10_001, "high", None)],
    "parents": [("parents", {"parents": [slug]}) for slug in ("gone", "", "new")],
    "permissions": [
        ("permissions", {"permissions": [code]})
        for code in ("accounts.gone", "gone.view_user", "view_user", "", "auth.view_user", ".")
    ],
}


@pytest.mark.parametrize("kind", NONSENSE)
def test_nonsense_is_named_by_field_and_nothing_is_stored(kind, heard):
    make_role("desk", rank=5)
    new = Definition(slug="new", name="New")
    before = all_stored()
    for field, changes in NONSENSE[kind]:
        flows = [partial(create_role, new.replace(changes))]
        if field != "slug":
            flows.append(partial(change_role, "desk", changes=changes))
        for flow in flows:
            with pytest.raises(FieldErrors) as raised:
                flow(by=OPERATOR, **WHY)
            assert raised.value.errors.keys() == {field}, changes
    assert (all_stored(), heard()) == (before, [])


def test_everything_that_is_wrong_is_said_at_once():
    wrong = Definition(
        slug="A", name="", rank=-1, parents=frozenset({"x"}), permissions=frozenset({"y"})
    )
    with pytest.raises(FieldErrors) as raised:
        create_role(wrong, by=OPERATOR, **WHY)
    assert raised.value.errors.keys() == {"slug", "name", "rank", "parents", "permissions"}


def test_a_slug_is_taken_once_and_stays(heard):
    make_role("desk")
    with pytest.raises(FieldErrors) as raised:
        create_role(Definition(slug="desk", name="Other"), by=OPERATOR, **WHY)
    assert raised.value.errors["slug"][0][0] == "unique"
    with pytest.raises(FieldErrors) as raised:
        change_role("desk", changes={"slug": "other"}, by=OPERATOR, **WHY)
    assert raised.value.errors["slug"][0][0] == "immutable"
    assert heard() == []
    assert Role.objects.get(slug="desk").name == "Desk"


@pytest.mark.parametrize("length", [1, 2, 4])
def test_a_hierarchy_has_no_cycles(length, heard):
    parents: tuple[str, ...] = ()
    for number in range(length):
        make_role(f"role{number}", parents=parents)
        parents = (f"role{number}",)
    before = all_stored()
    with pytest.raises(FieldErrors) as raised:
        change_role("role0", changes={"parents": [*parents]}, by=OPERATOR, **WHY)
    assert raised.value.errors["parents"][0][0] == "cycle"
    assert (all_stored(), heard()) == (before, [])


@pytest.mark.parametrize("changes", [{"rank": 1}, {"parents": ["moderator"]}])
def test_the_role_of_everybody_ranks_nobody(changes):
    with pytest.raises(FieldErrors) as raised:
        change_role("user", changes=changes, by=OPERATOR, **WHY)
    assert raised.value.errors.keys() == changes.keys()


MOMENT = timezone.now()
TERMS = {
    "role": [{"role": slug} for slug in ("gone", "", "user")],
    "reason": [{"reason": text} for text in ("", "  ", "x" * 201, "a\x00", "a\nb")],
    "expires_at": [
        {"expires_at": MOMENT - HOUR},
        {"expires_at": MOMENT + HOUR, "starts_at": MOMENT + HOUR},
        {"expires_at": MOMENT - HOUR, "starts_at": MOMENT - 2 * HOUR},
    ],
}


@pytest.mark.parametrize("field", TERMS)
def test_terms_that_make_no_sense(field, someone, heard):
    make_role("desk")
    ada = someone()
    for wrong in TERMS[field]:
        with pytest.raises(FieldErrors) as raised:
            grant(**{"user": ada, "role": "desk", "by": OPERATOR, **WHY, **wrong})
        assert raised.value.errors.keys() == {field}, wrong
    assert (assigned(ada), heard()) == (set(), [])


def test_a_listener_that_fails_undoes_the_fact(manager, someone):
    """No event, no action: signals are sent inside of the transaction."""
    make_role("desk")
    ada = someone()
    hold(ada, "desk")
    ben = someone()

    def fail(**facts):
        raise RuntimeError

    flows = (
        partial(create_role, Definition(slug="new", name="New")),
        partial(change_role, "desk", changes={"name": "x", "permissions": [VIEW]}),
        partial(delete_role, "desk"),
        partial(grant, user=ben, role="desk"),
        partial(withdraw, user=ada, role="desk"),
    )
    before = all_stored()
    for signal, flow in zip(SIGNALS, flows, strict=True):
        signal.connect(fail)
        try:
            with pytest.raises(RuntimeError):
                flow(by=manager, **WHY)
        finally:
            signal.disconnect(fail)
        assert all_stored() == before


def test_a_role_that_is_deleted_is_gone_from_everybody_and_everything(someone):
    make_role("top", VIEW, rank=7)
    make_role("heir", ADD, parents=("top",), rank=3)
    ada, ben = someone("heir"), someone("top")
    assert effective(now(ada)).rank == 7
    delete_role("top", by=OPERATOR, **WHY)
    assert effective(now(ada)).permissions == {ADD}
    assert (effective(now(ada)).rank, effective(now(ben)).roles) == (3, ("user",))


def test_what_has_lapsed_is_kept_for_explaining_and_then_purged(someone, later):
    make_role("desk", ADD)
    ada = someone()
    hold(ada, "desk", starts_at=timezone.now() - HOUR, expires_at=timezone.now() + HOUR)
    hold(ada, "moderator")
    later(days=89)
    call_command("flushexpiredtokens", stdout=StringIO())
    assert "expired" in str(explain(ada, ADD))
    assert assigned(ada) == {"desk", "moderator"}
    later(days=92)
    call_command("flushexpiredtokens", stdout=StringIO())
    assert assigned(ada) == {"moderator"}
