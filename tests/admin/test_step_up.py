"""Privileges are changed, and accounts acted on, by whoever has proven of late that it is them; the
rest needs no proof."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.urls import reverse

from accounts.models import OneTimeToken
from rbac.models import Role, RoleAssignment
from tests.admin.conftest import give, make_role
from tests.admin.desk import HELD, ROLES, SESSIONS, USERS, Desk, buttons, inputs, page_of, said
from tests.doors import PASSWORD, Api, Pages, shown
from tokens.models import KeyState, Session, SigningKey

pytestmark = pytest.mark.django_db

PROOF = "/accounts/reauthenticate/?next="
NOT_SAVED = "Nothing is saved: prove again that it is you, and then repeat it."
LINK = "Prove that it is you to change this"
ON_AN_ACCOUNT = ["send_reset_link", "end_sessions", "change_email", "lock_down", "deactivate"]


@pytest.fixture
def clerk(db) -> Role:
    return make_role("clerk", 5, "rbac.view_role")


def state() -> list:
    roles = Role.objects.order_by("pk").values_list("name", "rank", "permissions")
    held = RoleAssignment.objects.values_list("pk", "reason")
    users = get_user_model().objects.order_by("pk").values_list("pk", "name", "is_staff", "groups")
    groups = Group.objects.values_list("name", flat=True)
    return [*roles, *held, *users, *groups, LogEntry.objects.count()]


def refused(desk: Desk, response) -> bool:
    """Whether a request was led to the proof, and told that it saved nothing."""
    led = response.status_code == 302 and response.url.startswith(PROOF)
    return led and NOT_SAVED in shown(desk.get(response.url))


def test_every_write_to_privileges_needs_a_recent_proof(desk, user, clerk, later):
    group, held = Group.objects.create(name="Keepers"), give(user, "clerk")
    role = {"name": "Mine", "rank": "1", "reason": "x"}
    matrix = f"/admin/rbac/role/{clerk.pk}/permissions/"
    doing = {
        "confirmed": "1",
        "reason": "x",
        "post": "yes",
        "_selected_action": [str(held.pk)],
    }
    on_role = {**doing, "_selected_action": [str(clerk.pk)]}
    on_group = {**doing, "_selected_action": [str(group.pk)]}
    given = {"user": user.email, "role": clerk.pk, "reason": "Again"}
    before = state()
    seen = desk.open(user)  # while the proof was recent
    later(minutes=11)
    writes = [
        ("/admin/rbac/role/add/", {**role, "slug": "mine"}),
        (page_of(clerk, ROLES), role),
        (page_of(clerk, ROLES), {**role, "_saveasnew": "1", "slug": "mine"}),
        (matrix, {"own": [], "reason": "x"}),
        (reverse("admin:rbac_role_changelist"), {**on_role, "action": "delete_role"}),
        (
            reverse("admin:rbac_role_changelist"),
            {**on_role, "action": ["delete_role", ""], "action_index": "0"},
        ),
        ("/admin/rbac/roleassignment/add/", given),
        (reverse("admin:rbac_roleassignment_changelist"), {**doing, "action": "withdraw"}),
        (page_of(user), {"name": "Eve", "is_staff": "on"}),
        ("/admin/auth/group/add/", {"name": "Mine"}),
        (page_of(group, "auth_group"), {"name": "Mine"}),
        (reverse("admin:auth_group_changelist"), {**on_group, "action": "delete_group"}),
    ]
    for path, fields in writes:
        response = desk.post(path, fields)
        assert refused(desk, response), (path, fields, response.status_code)
        assert response.url == PROOF + path
        assert state() == before, (path, fields)
    assert refused(desk, desk.save(user, loaded=seen, name="Eve"))
    assert state() == before


def test_pages_are_read_only_until_the_proof_and_link_to_it(desk, user, clerk, later):
    group, held = Group.objects.create(name="Keepers"), give(user, "clerk")
    pages = {
        page_of(clerk, ROLES): set(),
        f"/admin/rbac/role/{clerk.pk}/permissions/?q=role": set(),
        page_of(held, HELD): set(),
        page_of(user): {"name"},
        page_of(group, "auth_group"): set(),
    }
    for path in pages:
        assert LINK not in shown(desk.get(path))
    later(minutes=11)
    for path, open_fields in pages.items():
        page = desk.get(path)
        assert LINK in shown(page), path
        assert not {"withdraw", "delete_role"} & {*buttons(page)}
        if "permissions" in path:
            assert b'name="reason"' not in page.content
        else:
            assert inputs(page) == open_fields, path
    for path in ("/admin/rbac/role/add/", "/admin/rbac/roleassignment/add/"):
        assert desk.get(path).url == PROOF + path


def test_the_link_leads_through_the_proof_and_back(desk, clerk, later):
    later(minutes=11)
    path = page_of(clerk, ROLES)
    assert f'href="{PROOF}{path}"' in desk.get(path).content.decode()
    proven = Pages(desk.api.client).send(PROOF + path, {"password": PASSWORD})
    assert (proven.status_code, proven.url) == (302, path)
    assert "name" in inputs(desk.get(path))
    response = desk.fill(path, "role_form", name="Renamed", reason="Because")
    assert response.status_code == 302
    assert Role.objects.get(pk=clerk.pk).name == "Renamed"


def test_a_name_needs_no_proof_and_brings_no_privilege_along(desk, user, later):
    group = Group.objects.create(name="Keepers")
    user.groups.add(group)
    get_user_model().objects.filter(pk=user.pk).update(is_staff=True)
    later(minutes=11)
    assert desk.save(user, name="Countess").status_code == 302
    changed = get_user_model().objects.get(pk=user.pk)
    assert (changed.name, changed.is_staff, list(changed.groups.all())) == (
        "Countess",
        True,
        [group],
    )


def acted_on() -> list:
    sessions = Session.objects.order_by("pk").values_list("pk", "revoked_at")
    keys = SigningKey.objects.order_by("pk").values_list("pk", "state")
    users = get_user_model().objects.order_by("pk").values_list("pk", "is_active")
    return [*sessions, *keys, *users, OneTimeToken.objects.count(), LogEntry.objects.count()]


def test_nobody_acts_on_accounts_sessions_or_keys_without_a_recent_proof(
    desk, user, make_user, later
):
    grace = make_user("grace@example.com")
    Api().login(grace.email, transport="bearer")
    gone = make_user("gone@example.com", is_active=False)
    session = Session.objects.get(user=grace)
    key = SigningKey.objects.get(state=KeyState.ACTIVE)
    actions = [
        (user, USERS, ON_AN_ACCOUNT),
        (gone, USERS, ["reactivate", "lock_down"]),
        (session, SESSIONS, ["end_session"]),
        (key, "tokens_signingkey", ["rotate", "replace_compromised"]),
    ]
    for row, what, names in actions:
        page = desk.open(row, what)
        assert (buttons(page), LINK in shown(page)) == (names, False)
    later(minutes=11)
    before = acted_on()
    for row, what, names in actions:
        page = desk.open(row, what)
        assert (buttons(page), LINK in shown(page)) == ([], True)
        for name in names:
            response = desk.choose(name, row, what=what, confirmed="1")
            assert refused(desk, response), name
            assert response.url == PROOF + reverse(f"admin:{what}_changelist")
    assert acted_on() == before


def test_the_proof_is_offered_to_whom_it_opens_a_button(make_staff, user, later):
    looking = Desk.of(make_staff("accounts.view_user"))
    ending = Desk.of(
        make_staff("accounts.view_user", "tokens.change_session", email="ending@example.com")
    )
    later(minutes=11)
    assert LINK not in shown(looking.open(user))
    assert LINK in shown(ending.open(user))


def test_adding_an_account_needs_no_proof(desk, later):
    later(minutes=11)
    response = desk.post("/admin/accounts/user/add/", {"email": "new@example.com", "name": "New"})
    assert response.status_code == 302
    assert not response.url.startswith(PROOF)


def test_who_may_not_anyway_is_refused_and_not_led_to_a_proof(make_staff, user, clerk, later):
    desk = Desk.of(make_staff("rbac.view_role", "rbac.view_roleassignment", "accounts.view_user"))
    held = give(user, "clerk")
    later(minutes=11)
    pages = [page_of(clerk, ROLES), f"/admin/rbac/role/{clerk.pk}/permissions/", page_of(user)]
    for path in [*pages, page_of(held, HELD)]:
        assert LINK not in shown(desk.get(path))
        assert desk.post(path, {"name": "Mine", "reason": "x"}).status_code == 403
    for path in ("/admin/rbac/role/add/", "/admin/rbac/roleassignment/add/"):
        assert desk.get(path).status_code == 403
        assert desk.post(path, {"name": "Mine"}).status_code == 403


def test_a_role_manager_is_led_to_the_proof_where_it_opens_something(
    manager_desk, user, clerk, make_staff, later
):
    superior = make_staff("auth.view_group", email="superior@example.com")
    later(minutes=11)
    assert LINK in shown(manager_desk.open(user))
    assert LINK in shown(manager_desk.open(clerk, ROLES))
    assert LINK not in shown(manager_desk.open(superior))
    assert LINK not in shown(manager_desk.open(Role.objects.get(slug="admin"), ROLES))
    assert said(manager_desk.get("/admin/")) == []
