"""Why somebody may do something, or may not, in the admin."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.utils import timezone

from tests.admin.conftest import allow, give, make_role
from tests.admin.desk import Desk
from tests.doors import shown

pytestmark = pytest.mark.django_db

EXPLAIN = "/admin/rbac/role/explain/"


@pytest.fixture
def explainer(make_staff) -> Desk:
    return Desk.of(make_staff("rbac.view_role", "accounts.view_user"))


def ask(desk: Desk, user, permission: str = "accounts.view_user") -> str:
    return shown(desk.get(EXPLAIN, user=str(user), permission=permission))


def test_the_page_of_a_user_leads_to_it(explainer, user):
    link = f"{EXPLAIN}?user={user.pk}"
    assert link in explainer.open(user).content.decode()
    asked = explainer.get(link).content.decode()
    assert f'value="{user.pk}"' in asked
    assert "errornote" not in asked


def test_every_ground_is_told_with_its_way_and_its_time(explainer, user):
    make_role("reader", 1, "accounts.view_user")
    make_role("clerk", 2, parents=("reader",))
    give(user, "clerk", expires_at=timezone.now() + timedelta(days=1))
    group = Group.objects.create(name="Keepers")
    group.permissions.add(Permission.objects.get(codename="view_user"))
    user.groups.add(group)
    allow(user, "accounts.view_user")
    for named in (user.pk, user.email, "ADA@example.com"):
        text = ask(explainer, named)
        assert "Allowed: given to the account itself; by the group Keepers" in text
        assert "by the role clerk, which inherits it from reader" in text
        assert "clerk, reader yes" in text


def test_a_refusal_is_told_with_its_reason(explainer, user):
    assert "Refused: nothing gives it" in ask(explainer, user.pk)
    make_role("reader", 1, "accounts.view_user")
    give(user, "reader", starts_at=timezone.now() + timedelta(days=1))
    assert "Refused: it was, or will be, by the role reader, which begins" in ask(
        explainer, user.pk
    )


def test_part_of_a_permission_finds_those_like_it(explainer, user):
    page = explainer.get(EXPLAIN, user=str(user.pk), permission="view_us")
    assert f"{EXPLAIN}?user={user.pk}&amp;permission=accounts.view_user" in page.content.decode()


@pytest.mark.parametrize(
    "query",
    [
        {"user": "nobody@example.com", "permission": "accounts.view_user"},
        {"user": "", "permission": ""},
        {"permission": "accounts.view_user"},
        {"user": "a\0b", "permission": "a\0b"},
        {"user": "x" * 300, "permission": "x" * 300},
    ],
)
def test_nonsense_is_no_error(explainer, query):
    page = explainer.get(EXPLAIN, **query)
    assert page.status_code == 200
    assert "Please correct the error below" in shown(page)


def test_it_needs_the_permission(make_staff):
    other = Desk.of(make_staff("rbac.change_role", "accounts.view_user"))
    assert other.get(EXPLAIN).status_code == 403


def test_nobody_learns_an_address_by_it(make_staff, user):
    desk = Desk.of(make_staff("rbac.view_role"))
    page = desk.get(EXPLAIN, user=str(user.pk), permission="accounts.view_user")
    assert f"{user.pk}, accounts.view_user: Refused: nothing gives it" in shown(page)
    assert user.email not in page.content.decode()
    known, unknown = (
        ask(desk, named).replace(named, "") for named in (user.email, "nobody@example.com")
    )
    assert known == unknown
    assert "There is no such account." in known


def test_moments_are_told_in_utc(explainer, user, settings):
    settings.TIME_ZONE = "America/New_York"
    make_role("reader", 1, "accounts.view_user")
    give(user, "reader", expires_at=datetime(2999, 1, 1, 3, tzinfo=UTC))
    text = ask(explainer, user.pk)
    assert "until 2999-01-01 03:00 UTC" in text
    assert text.count("2999-01-01 03:00") == 2
