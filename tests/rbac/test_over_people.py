"""Nobody acts on who stands as high: not directly, and not by way of a role that they hold."""

from functools import partial

import pytest
from django.contrib.auth.models import Group, Permission

from rbac.authority import OPERATOR, check_authority
from rbac.errors import PermissionDenied, SomebodyLoses
from rbac.models import Role
from tests.rbac.asking import change, delete, give, take
from tests.rbac.making import ASSIGN, CHANGE, VIEW, hold, make_role, permission

pytestmark = pytest.mark.django_db

WAYS_UP = {
    "their rank": lambda make: make("peer"),
    "an inherited rank": lambda make: make("child-of-peer"),
    "a role's permission": lambda make: make("strong"),
    "an inherited permission": lambda make: make("child-of-strong"),
    "a permission of their own": lambda make: make(may=(CHANGE,)),
    "a group's permission": lambda make: in_group(make()),
    "being a superuser": lambda make: make(is_superuser=True),
    "being inactive for now": lambda make: make("peer", is_active=False),
}


def in_group(user):
    group = Group.objects.create(name="strong")
    group.permissions.add(permission(CHANGE))
    user.groups.add(group)
    return user


@pytest.mark.parametrize("way", WAYS_UP)
def test_nobody_acts_on_who_stands_as_high(ladder, root, someone, refused, way):
    other = WAYS_UP[way](someone)
    hold(other, "low")
    refused(PermissionDenied, partial(give, ladder, other, "low"))
    refused(PermissionDenied, partial(take, ladder, other, "low"))
    refused(PermissionDenied, partial(take, ladder, other, "no-such-role"))
    with pytest.raises(PermissionDenied):
        check_authority(by=ladder, over=other)
    for by in (root, OPERATOR, other):
        check_authority(by=by, over=other)
    assert take(root, other, "low")
    assert give(OPERATOR, other, "low").granted_by is None


@pytest.mark.parametrize("way", WAYS_UP)
@pytest.mark.parametrize("held", ["low", "heir", "user"])
def test_nobody_takes_from_them_by_way_of_a_role(  # noqa: PLR0917  (fixtures)
    ladder, root, someone, refused, way, held
):
    """Also where they have it through a role that inherits it, or as everybody does."""
    make_role("heir", parents=("low",), rank=11)
    slug = "user" if held == "user" else "low"
    Role.objects.get(slug="user").permissions.add(permission(VIEW))
    other = WAYS_UP[way](someone)
    if held != "user":
        hold(other, held)
    refused(SomebodyLoses, partial(change, ladder, slug, permissions=[]))
    if slug == "low":
        refused(SomebodyLoses, partial(change, ladder, slug, rank=9))
        refused(SomebodyLoses, partial(delete, ladder, slug))
    refused(SomebodyLoses, partial(change, ladder, slug, mfa_required=True))
    change(ladder, slug, name="A name takes nothing away")
    other.role_assignments.all().delete()
    if slug == "low":
        hold(someone(), held)
        change(ladder, slug, permissions=[], rank=9)
    change(root, "user", permissions=[])


def test_a_parent_that_is_taken_away_counts_as_what_it_brought(ladder, someone, refused):
    change(OPERATOR, "low", parents=["user"])
    hold(someone("peer"), "low")
    refused(SomebodyLoses, partial(change, ladder, "low", parents=[]))


def test_at_the_rank_of_everybody_who_may_strictly_less_is_below(someone, make_user):
    may_two, may_one, may_other = (
        someone(may=codes) for codes in ((VIEW, CHANGE), (VIEW,), (ASSIGN,))
    )
    check_authority(by=may_two, over=may_one)
    for by, over in ((may_one, may_two), (may_one, someone(may=(VIEW,))), (may_two, may_other)):
        with pytest.raises(PermissionDenied):
            check_authority(by=by, over=over)
    with pytest.raises(PermissionDenied):
        check_authority(by=someone(), over=someone())


@pytest.fixture
def owner(someone):
    """Who ranks above `admin`, and may do everything, but is no superuser."""
    make_role("owner", rank=200).permissions.set(Permission.objects.all())
    return someone("owner")


def test_superusers_lose_nothing_that_they_hold_without_having_been_given_it(owner, root, refused):
    make_role("auditors", rank=5)
    admin = Role.objects.get(slug="admin")
    admin.parents.set(Role.objects.filter(slug="auditors"))
    Role.objects.filter(pk=admin.pk).update(mfa_required=True)
    refused(SomebodyLoses, partial(change, owner, "admin", mfa_required=False))
    refused(SomebodyLoses, partial(change, owner, "admin", parents=[]))
    refused(SomebodyLoses, partial(delete, owner, "auditors"))
    make_role("others", rank=5)
    delete(owner, "others")
