"""Somebody always holds `admin`, and somebody above it is always active."""

from functools import partial

import pytest
from django.utils import timezone

from accounts.flows import staff
from rbac.authority import OPERATOR
from rbac.errors import LastAdmin, PermissionDenied
from tests.rbac.asking import give, take
from tests.rbac.making import CLIENT, HOUR, assigned, hold

pytestmark = pytest.mark.django_db


def ways_to_end(admin, root):
    soon = timezone.now() + HOUR
    return [
        partial(take, OPERATOR, admin, "admin"),
        partial(take, root, admin, "admin"),
        partial(take, admin, admin, "admin"),
        partial(give, OPERATOR, admin, "admin", expires_at=soon),
        partial(give, root, admin, "admin", starts_at=soon),
    ]


def test_the_last_admin_stays(root, someone, refused):
    """A superuser, whose role is computed, is none; nor is who holds it not now or is inactive."""
    admin, moment = someone("admin"), timezone.now()
    hold(someone(), "admin", starts_at=moment + HOUR)
    hold(someone(), "admin", starts_at=moment - HOUR, expires_at=moment)
    someone("admin", is_active=False)
    for end in ways_to_end(admin, root):
        refused(LastAdmin, end)
    give(root, admin, "admin")
    assert assigned(admin) == {"admin"}
    second = someone("admin")
    for end in ways_to_end(admin, root):
        assert end()
        admin.role_assignments.all().delete()
        hold(admin, "admin")
    assert staff.deactivate(by=root, user=admin, client=CLIENT)
    refused(LastAdmin, partial(take, OPERATOR, second, "admin"))


def test_who_holds_it_for_a_time_does_not_stay_for_who_holds_it_for_good(someone, refused):
    admin, soon = someone("admin"), timezone.now() + HOUR
    passing = someone()
    hold(passing, "admin", expires_at=soon)
    refused(LastAdmin, partial(take, OPERATOR, admin, "admin"))
    refused(LastAdmin, partial(give, OPERATOR, admin, "admin", expires_at=soon))
    assert take(OPERATOR, passing, "admin")


def test_an_account_in_the_wrong_hands_is_shut_out_even_if_it_is_the_last_admin(root, someone):
    """Whoever may do so stands above it, and cannot shut out themselves."""
    admin = someone("admin", "moderator", is_staff=True)
    peer = someone("admin", is_staff=True)
    for by, over in ((peer, admin), (root, root), (peer, root)):
        with pytest.raises(PermissionDenied):
            staff.deactivate(by=by, user=over, client=CLIENT)
    for user in (peer, admin):
        assert staff.deactivate(by=root, user=user, client=CLIENT)


def test_the_last_admin_may_stay_for_longer(someone, root, refused):
    admin, moment = someone(), timezone.now()
    hold(admin, "admin", expires_at=moment + 2 * HOUR)
    refused(LastAdmin, partial(give, root, admin, "admin", expires_at=moment + HOUR))
    give(root, admin, "admin", expires_at=moment + 3 * HOUR)
    give(root, admin, "admin")
    assert admin.role_assignments.get().expires_at is None
