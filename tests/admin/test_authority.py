"""Over whom staff may do something: never over a superuser, or somebody who may do as much."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.utils import timezone

from accounts.flows import staff
from accounts.models import OneTimeToken
from portcullis.client import Client
from rbac.errors import PermissionDenied
from tests.admin.conftest import SUPPORT, allow
from tests.admin.desk import SESSIONS, Desk, buttons, inputs, page_of, said
from tests.doors import Api
from tokens.models import Session

pytestmark = pytest.mark.django_db

DENIED = "You may not do that to your own account, or to one that may do as much as you."
LAST = "This is the last active superuser. Make somebody else one first."
NOT_OVER_THEM = [
    "deactivate",
    "reactivate",
    "end_sessions",
    "send_reset_link",
    "resend_verification",
    "change_email",
    "lock_down",
]
TYPED = {"email": "new@example.com", "reason": "Because"}


def now(user):
    return get_user_model().objects.get(pk=user.pk)


def state() -> list:
    """All that these actions could have changed."""
    users = get_user_model().objects.order_by("pk").values_list("pk", "password", "is_active")
    sessions = Session.objects.order_by("pk").values_list("pk", "revoked_at")
    return [*users, *sessions, OneTimeToken.objects.count(), LogEntry.objects.count()]


@pytest.fixture(params=["superuser", "peer", "one permission more", "by a group", "inactive"])
def superior(request, make_user):
    """Somebody who may do as much as support staff, or more, each time for another reason."""
    user = make_user("superior@example.com", is_superuser=request.param == "superuser")
    if request.param == "by a group":
        group = Group.objects.create(name="Keepers")
        group.permissions.add(Permission.objects.get(codename="change_group"))
        user.groups.add(group)
    elif request.param == "peer":
        allow(user, *SUPPORT)
    elif request.param != "superuser":
        allow(user, "auth.change_group")
    Api().login(user.email, transport="bearer")
    if request.param == "inactive":
        type(user).objects.filter(pk=user.pk).update(is_active=False)
    return now(user)


@pytest.mark.parametrize("action", NOT_OVER_THEM)
def test_nothing_is_done_to_a_superior(support_desk, superior, action):
    before = state()
    assert support_desk.act(action, superior, **TYPED) == [f"1 user: {DENIED}"]
    assert state() == before


def test_a_superior_is_seen_and_not_changed(support_desk, superior):
    page = support_desk.open(superior)
    assert page.status_code == 200
    assert inputs(page) == set()
    assert buttons(page) == []
    assert support_desk.save(superior, name="Eve").status_code == 403
    assert now(superior).name == "Ada"


def test_sessions_of_a_superior_are_seen_and_not_ended(support_desk, superior):
    session = Session.objects.get(user=superior)
    page = support_desk.open(session, SESSIONS)
    assert page.status_code == 200
    assert buttons(page) == []
    said_so = support_desk.act("end_session", session, what=SESSIONS)
    assert said_so == [f"1 session: {DENIED}"]
    assert Session.objects.get(pk=session.pk).revoked_at is None


@pytest.mark.parametrize("more", [True, False])
def test_a_superuser_reaches_everybody(desk, make_staff, more):
    peer = make_staff(*SUPPORT)
    peer.is_superuser = more
    peer.save()
    assert desk.act("deactivate", peer) == ["1 user: Deactivated."]
    assert desk.act("reactivate", peer) == ["1 user: Reactivated."]


def test_staff_reach_those_who_may_do_less(support_desk, make_staff):
    junior = make_staff(*SUPPORT[1:], email="junior@example.com")
    assert support_desk.act("deactivate", junior) == ["1 user: Deactivated."]


def test_having_every_permission_is_not_being_a_superuser(make_staff, root):
    everything = make_staff()
    everything.user_permissions.set(Permission.objects.all())
    desk = Desk.of(everything)
    assert desk.act("end_sessions", root) == [f"1 user: {DENIED}"]
    assert desk.save(root, name="Eve").status_code == 403


@pytest.mark.parametrize("who", ["root", "support"])
def test_nobody_deactivates_themselves(request, who, root, support):
    own = request.getfixturevalue(who)
    desk = Desk.of(own)
    assert desk.act("deactivate", own) == [f"1 user: {DENIED}"]
    assert now(own).is_active
    assert "deactivate" not in buttons(desk.open(own))


@pytest.mark.parametrize("field", ["is_staff", "is_superuser"])
def test_the_last_superuser_stays_one(desk, root, make_user, field):
    make_user("former@example.com", is_superuser=True, is_staff=True, is_active=False)
    make_user("outside@example.com", is_superuser=True)  # who cannot enter the admin
    make_user("closed@example.com", is_superuser=True, is_staff=True, closed_at=timezone.now())
    others = {"is_staff": "on", "is_superuser": "on"}
    others.pop(field)
    response = desk.save(root, **others)
    assert said(desk.get(response.url)) == [LAST]
    assert (now(root).is_staff, now(root).is_superuser) == (True, True)
    assert not LogEntry.objects.exists()


def test_a_superuser_who_is_not_the_last_may_step_down(desk, root, make_user):
    make_user("grace@example.com", is_staff=True, is_superuser=True)
    assert desk.save(root, is_staff="on").status_code == 302
    assert not now(root).is_superuser


@pytest.mark.parametrize("field", ["is_staff", "is_superuser"])
def test_staff_give_nobody_privileges(support_desk, support, user, field):
    everything = [str(pk) for pk in Permission.objects.values_list("pk", flat=True)]
    for row in (user, support):
        assert inputs(support_desk.open(row)) == {"name"}
        forged = {field: "on", "user_permissions": everything, "name": "Changed"}
        assert support_desk.save(row, **forged).status_code == 302
        assert now(row).name == "Changed"
        assert now(row).is_superuser is False
        assert now(row).user_permissions.count() == row.user_permissions.count()
    assert not now(user).is_staff


@pytest.mark.parametrize(
    "changes",
    [{"is_superuser": True}, {"is_staff": True}, {"groups": []}, {"user_permissions": []}],
)
def test_a_flow_gives_no_privileges_either(support, user, changes):
    with pytest.raises(PermissionDenied):
        staff.change_account(by=support, user=user, changes=changes, client=Client())
    assert (now(user).is_staff, now(user).is_superuser) == (False, False)


@pytest.mark.parametrize("change", ["deactivated", "closed"])
def test_whoever_was_shut_out_meanwhile_decides_nothing(support, user, change):
    out = {"deactivated": {"is_active": False}, "closed": {"closed_at": timezone.now()}}
    type(user).objects.filter(pk=support.pk).update(**out[change])
    with pytest.raises(PermissionDenied):
        staff.deactivate(by=support, user=user, client=Client())
    assert now(user).is_active


def test_whoever_lost_a_privilege_meanwhile_has_lost_it(root, make_user):
    grace = make_user("grace@example.com", is_superuser=True)
    type(root).objects.filter(pk=root.pk).update(is_superuser=False)
    with pytest.raises(PermissionDenied):
        staff.deactivate(by=root, user=grace, client=Client())
    assert now(grace).is_active


def test_groups_are_for_superusers_to_change(make_staff, desk):
    group = Group.objects.create(name="Keepers")
    every = ("add", "change", "delete", "view")
    keeper = Desk.of(make_staff(*[f"auth.{verb}_group" for verb in every]))
    page = page_of(group, "auth_group")
    form = {"name": "Kept", "permissions": [], "reason": "Because"}
    assert keeper.get(page).status_code == 200
    assert inputs(keeper.get(page)) == set()
    assert keeper.post(page, form).status_code == 403
    assert keeper.post("/admin/auth/group/add/", form).status_code == 403
    assert keeper.post(page.replace("change", "delete"), {"post": "yes"}).status_code == 403
    assert Group.objects.get().name == "Keepers"
    assert desk.fill(page, "group_form", name="Kept", reason="Because").status_code == 302
    assert Group.objects.get().name == "Kept"


STALE = "Privileges have changed since this page was loaded. Nothing is saved: look again."


@pytest.mark.parametrize("what", ["is_superuser", "groups", "user_permissions"])
def test_a_page_that_was_loaded_before_gives_nothing_back(desk, make_staff, what):
    grace = make_staff("accounts.view_user")
    old, new = Group.objects.create(name="Old"), Group.objects.create(name="New")
    view, change = (Permission.objects.get(codename=f"{verb}_user") for verb in ("view", "change"))
    grace.groups.add(old)
    type(grace).objects.filter(pk=grace.pk).update(is_superuser=True)
    loaded = desk.open(grace)
    shown = {"is_staff": "on", "is_superuser": "on", "groups": [old.pk]}
    shown["user_permissions"] = [view.pk, change.pk]  # one more than the page showed
    match what:
        case "is_superuser":
            type(grace).objects.filter(pk=grace.pk).update(is_superuser=False)
        case "groups":
            grace.groups.set([new])
        case "user_permissions":
            grace.user_permissions.clear()
    before = staff.privileges_of(now(grace))

    response = desk.save(grace, loaded=loaded, **{**shown, "name": "Grace"})

    assert said(desk.get(response.url)) == [STALE]
    assert staff.privileges_of(now(grace)) == before


def test_a_privilege_chosen_before_a_mistake_in_the_name_is_kept(desk, user):
    group = Group.objects.create(name="Support")
    again = desk.save(user, name="bad\x07name", groups=[group.pk])
    assert again.status_code == 200

    desk.save(user, loaded=again, name="Grace", groups=[group.pk])

    assert list(now(user).groups.all()) == [group]


def test_whoever_is_no_staff_any_more_decides_nothing(root, make_user):
    former = make_user("former@example.com", is_staff=True, is_superuser=True)
    get_user_model().objects.filter(pk=former.pk).update(is_staff=False)

    with pytest.raises(PermissionDenied):
        staff.deactivate(by=former, user=root, client=Client())


def test_an_inactive_account_is_judged_once(
    support_desk, make_staff, django_assert_max_num_queries
):
    shut_out = make_staff(*SUPPORT[1:], email="junior@example.com")
    type(shut_out).objects.filter(pk=shut_out.pk).update(is_active=False)

    with django_assert_max_num_queries(16):
        assert support_desk.open(shut_out).status_code == 200
