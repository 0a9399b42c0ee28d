"""Nobody climbs: what each flow of roles refuses, to whom, and over whom."""

from functools import partial

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from rbac.authority import OPERATOR, check_authority
from rbac.errors import OutOfReach, PermissionDenied, SystemRoleStays
from rbac.models import Role
from tests.rbac.asking import change, create, delete, give, take
from tests.rbac.making import (
    ASSIGN,
    CHANGE,
    HOUR,
    ROLE_WRITES,
    VIEW,
    assigned,
    hold,
    make_role,
    now,
    permission,
)

pytestmark = pytest.mark.django_db

OVER = {
    "as high": {"rank": 80},
    "higher": {"rank": 10_000},
    "a permission that they lack": {"permissions": [CHANGE]},
    "a parent that ranks as high": {"parents": ["peer"]},
    "a parent that inherits what they lack": {"parents": ["child-of-strong"]},
    "admin's": {"parents": ["admin"]},
}


@pytest.mark.parametrize("what", OVER)
def test_nobody_makes_a_role_that_is_over_them_or_makes_one_so(ladder, root, refused, what):
    create(ladder, slug="mine", rank=79, permissions=[VIEW], parents=["low"])
    refused(OutOfReach, partial(create, ladder, **OVER[what]))
    refused(OutOfReach, partial(change, ladder, "mine", **OVER[what]))
    refused(OutOfReach, partial(change, ladder, "low", **OVER[what]))
    create(OPERATOR, slug="by-operator", **OVER[what])
    create(root, slug="by-root", **OVER[what])
    for by in (OPERATOR, root):
        change(by, "low", **OVER[what])
    refused(OutOfReach, partial(change, ladder, "low", rank=1, permissions=[], parents=[]))


@pytest.mark.parametrize(
    "slug", ["peer", "strong", "child-of-strong", "child-of-peer", "manager", "admin"]
)
def test_nobody_touches_a_role_that_is_over_them_even_to_shrink_it(
    ladder, root, someone, refused, slug
):
    below = someone()
    for changes in ({}, {"name": "x"}, {"rank": 1, "permissions": [], "parents": []}):
        refused(OutOfReach, partial(change, ladder, slug, **changes))
    refused(OutOfReach, partial(give, ladder, below, slug))
    hold(below, slug, starts_at=timezone.now() + HOUR)  # not yet: they stand below all the same
    refused(OutOfReach, partial(take, ladder, below, slug))
    assert give(root, below, slug).granted_by_id == root.pk
    if slug != "admin":
        refused(OutOfReach, partial(delete, ladder, slug))
        delete(root, slug)
        assert assigned(below) == set()


def test_what_is_below_them_is_theirs(ladder, someone):
    ada = someone()
    give(ladder, ada, "low")
    assert now(ada).has_perm(VIEW)
    change(ladder, "low", rank=79, permissions=[VIEW, ASSIGN], mfa_required=True)
    assert now(ada).has_perm(ASSIGN)
    assert take(ladder, ada, "low")
    assert not now(ada).has_perm(VIEW)
    delete(ladder, "low")
    assert not Role.objects.filter(slug="low").exists()


@pytest.mark.parametrize("slug", ["admin", "moderator", "user"])
def test_system_roles_stay(root, refused, slug):
    for by in (OPERATOR, root):
        refused(SystemRoleStays, partial(delete, by, slug))


def test_nobody_adds_to_what_they_hold_themselves(ladder, root, someone, refused):
    """It would outlast the role that allows it."""
    make_role("base", rank=2)
    make_role("other", ASSIGN)
    change(OPERATOR, "low", parents=["base"])
    hold(ladder, "low")
    for slug in ("low", "base", "user"):
        refused(PermissionDenied, partial(change, ladder, slug, permissions=[VIEW, ASSIGN]))
    refused(PermissionDenied, partial(change, ladder, "low", rank=11))
    refused(PermissionDenied, partial(change, ladder, "base", parents=["other"]))
    change(ladder, "low", permissions=[], rank=9)  # taking from oneself harms nobody
    ladder.role_assignments.filter(role__slug="low").delete()
    change(ladder, "base", permissions=[VIEW, ASSIGN])
    hold(root, "low")
    change(root, "low", permissions=[CHANGE])


def test_nobody_is_not_the_operator(someone, refused):
    """Whoever forgets to say who asks must not be taken for somebody with a shell."""
    make_role("low")
    ada = someone("low")
    refused(PermissionDenied, partial(create, None))
    refused(PermissionDenied, partial(change, None, "low", name="x"))
    refused(PermissionDenied, partial(delete, None, "low"))
    refused(PermissionDenied, partial(give, None, ada, "low"))
    refused(PermissionDenied, partial(take, None, ada, "low"))
    for by in (AnonymousUser(), None):
        with pytest.raises(PermissionDenied):
            check_authority(by=by, over=ada)


def test_who_ranks_with_everybody_gives_no_role_at_all(someone, refused):
    make_role("bare", rank=0)
    clerk = someone(may=(ASSIGN,))
    refused(OutOfReach, partial(give, clerk, someone(), "bare"))


def test_nobody_gives_to_themselves_and_everybody_may_lay_down(ladder, root, refused):
    refused(PermissionDenied, partial(give, ladder, ladder, "low"))
    later_on = {"expires_at": timezone.now() + HOUR}
    refused(PermissionDenied, partial(give, ladder, ladder, "manager", **later_on))
    assert take(ladder, now(ladder), "low") is False
    assert take(ladder, now(ladder), "manager")
    refused(PermissionDenied, partial(take, ladder, ladder, "manager"))
    assert give(root, root, "peer").user_id == root.pk


def test_who_asks_is_judged_as_the_database_has_them_now(ladder, someone, refused):
    """Their request was admitted a moment ago, and their object still says so."""
    ada = someone()

    def all_refused():
        assert ladder.has_perm(ASSIGN)
        refused(PermissionDenied, partial(create, ladder))
        refused(PermissionDenied, partial(change, ladder, "low", name="x"))
        refused(PermissionDenied, partial(delete, ladder, "low"))
        refused(PermissionDenied, partial(give, ladder, ada, "low"))
        refused(PermissionDenied, partial(take, ladder, ada, "low"))

    assert ladder.has_perm(ASSIGN)
    type(ladder).objects.filter(pk=ladder.pk).update(is_active=False)
    all_refused()
    type(ladder).objects.filter(pk=ladder.pk).update(is_active=True)
    ladder.role_assignments.all().delete()
    all_refused()
    type(ladder).objects.filter(pk=ladder.pk).delete()
    all_refused()


@pytest.mark.parametrize("missing", [*ROLE_WRITES, ASSIGN])
def test_each_flow_needs_its_own_permission(ladder, someone, refused, missing):
    Role.objects.get(slug="manager").permissions.remove(permission(missing))
    ada = someone()
    flows = {
        "rbac.add_role": partial(create, ladder),
        "rbac.change_role": partial(change, ladder, "low", name="New"),
        ASSIGN: partial(give, ladder, ada, "low"),
        "rbac.delete_role": partial(delete, ladder, "low"),
    }
    refused(PermissionDenied, flows.pop(missing))
    if missing == ASSIGN:
        refused(PermissionDenied, partial(take, ladder, ada, "low"))
    for allowed in flows.values():
        allowed()
