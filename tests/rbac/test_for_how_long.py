"""Nobody gives for longer than they hold, and nobody loosens a demand for a second factor."""

from datetime import datetime
from functools import partial

import pytest
from django.contrib.auth.backends import BaseBackend
from django.utils import timezone

from portcullis.errors import FieldErrors
from rbac.authority import OPERATOR, check_authority
from rbac.definition import Definition
from rbac.effective import effective
from rbac.errors import OutOfReach, PermissionDenied, SomebodyLoses
from rbac.flows import change_role, create_role, delete_role, withdraw
from tests.rbac.asking import change, create, delete, give, take
from tests.rbac.making import (
    ASSIGN,
    CHANGE,
    CLIENT,
    HOUR,
    OF_A_MANAGER,
    ROLE_WRITES,
    VIEW,
    assigned,
    hold,
    make_role,
    now,
)

pytestmark = pytest.mark.django_db
CHANGE_ROLE, DELETE_ROLE = "rbac.change_role", "rbac.delete_role"


@pytest.fixture(params=["alone", "beside another"])
def backends(request, settings):
    """Another backend knows nothing, and must not make ours forget what ends."""
    if request.param == "beside another":
        settings.AUTHENTICATION_BACKENDS = ["rbac.backend.RoleBackend", f"{__name__}.Elsewhere"]


@pytest.fixture
def stand_in(someone, backends):
    """A manager until the evening, and a member of a team for good."""
    make_role("manager", *OF_A_MANAGER, rank=80)
    make_role("team", rank=1)
    found = someone("team")
    hold(found, "manager", expires_at=timezone.now() + 2 * HOUR)
    return found


def test_a_role_for_a_time_is_given_on_for_that_time(stand_in, someone, refused):
    make_role("low", VIEW, rank=10)
    ada, end = someone(), stand_in.role_assignments.get(role__slug="manager").expires_at
    refused(PermissionDenied, partial(give, stand_in, ada, "low"))
    refused(PermissionDenied, partial(give, stand_in, ada, "low", expires_at=end + HOUR))
    give(stand_in, ada, "low", expires_at=end)
    assert assigned(ada) == {"low"}
    assert take(stand_in, ada, "low")


def test_an_accomplice_does_not_make_it_last(stand_in, someone, refused, later):
    accomplice = someone()
    create(stand_in, "deputy", rank=79, permissions=OF_A_MANAGER)
    refused(PermissionDenied, partial(give, stand_in, accomplice, "deputy"))
    give(stand_in, accomplice, "deputy", expires_at=timezone.now() + HOUR)
    later(hours=3)
    assert effective(now(accomplice)).rank == 0
    assert effective(now(stand_in)).rank == 1
    refused(PermissionDenied, partial(give, accomplice, stand_in, "deputy"))


def test_what_has_no_end_is_not_filled_by_who_has(stand_in, someone, refused):
    someone("team")
    make_role("others", VIEW, rank=2)
    for more in ({"permissions": [VIEW]}, {"rank": 3}, {"parents": ["others"]}):
        refused(PermissionDenied, partial(change, stand_in, "team", **more))
    refused(PermissionDenied, partial(change, stand_in, "others", rank=3))
    change(stand_in, "others", name="Else", description="Nothing that anybody has by it.")


def test_a_lead_for_good_has_a_managers_permissions_for_a_time(someone, backends, refused):
    make_role("manager", *OF_A_MANAGER, CHANGE, rank=50)
    make_role("lead", *OF_A_MANAGER, rank=60)
    make_role("low", VIEW, rank=1)
    make_role("mix", CHANGE, rank=1)
    lead, ada = someone("lead"), someone()
    hold(lead, "manager", expires_at=timezone.now() + HOUR)
    give(lead, ada, "low")
    refused(OutOfReach, partial(give, lead, ada, "mix"))
    change(lead, "mix", permissions=[CHANGE, VIEW])  # adds what the lead holds for good
    refused(OutOfReach, partial(change, lead, "low", permissions=[CHANGE, VIEW]))


def test_a_gap_between_two_terms_is_seen(someone, refused):
    for slug in ("spring", "autumn"):
        make_role(slug, *OF_A_MANAGER, rank=80)
    make_role("low", VIEW, rank=1)
    soon, ada = someone(), someone()
    hold(soon, "spring", expires_at=timezone.now() + HOUR)
    hold(soon, "autumn", starts_at=timezone.now() + 2 * HOUR)
    refused(PermissionDenied, partial(give, soon, ada, "low"))
    give(soon, ada, "low", expires_at=timezone.now() + HOUR / 2)


def test_what_begins_in_a_gap_is_not_given_ahead(someone, refused):
    for slug in ("spring", "autumn"):
        make_role(slug, *OF_A_MANAGER, rank=80)
    make_role("low", VIEW, rank=1)
    soon, ada, at = someone(), someone(), timezone.now()
    hold(soon, "spring", expires_at=at + HOUR)
    hold(soon, "autumn", starts_at=at + 10 * HOUR, expires_at=at + 20 * HOUR)
    ends = at + 15 * HOUR
    refused(
        PermissionDenied,
        partial(give, soon, ada, "low", starts_at=at + 2 * HOUR, expires_at=ends),
    )
    give(soon, ada, "low", starts_at=at + 11 * HOUR, expires_at=ends)


def test_who_will_be_a_manager_gives_from_what_is_held_now(someone, refused):
    make_role("manager", *OF_A_MANAGER, rank=80)
    make_role("low", rank=1)
    soon, ada = someone(), someone()
    hold(soon, "manager", starts_at=timezone.now() + HOUR)
    refused(PermissionDenied, partial(give, soon, ada, "low"))


@pytest.fixture
def demanding(manager):
    """Somebody who stands above the manager holds `low`; `strict` demands a second factor."""
    make_role("low", rank=10)
    make_role("strict", rank=9, mfa_required=True)
    make_role("heir", rank=11, parents=("strict",))
    return manager


def test_a_demand_reaches_nobody_above_by_inheritance(demanding, root, refused):
    hold(root, "low")
    refused(SomebodyLoses, partial(change, demanding, "low", mfa_required=True))
    refused(SomebodyLoses, partial(change, demanding, "low", parents=["strict"]))
    refused(SomebodyLoses, partial(change, demanding, "user", mfa_required=True))


def test_nobody_loosens_a_demand_on_themselves(demanding, refused):
    hold(demanding, "heir")
    assert effective(now(demanding)).mfa_required
    refused(PermissionDenied, partial(change, demanding, "strict", mfa_required=False))
    refused(PermissionDenied, partial(change, demanding, "heir", parents=[]))
    refused(PermissionDenied, partial(take, demanding, demanding, "heir"))
    refused(PermissionDenied, partial(delete, demanding, "strict"))
    refused(PermissionDenied, partial(delete, demanding, "heir"))


@pytest.fixture
def boss(someone, backends):
    """A clerk for good, who stands high for an hour."""
    make_role("boss", *OF_A_MANAGER, CHANGE, rank=80)
    make_role("clerk", ASSIGN, *ROLE_WRITES, rank=20)
    found = someone("clerk")
    hold(found, "boss", expires_at=timezone.now() + HOUR)
    return found


@pytest.mark.parametrize("loosen", [partial(change, mfa_required=False), delete])
def test_nor_for_heirs_that_are_out_of_reach_for_good(boss, someone, refused, loosen):
    make_role("second-factor", mfa_required=True)
    make_role("secret", CHANGE, rank=50, parents=("second-factor",))
    someone("secret")
    refused(OutOfReach, lambda: loosen(boss, "second-factor"))


def test_nor_by_a_detour(boss, someone, refused):
    make_role("secret", CHANGE, rank=5, mfa_required=True)
    make_role("detour", mfa_required=True)
    someone("secret")
    change(boss, "secret", parents=["detour"])  # as demanding as before
    refused(OutOfReach, partial(change, boss, "secret", mfa_required=False, parents=[]))
    change(boss, "secret", mfa_required=False)  # the detour still demands it
    refused(OutOfReach, partial(delete, boss, "detour"))
    refused(OutOfReach, partial(change, boss, "detour", mfa_required=False))


@pytest.mark.parametrize("free", [take, partial(give, expires_at=timezone.now() + HOUR)])
def test_nor_by_taking_it_away(boss, someone, root, refused, free):
    make_role("second-factor", mfa_required=True)
    make_role("secret", CHANGE, rank=50)
    ada, bob = someone("secret", "second-factor"), someone("second-factor")
    refused(PermissionDenied, lambda: free(boss, ada, "second-factor"))
    assert effective(now(ada)).mfa_required
    free(boss, bob, "second-factor")  # whom the clerk stands above too
    free(root, ada, "second-factor")


@pytest.mark.parametrize("held", ["now", "from tomorrow on"])
def test_nor_by_what_demanded_it_of_them_apart_from_their_other_roles(boss, someone, refused, held):
    make_role("second-factor", mfa_required=True)
    make_role("carrier", parents=("second-factor",))
    make_role("secret", CHANGE, rank=50)
    ada = someone("carrier")
    starts = timezone.now() + (0 if held == "now" else 24) * HOUR
    hold(ada, "secret", starts_at=starts)
    later = timezone.now() + HOUR / 2
    refused(PermissionDenied, partial(take, boss, ada, "carrier"))
    refused(PermissionDenied, partial(give, boss, ada, "carrier", starts_at=later))
    refused(SomebodyLoses, partial(change, boss, "second-factor", mfa_required=False))
    refused(SomebodyLoses, partial(change, boss, "carrier", parents=[]))
    refused(SomebodyLoses, partial(delete, boss, "second-factor"))
    change(boss, "carrier", name="Renamed")


def test_a_demand_is_given_again_on_no_shorter_terms(boss, someone, refused):
    make_role("strict", mfa_required=True)
    make_role("secret", CHANGE, rank=50)
    ada, at = someone("secret"), timezone.now()
    hold(ada, "strict", starts_at=at - 10 * HOUR, expires_at=at - 9 * HOUR)
    give(boss, ada, "strict", expires_at=at + HOUR / 4)
    give(boss, ada, "strict", expires_at=at + HOUR / 2)
    refused(PermissionDenied, partial(give, boss, ada, "strict", expires_at=at + HOUR / 4))
    give(boss, ada, "strict")


def test_what_is_out_of_reach_for_good_is_not_made_light(boss, someone, refused):
    make_role("auditor", CHANGE, rank=50)
    make_role("officer", rank=50)
    bob = someone("officer")
    for lighter in ({"rank": 1}, {"permissions": []}):
        refused(OutOfReach, partial(change, boss, "auditor", **lighter))
    refused(OutOfReach, partial(delete, boss, "auditor"))
    refused(OutOfReach, partial(change, boss, "officer", rank=1))
    take(boss, bob, "officer")  # what somebody has, whoever stands above them now takes
    make_role("below", VIEW, rank=10)
    refused(OutOfReach, partial(change, boss, "below", permissions=[]))


def test_what_is_over_is_laid_down_whatever_it_demanded(demanding):
    ago = timezone.now() - 2 * HOUR
    hold(demanding, "heir", starts_at=ago, expires_at=ago + HOUR)
    assert take(demanding, demanding, "heir")


def test_on_others_it_is_theirs_to_say(demanding, someone):
    ada = someone("heir")
    change(demanding, "heir", parents=[], mfa_required=True)  # as before
    change(demanding, "heir", mfa_required=False)
    assert not effective(now(ada)).mfa_required
    hold(demanding, "heir")
    assert take(demanding, demanding, "heir")


def test_every_change_has_a_reason(manager, someone, refused):
    make_role("low", rank=1)
    ada, why = someone("low"), {"reason": "  ", "client": CLIENT}
    for act in (
        partial(create_role, Definition(slug="new", name="New"), by=manager, **why),
        partial(change_role, "low", changes={"rank": 2}, by=OPERATOR, **why),
        partial(delete_role, "low", by=manager, **why),
        partial(withdraw, user=ada, role="low", by=manager, **why),
    ):
        refused(FieldErrors, act)


class Elsewhere(BaseBackend):
    """Allows one thing to everybody whose name is Chief."""

    def get_user_permissions(self, user_obj, obj=None):
        return {CHANGE} if user_obj.name == "Chief" else set()


def test_what_another_backend_allows_counts(settings, manager, someone):
    chief = someone(name="Chief")
    check_authority(by=manager, over=now(chief))
    settings.AUTHENTICATION_BACKENDS = ["rbac.backend.RoleBackend", f"{__name__}.Elsewhere"]
    with pytest.raises(PermissionDenied):
        check_authority(by=now(manager), over=now(chief))
    check_authority(by=now(manager), over=now(someone()))


def test_what_is_put_into_a_role_is_theirs_without_a_gap(someone, refused):
    """Their right ends in an hour, and comes back for good an hour later."""
    for slug in ("spring", "autumn"):
        make_role(slug, *OF_A_MANAGER, rank=80)
    make_role("low", rank=1)
    gardener, moment = someone(), timezone.now()
    hold(gardener, "spring", expires_at=moment + HOUR)
    hold(gardener, "autumn", starts_at=moment + 2 * HOUR)
    refused(PermissionDenied, partial(change, gardener, "low", permissions=[VIEW]))
    gardener.role_assignments.filter(role__slug="autumn").update(starts_at=moment + HOUR)
    change(gardener, "low", permissions=[VIEW])


@pytest.mark.parametrize("loosen", [partial(change, mfa_required=False), delete])
@pytest.mark.parametrize("stays", [(), (CHANGE_ROLE, DELETE_ROLE)])
def test_nobody_drops_a_second_factor_for_longer_than_they_may(
    stand_in, someone, refused, loosen, stays
):
    make_role("steady", *stays, rank=80)
    hold(stand_in, "steady")
    make_role("strict", VIEW, rank=9, mfa_required=True)
    make_role("heir", parents=("strict",), rank=9)
    someone("heir")
    refused(OutOfReach if stays else PermissionDenied, lambda: loosen(now(stand_in), "strict"))
    loosen(OPERATOR, "strict")


def test_nor_by_its_parents(stand_in, root, refused):
    make_role("steady", CHANGE_ROLE, rank=80)
    hold(stand_in, "steady")
    make_role("demanding", VIEW, mfa_required=True)
    make_role("strict", parents=("demanding",), rank=9)
    refused(OutOfReach, partial(change, now(stand_in), "strict", parents=[]))
    change(root, "strict", parents=[])


@pytest.mark.parametrize("field", ["starts_at", "expires_at"])
def test_terms_are_in_the_calendar(someone, root, refused, field):
    """No database gives back what is in the year 10,000 in Greenwich."""
    make_role("low")
    beyond = datetime(9999, 12, 31, 23, 59, tzinfo=timezone.get_fixed_timezone(-12 * 60))
    refused(FieldErrors, partial(give, root, someone(), "low", **{field: beyond}))


def test_what_is_before_the_calendar_is_said_once(someone, root):
    make_role("low")
    before = datetime(1, 1, 1, tzinfo=timezone.get_fixed_timezone(5 * 60))
    with pytest.raises(FieldErrors) as refusal:
        give(root, someone(), "low", expires_at=before)
    ((field, found),) = refusal.value.errors.items()
    assert (field, len(found)) == ("expires_at", 1)


def test_a_change_costs_one_statement_for_each_moment(boss, django_assert_max_num_queries):
    make_role("low", mfa_required=True)
    for number in range(20):
        make_role(f"for{number}")
        hold(boss, f"for{number}", expires_at=timezone.now() + (number + 2) * HOUR)
    with django_assert_max_num_queries(28 + 22):
        change(boss, "low", permissions=[ASSIGN], mfa_required=False)
