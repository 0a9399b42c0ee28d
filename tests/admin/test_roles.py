"""Roles in the admin: who sees them, who makes them, and that nobody climbs by a form."""

import pytest
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from rbac.definition import Definition
from rbac.models import Role, RoleAssignment
from rbac.signals import role_changed, role_created, role_deleted
from tests.admin.conftest import give, make_role
from tests.admin.desk import ROLES, Desk, Filled, buttons, inputs, page_of, said
from tests.doors import shown

pytestmark = pytest.mark.django_db

ADD = "/admin/rbac/role/add/"
NEW = {"slug": "clerk", "name": "Clerk", "rank": "10", "reason": "We grow"}
FORM = {"name", "description", "rank", "parents", "mfa_required", "reason"}


def state() -> list:
    roles = Role.objects.order_by("slug").prefetch_related("parents", "permissions")
    held = RoleAssignment.objects.order_by("pk").values_list("user_id", "role__slug")
    return [*(Definition.of(role) for role in roles), *held, LogEntry.objects.count()]


def role(slug: str) -> Role:
    return Role.objects.get(slug=slug)


def change(desk: Desk, slug: str, /, **changes):
    page = desk.open(role(slug), ROLES)
    fields = {"reason": "Because", **changes}
    return desk.fill(page_of(role(slug), ROLES), "role_form", loaded=page, **fields)


def test_the_list_costs_as_many_statements_for_many_roles_as_for_few(manager_desk, user):
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert manager_desk.rows(ROLES).status_code == 200
        return len(captured)

    make_role("first", 1, "accounts.view_user")
    few = cost()
    for number in range(30):
        make_role(f"role-{number}", 2, "rbac.view_role", parents=("first",))
        give(user, f"role-{number}")
    assert cost() == few


def test_the_list_counts_holders_and_permissions(desk, user):
    make_role("clerk", 5, "accounts.view_user", "rbac.view_role")
    make_role("lead", 10, "accounts.view_user", "accounts.add_user", parents=("clerk",))
    give(user, "lead")
    page = desk.rows(ROLES, q="lead").content.decode()
    assert '<td class="field-holders">1</td>' in page
    assert '<td class="field-own">2</td>' in page
    assert '<td class="field-inherited">1</td>' in page
    assert "Clerk" not in page


def test_a_role_is_made_and_entered_in_the_log(manager_desk, manager, listen):
    make_role("reader", 1, "accounts.view_user")
    heard = listen(role_created)
    response = manager_desk.post(ADD, {**NEW, "parents": [role("reader").pk]})
    assert response.status_code == 302
    made = Definition.of(role("clerk"))
    assert (made.name, made.rank, made.parents) == ("Clerk", 10, {"reader"})
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id) == (manager, str(role("clerk").pk))
    assert entry.get_change_message() == "Made. We grow"
    assert [(fact["by"], fact["reason"]) for fact in heard] == [(manager, "We grow")]


def test_a_role_is_changed_and_keeps_its_permissions(manager_desk, manager, listen):
    heard = listen(role_changed)
    make_role("reader", 1)
    make_role("clerk", 5, "accounts.view_user")
    changes = {"name": "Counter clerk", "parents": [role("reader").pk], "mfa_required": "on"}
    assert change(manager_desk, "clerk", **changes).status_code == 302
    now = Definition.of(role("clerk"))
    assert (now.name, now.rank, now.mfa_required) == ("Counter clerk", 5, True)
    assert (now.parents, now.permissions) == ({"reader"}, {"accounts.view_user"})
    assert heard[0]["fields"] == ["name", "parents", "mfa_required"]
    assert heard[0]["by"] == manager
    message = LogEntry.objects.get().get_change_message()
    assert message == "Changed name, parents, mfa_required. Because"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"slug": "moderator"}, "slug"),
        ({"slug": "Not A Slug"}, "slug"),
        ({"rank": "10001"}, "rank"),
        ({"name": "bell\x07"}, "name"),
        ({"reason": ""}, "reason"),
        ({"reason": "bell\x07"}, "reason"),
        ({"reason": "x" * 201}, "reason"),
        ({"parents": ["0"]}, "parents"),
    ],
)
def test_what_is_wrong_stands_at_its_field_beside_what_was_typed(desk, wrong, field):
    before = state()
    response = desk.post(ADD, {**NEW, "description": "Typed with care", **wrong})
    assert response.status_code == 200
    assert list(response.context["adminform"].form.errors) == [field]
    assert "Typed with care" in response.content.decode()
    assert state() == before


def test_a_slug_is_never_changed(desk):
    make_role("clerk")
    assert change(desk, "clerk", slug="other").status_code == 302
    assert not Role.objects.filter(slug="other").exists()


def test_a_cycle_is_refused(desk):
    make_role("clerk")
    make_role("lead", parents=("clerk",))
    before = state()
    for parent in ("lead", "clerk"):
        response = change(desk, "clerk", parents=[role(parent).pk])
        assert "parents" in response.context["adminform"].form.errors
    assert state() == before


def test_a_role_manager_makes_nothing_as_high_as_themselves(manager_desk):
    make_role("auditor", 5, "auth.view_group")
    make_role("above", 60)
    before = state()
    tampered = [
        {"rank": "50"},
        {"rank": "100"},
        {"parents": [role("auditor").pk]},
        {"parents": [role("above").pk]},
        {"parents": [role("admin").pk]},
        {"parents": [role("chief").pk]},
        {"permissions": [Permission.objects.get(codename="view_group").pk], "rank": "50"},
    ]
    for fields in tampered:
        assert manager_desk.post(ADD, {**NEW, **fields}).status_code == 200, fields
        assert state() == before, fields


def test_a_role_manager_lifts_nothing_to_their_own_height(manager_desk):
    make_role("auditor", 5, "auth.view_group")
    make_role("clerk", 5)
    before = state()
    tampered = [{"rank": "50"}, {"rank": "9999"}, {"parents": [role("auditor").pk]}]
    for fields in tampered:
        response = change(manager_desk, "clerk", **fields)
        assert response.status_code == 200, fields
        assert response.context["adminform"].form.errors, fields
        assert state() == before, fields


@pytest.mark.parametrize("slug", ["chief", "above", "auditor", "inheriting", "admin"])
def test_a_role_out_of_reach_is_seen_and_not_touched(manager_desk, slug):
    make_role("above", 60)
    make_role("auditor", 5, "auth.view_group")
    make_role("inheriting", 5, parents=("auditor",))
    before, page = state(), manager_desk.open(role(slug), ROLES)
    assert page.status_code == 200
    assert (inputs(page), buttons(page)) == (set(), [])
    forged = {"name": "Mine", "rank": "1", "reason": "Because"}
    assert manager_desk.post(page_of(role(slug), ROLES), forged).status_code == 403
    manager_desk.choose("delete_role", role(slug), what=ROLES, confirmed="1", reason="Because")
    assert state() == before


def test_taking_from_a_superior_is_refused_on_the_page(manager_desk, make_staff):
    superior = make_staff("auth.view_group", email="superior@example.com")
    make_role("reader", 1)
    make_role("clerk", 5, "accounts.view_user", parents=("reader",))
    give(superior, "clerk")
    before = state()
    response = change(manager_desk, "clerk", parents=None, name="Typed")
    assert response.status_code == 200
    assert response.context["adminform"].form.non_field_errors()
    assert b'value="Typed"' in response.content
    assert state() == before


def test_a_page_that_was_loaded_before_gives_no_parent_back(desk):
    make_role("reader", 1)
    make_role("clerk", 5, parents=("reader",))
    loaded = desk.open(role("clerk"), ROLES)
    role("clerk").parents.clear()
    before = state()
    response = desk.fill(
        page_of(role("clerk"), ROLES), "role_form", loaded=loaded, name="Typed", reason="Because"
    )
    assert "has changed since" in shown(response)
    assert state() == before


def test_deleting_asks_how_many_lose_it_and_why(manager_desk, user, listen):
    heard = listen(role_deleted)
    make_role("clerk", 5)
    give(user, "clerk")
    clerk = role("clerk")
    assert buttons(manager_desk.open(clerk, ROLES)) == ["delete_role"]

    asked = manager_desk.choose("delete_role", clerk, what=ROLES, stay="1")
    assert "1 person holds it" in shown(asked)
    again = manager_desk.choose("delete_role", clerk, what=ROLES, confirmed="1", reason=" ")
    assert "This field is required" in shown(again)
    assert heard == []

    found = manager_desk.act("delete_role", clerk, what=ROLES, stay="1", reason="Closed")
    assert found == ["1 role: Deleted."]
    assert not Role.objects.filter(slug="clerk").exists()
    assert not RoleAssignment.objects.filter(user=user).exists()
    entry = LogEntry.objects.get()
    assert (entry.action_flag, entry.get_change_message()) == (DELETION, "Deleted. Closed")
    assert [(fact["slug"], fact["reason"]) for fact in heard] == [("clerk", "Closed")]


def test_system_roles_stay(desk):
    before = state()
    for slug in ("admin", "moderator", "user"):
        assert buttons(desk.open(role(slug), ROLES)) == []
        (refusal,) = desk.act("delete_role", role(slug), what=ROLES, reason="Because")
        assert refusal.startswith("1 role: This role is part of every installation.")
    assert state() == before


def test_django_deletes_no_role(desk):
    clerk = make_role("clerk")
    path = page_of(clerk, ROLES).replace("/change/", "/delete/")
    assert desk.get(path).status_code == 403
    assert desk.post(path, {"post": "yes"}).status_code == 403
    desk.choose("delete_selected", clerk, what=ROLES, post="yes")
    assert Role.objects.filter(slug="clerk").exists()


def test_each_permission_opens_its_part_and_no_more(make_staff):
    clerk = make_role("clerk", 0)
    allowed = make_staff("rbac.view_role", email="viewer@example.com")
    viewer, stranger = Desk.of(allowed), Desk.of(make_staff("accounts.view_user"))
    assert viewer.rows(ROLES).status_code == 200
    assert inputs(viewer.open(clerk, ROLES)) == set()
    assert viewer.get(ADD).status_code == 403
    assert viewer.post(ADD, NEW).status_code == 403
    assert viewer.post(page_of(clerk, ROLES), {"name": "Mine", "reason": "x"}).status_code == 403
    viewer.choose("delete_role", clerk, what=ROLES, confirmed="1", reason="x")
    assert stranger.rows(ROLES).status_code == 403
    assert stranger.open(clerk, ROLES).status_code == 403
    assert list(Role.objects.filter(slug="clerk").values_list("name", flat=True)) == ["Clerk"]


def test_the_page_of_a_role_shows_who_has_it_and_who_inherits(manager_desk, make_staff, make_user):
    make_role("clerk", 5, "accounts.view_user")
    make_role("lead", 10, parents=("clerk",))
    for number in range(22):
        give(make_user(f"user{number}@example.com", password=None), "clerk")
    page = manager_desk.open(role("clerk"), ROLES)
    assert inputs(page) == FORM - {"parents"} | {"parents"}
    text = shown(page)
    assert "22 in all, the newest 20 of them here" in text
    assert "user21@example.com" in text
    assert "user0@example.com" not in text
    assert "Lead (lead, rank 10)" in text
    assert f"?role__id__exact={role('clerk').pk}" in page.content.decode()

    looking = Desk.of(make_staff("rbac.view_role", email="viewer@example.com"))
    assert "user21@example.com" not in shown(looking.open(role("clerk"), ROLES))


def test_no_role_offers_itself_or_its_heirs_as_a_parent(desk):
    make_role("clerk")
    make_role("lead", parents=("clerk",))
    page = desk.open(role("clerk"), ROLES)
    offered = set(page.context["adminform"].form.fields["parents"].queryset)
    assert offered == {role("admin"), role("moderator"), role("user")}
    assert Filled(page, "role_form").fields["rank"] == ["1"]


def test_an_unknown_role_is_no_error(desk):
    response, _ = desk.follow("/admin/rbac/role/999999/change/")
    assert "Perhaps it was deleted?" in said(response)[0]
    for pk in ("999999", "9" * 30):
        assert desk.get(f"/admin/rbac/role/{pk}/permissions/").status_code in {400, 404}


def test_a_description_of_several_lines_stays_as_it_is(desk):
    """Browsers send each line's end as two characters."""
    role, longest = make_role("clerk", 5), "One\n" + "x" * 996
    Role.objects.filter(pk=role.pk).update(description=longest)
    typed = {"description": longest.replace("\n", "\r\n"), "name": "Clerks", "reason": "Because"}
    assert desk.fill(page_of(role, ROLES), "role_form", **typed).status_code == 302
    role.refresh_from_db()
    assert (role.name, role.description) == ("Clerks", longest)
