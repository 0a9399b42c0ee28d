"""Roles given and withdrawn in the admin, on the page of a user and in a list of their own."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from rbac.effective import read
from rbac.models import Role, RoleAssignment
from rbac.signals import role_granted, role_withdrawn
from tests.admin.conftest import allow, give, make_role
from tests.admin.desk import HELD, ROLES, Desk, page_of, said
from tests.doors import shown

pytestmark = pytest.mark.django_db

ADD = "/admin/rbac/roleassignment/add/"


def form(user, slug: str, **fields) -> dict:
    role = Role.objects.get(slug=slug)
    return {"user": user.email, "role": role.pk, "reason": "Because", **fields}


def state() -> list:
    held = RoleAssignment.objects.order_by("pk").values_list(
        "user_id", "role__slug", "starts_at", "expires_at", "reason"
    )
    return [*held, LogEntry.objects.count()]


def choices(response) -> set[str]:
    field = response.context["adminform"].form.fields["role"]
    return {role.slug for role in field.queryset}


@pytest.fixture
def clerk(db) -> Role:
    return make_role("clerk", 5, "accounts.view_user")


def test_a_role_is_given_for_a_time_on_the_page_of_a_user(
    manager_desk, manager, user, clerk, listen
):
    heard = listen(role_granted)
    page = manager_desk.open(user)
    assert "In force now: user." in shown(page)
    assert f'action="{ADD}"' in page.content.decode()
    until = timezone.now().replace(second=0, microsecond=0) + timedelta(days=30)
    sent = form(user, "clerk", back=page_of(user), expires_at=until.strftime("%Y-%m-%dT%H:%M"))
    response = manager_desk.post(ADD, sent)
    assert (response.status_code, response.url) == (302, page_of(user))

    assert read(user).permissions == {"accounts.view_user"}
    held = RoleAssignment.objects.get(user=user)
    assert (held.granted_by, held.expires_at, held.reason) == (manager, until, "Because")
    assert [fact["by"] for fact in heard] == [manager]
    entry = LogEntry.objects.get()
    assert (entry.user, entry.get_change_message()) == (manager, "Given. Because")
    text = shown(manager_desk.open(user))
    assert "In force now: clerk, user." in text
    assert f"Clerk In force {held.starts_at:%Y-%m-%d %H:%M} {until:%Y-%m-%d %H:%M}" in text
    assert "manager@example.com" in text


def test_a_role_is_withdrawn_from_the_page_of_a_user(manager_desk, user, clerk, listen):
    heard = listen(role_withdrawn)
    held = give(user, "clerk")
    assert 'value="withdraw"' in manager_desk.open(user).content.decode()
    asked = manager_desk.choose("withdraw", held, what=HELD, back=page_of(user))
    assert f'href="{page_of(user)}"' in asked.content.decode()
    assert heard == []

    sent = {"confirmed": "1", "reason": "She left", "back": page_of(user)}
    response = manager_desk.choose("withdraw", held, what=HELD, **sent)
    assert (response.status_code, response.url) == (302, page_of(user))
    assert read(user).permissions == set()
    assert [(fact["slug"], fact["reason"]) for fact in heard] == [("clerk", "She left")]
    entry = LogEntry.objects.get()
    assert (entry.action_flag, entry.get_change_message()) == (DELETION, "Withdrawn. She left")


@pytest.mark.parametrize("back", ["https://evil.test/", "//evil.test/", "javascript:alert(1)"])
def test_nobody_is_led_elsewhere(manager_desk, user, clerk, back):
    response = manager_desk.post(ADD, form(user, "clerk", back=back))
    assert "evil" not in response.url
    assert response.url.startswith("/admin/")


def test_only_roles_in_reach_are_offered(manager_desk, clerk):
    make_role("auditor", 5, "auth.view_group")
    make_role("heir", 5, parents=("auditor",))
    make_role("above", 51)
    assert choices(manager_desk.get(ADD)) == {"clerk"}


@pytest.mark.usefixtures("clerk")
def test_nobody_climbs_by_a_form(manager_desk, manager, user, make_staff, root):
    make_role("auditor", 5, "auth.view_group")
    make_role("above", 60)
    superior = make_staff("auth.view_group", email="superior@example.com")
    peer = make_staff(email="peer@example.com")
    give(peer, "chief")
    before = state()
    tampered = [
        form(user, "auditor"),
        form(user, "above"),
        form(user, "chief"),
        form(user, "admin"),
        form(user, "user"),
        form(user, "clerk", role="0"),
        form(user, "clerk", role="nonsense"),
        form(manager, "clerk"),
        form(manager, "admin"),
        form(superior, "clerk"),
        form(peer, "clerk"),
        form(root, "clerk"),
    ]
    for fields in tampered:
        response = manager_desk.post(ADD, fields)
        assert response.status_code == 200, fields
        assert response.context["adminform"].form.errors, fields
        assert state() == before, fields


def test_nothing_is_taken_from_a_superior_or_out_of_reach(manager_desk, user, clerk, make_staff):
    make_role("auditor", 5, "auth.view_group")
    make_role("above", 60)
    superior = make_staff("auth.view_group", email="superior@example.com")
    held = [give(superior, "clerk"), give(user, "auditor")]
    other = make_staff(email="other@example.com")
    held.append(give(other, "above"))
    before = state()
    for row in held:
        assert 'value="withdraw"' not in manager_desk.open(row, HELD).content.decode()
        assert 'value="withdraw"' not in manager_desk.open(row.user).content.decode()
        (refusal,) = manager_desk.act("withdraw", row, what=HELD, reason="Because")
        assert "You may" in refusal
    assert state() == before


def test_people_lay_down_roles_of_their_own(manager_desk, manager):
    own = RoleAssignment.objects.get(user=manager)
    assert manager_desk.act("withdraw", own, what=HELD, reason="Enough") == [
        "1 role assignment: Withdrawn."
    ]
    assert not RoleAssignment.objects.filter(user=manager).exists()


def test_people_clear_away_what_is_over_whatever_it_demanded(manager_desk, manager):
    role = make_role("strict", 5)
    Role.objects.filter(pk=role.pk).update(mfa_required=True)
    ago = timezone.now() - timedelta(hours=2)
    own = RoleAssignment.objects.create(
        user=manager, role=role, starts_at=ago, expires_at=ago + timedelta(hours=1)
    )
    assert manager_desk.open(manager).content.decode().count('value="withdraw"') == 2
    assert manager_desk.act("withdraw", own, what=HELD, reason="Over") == [
        "1 role assignment: Withdrawn."
    ]


def test_the_last_administrator_stays(desk, user):
    held = give(user, "admin")
    (refusal,) = desk.act("withdraw", held, what=HELD, reason="Because")
    assert "last administrator" in refusal
    assert RoleAssignment.objects.filter(pk=held.pk).exists()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"user": "nobody@example.com"}, "user"),
        ({"user": "nobody"}, "user"),
        ({"reason": ""}, "reason"),
        ({"reason": "bell\x07"}, "reason"),
        ({"expires_at": "2020-01-01T00:00"}, "expires_at"),
        ({"starts_at": "2999-01-02T00:00", "expires_at": "2999-01-01T00:00"}, "expires_at"),
        ({"starts_at": "tomorrow"}, "starts_at"),
        ({"starts_at": "9999-12-31T23:59-12:00"}, "starts_at"),
        ({"expires_at": "9999-12-31T23:59-12:00"}, "expires_at"),  # no row could be read again
    ],
)
def test_what_is_wrong_stands_at_its_field(desk, user, clerk, wrong, field):
    before = state()
    sent = {"reason": "Typed with care", **form(user, "clerk"), **wrong, "back": page_of(user)}
    response = desk.post(ADD, sent)
    assert response.status_code == 200
    assert list(response.context["adminform"].form.errors) == [field]
    assert f'name="back" value="{page_of(user)}"' in response.content.decode()
    assert state() == before


def test_giving_a_role_again_gives_it_on_other_terms(desk, user, clerk):
    give(user, "clerk")
    desk.post(ADD, form(user, "clerk", expires_at="2999-01-01T00:00", reason="For a while"))
    held = RoleAssignment.objects.get(user=user)
    assert (held.expires_at.year, held.reason) == (2999, "For a while")


def test_who_may_give_roles_need_not_change_accounts(make_staff, user, clerk):
    giver = make_staff("rbac.assign_role", "rbac.view_roleassignment", "accounts.view_user")
    make_role("chief", 50)
    give(giver, "chief")
    desk = Desk.of(giver)
    assert desk.post(ADD, form(user, "clerk")).status_code == 302
    held = RoleAssignment.objects.get(user=user)
    assert desk.act("withdraw", held, what=HELD, reason="x")[-1] == (
        "1 role assignment: Withdrawn."
    )


def test_each_permission_opens_its_part_and_no_more(make_staff, user, clerk):
    held = give(user, "clerk")
    viewer = Desk.of(make_staff("rbac.view_roleassignment", "accounts.view_user"))
    assert viewer.rows(HELD).status_code == 200
    assert "Clerk In force" in shown(viewer.open(user))
    assert "withdraw" not in viewer.open(user).content.decode()
    assert viewer.get(ADD).status_code == 403
    assert viewer.post(ADD, form(user, "clerk", reason="Mine")).status_code == 403
    viewer.choose("withdraw", held, what=HELD, confirmed="1", reason="x")
    other = Desk.of(make_staff("accounts.view_user", email="other@example.com"))
    assert other.rows(HELD).status_code == 403
    assert "Clerk" not in shown(other.open(user))
    assert RoleAssignment.objects.get(user=user).reason == "To begin with"


def test_assignments_are_neither_written_over_nor_deleted_by_django(desk, user, clerk):
    held = give(user, "clerk")
    before = state()
    assert desk.post(page_of(held, HELD), {"reason": "Mine"}).status_code == 403
    delete = page_of(held, HELD).replace("/change/", "/delete/")
    assert desk.post(delete, {"post": "yes"}).status_code == 403
    desk.choose("delete_selected", held, what=HELD, post="yes")
    assert state() == before


def test_the_list_is_filtered_and_costs_as_many_statements_for_many_rows(desk, make_user, clerk):
    def cost(**query: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert desk.rows(HELD, **query).status_code == 200
        return len(captured)

    now = timezone.now()
    people = [make_user(f"user{number}@example.com", password=None) for number in range(30)]
    give(people[0], "clerk", starts_at=now + timedelta(days=1))
    give(people[1], "clerk")
    past = now - timedelta(days=9)
    RoleAssignment.objects.filter(user=people[1]).update(
        starts_at=past, expires_at=past + timedelta(days=1)
    )
    give(people[2], "clerk")
    few = cost()
    for state_of, whose in (("to-come", 0), ("expired", 1), ("in-force", 2)):
        text = shown(desk.rows(HELD, state=state_of))
        assert [person.email in text for person in people[:3]].index(True) == whose
        assert text.count("@example.com") == 1
    assert people[2].email in shown(desk.rows(HELD, q="USER2@"))
    assert people[1].email not in shown(desk.rows(HELD, q="user2@"))
    make_role("other")
    assert "0 role assignments" in shown(
        desk.rows(HELD, role__id__exact=str(Role.objects.get(slug="other").pk))
    )
    for person in people[3:]:
        give(person, "clerk")
    assert cost() == few


def test_a_role_that_is_withdrawn_ends_on_the_next_request(desk, make_staff, user):
    make_role("viewer", 5, "accounts.view_user")
    give(user, "viewer")
    get_user_model().objects.filter(pk=user.pk).update(is_staff=True)
    theirs = Desk.of(user)
    assert theirs.rows().status_code == 200
    held = RoleAssignment.objects.get(user=user)
    desk.act("withdraw", held, what=HELD, reason="Because")
    assert theirs.rows().status_code == 403
    assert said(theirs.get("/admin/")) == []


def test_moments_are_typed_and_shown_in_utc(desk, user, clerk, settings):
    settings.TIME_ZONE = "America/New_York"
    desk.post(ADD, form(user, "clerk", starts_at="2998-01-01T03:00", expires_at="2999-07-01T03:00"))
    held = RoleAssignment.objects.get(user=user)
    assert held.starts_at == datetime(2998, 1, 1, 3, tzinfo=UTC)
    assert held.expires_at == datetime(2999, 7, 1, 3, tzinfo=UTC)
    granted = f"root@example.com, {held.granted_at.astimezone(UTC):%Y-%m-%d %H:%M}"
    assert granted in shown(desk.open(user))
    for page in (desk.open(user), desk.open(held, HELD), desk.rows(HELD), desk.open(clerk, ROLES)):
        text = shown(page)
        assert "(UTC)" in text
        assert "2998-01-01 03:00" in text
        assert "2999-07-01 03:00" in text


def test_the_page_of_a_user_costs_as_many_statements_for_many_roles(manager_desk, user, later):
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert manager_desk.open(user).status_code == 200
        return len(captured)

    def hold(number: int) -> None:
        make_role(f"role-{number}", 5)
        give(user, f"role-{number}")

    hold(0)
    manager_desk.open(user)  # what a process reads once
    few = cost()
    for number in range(1, 15):
        hold(number)
    assert cost() == few
    allow(user, "auth.view_group")  # which the manager lacks: every row is asked about
    later(minutes=11)
    manager_desk.open(user)  # notes when the session was used
    many = cost()
    RoleAssignment.objects.filter(user=user, role__slug__gt="role-0").delete()
    assert cost() == many


def test_no_address_is_found_out_by_giving_roles(make_staff, user):
    giver = make_staff("rbac.assign_role", "rbac.view_roleassignment")
    make_role("chief", 50)
    give(giver, "chief")
    desk = Desk.of(giver)
    make_role("badge", 5)
    given = form(user, "badge")
    known, unknown = (
        desk.post(ADD, {**given, "user": named}).context["adminform"].form.errors
        for named in (user.email, "nobody@example.com")
    )
    assert known == unknown == {"user": ["There is no such account."]}
    assert desk.post(ADD, {**given, "user": user.pk}).status_code == 302
    assert RoleAssignment.objects.get(user=user).role.slug == "badge"
