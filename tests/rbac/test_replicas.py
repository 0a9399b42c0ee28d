"""Beside a replica that lags: what is judged and changed is read where it is written."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from accounts.flows import groups, staff
from rbac.effective import effective
from rbac.models import Role
from tests.rbac.asking import change, create, delete, give, take
from tests.rbac.making import CLIENT, VIEW, assigned, make_role, now, permission

pytestmark = pytest.mark.django_db


class Replicas:
    """As in Django's documentation. Nobody answers there: whoever asks, fails."""

    def db_for_read(self, model, **hints):
        return "replica"

    def db_for_write(self, model, **hints):
        return "default"

    def allow_relation(self, first, second, **hints):
        return True


@pytest.fixture
def replica(settings):
    """A call sets it up, once everything is made."""
    yield lambda: setattr(settings, "DATABASE_ROUTERS", [Replicas()])
    settings.DATABASE_ROUTERS = []


def test_roles_are_written_by_what_is_there(root, someone, replica):
    make_role("low", VIEW)
    root, ada = now(root), now(someone())
    replica()
    give(root, ada, "low")
    assert VIEW in effective(ada).permissions
    change(root, "low", permissions=[])
    create(root, "new")
    take(root, ada, "low")
    delete(root, "low")
    assert set(Role.objects.values_list("slug", flat=True)) == {
        "admin", "moderator", "user", "new",
    }  # fmt: skip


def test_what_is_taken_from_a_group_is_gone(root, someone, replica):
    group = Group.objects.create(name="g")
    group.permissions.add(permission(VIEW))
    root, group = now(root), Group.objects.get()
    replica()
    asking = {"by": root, "reason": "x", "client": CLIENT}
    seen = groups.seen_of(group)
    groups.save_group(group=group, name="g", permissions=[], seen=seen, **asking)
    assert not group.permissions.using("default").exists()


def test_staff_see_privileges_as_they_are(root, someone, replica):
    root, ada = now(root), now(someone())
    replica()
    asking = {"by": root, "reason": "x", "client": CLIENT, "seen": staff.privileges_of(ada)}
    staff.change_account(user=ada, changes={"is_staff": True}, **asking)
    assert get_user_model().objects.using("default").get(pk=ada.pk).is_staff


def test_who_has_a_permission_is_found(someone, replica):
    make_role("low", VIEW)
    ada = someone("low")
    assert assigned(ada) == {"low"}
    replica()
    assert ada in get_user_model().objects.with_perm(VIEW)
