"""Groups in the admin: made, changed and deleted by superusers, with a reason, and announced."""

import pytest
from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission

from accounts.flows.groups import delete_group, save_group, seen_of
from accounts.signals import group_changed, group_deleted
from portcullis.client import Client
from portcullis.errors import FieldErrors
from rbac.authority import OPERATOR
from rbac.errors import PermissionDenied
from tests.admin.desk import buttons, page_of

pytestmark = pytest.mark.django_db

GROUPS = "auth_group"
ADD = "/admin/auth/group/add/"


@pytest.fixture
def view(db) -> Permission:
    return Permission.objects.get(codename="view_user")


@pytest.fixture
def keepers(view) -> Group:
    group = Group.objects.create(name="Keepers")
    group.permissions.add(view)
    return group


def state() -> list:
    return [*Group.objects.order_by("pk").values_list("name", "permissions")]


def test_a_group_is_made_changed_and_deleted_with_a_reason(desk, root, view, listen):
    changed, deleted = listen(group_changed), listen(group_deleted)
    made = {"name": "Keepers", "permissions": [view.pk], "reason": "We grow"}
    assert desk.post(ADD, made).status_code == 302
    group = Group.objects.get()
    assert state() == [("Keepers", view.pk)]

    page = desk.open(group, GROUPS)
    assert buttons(page) == ["delete_group"]
    desk.fill(page_of(group, GROUPS), "group_form", name="Readers", reason="They read")
    assert state() == [("Readers", view.pk)]
    desk.fill(page_of(group, GROUPS), "group_form", permissions=None, reason="They do not")
    assert state() == [("Readers", None)]

    assert desk.choose("delete_group", group, what=GROUPS).status_code == 200
    assert desk.act("delete_group", group, what=GROUPS, reason="We shrink") == ["1 group: Deleted."]
    assert state() == []
    facts = [(fact["group"].name, fact["fields"], fact["reason"]) for fact in changed]
    assert facts == [
        ("Keepers", ["name", "permissions"], "We grow"),
        ("Readers", ["name"], "They read"),
        ("Readers", ["permissions"], "They do not"),
    ]
    assert [(fact["name"], fact["reason"]) for fact in deleted] == [("Readers", "We shrink")]
    assert {(fact["by"], fact["client"].ip) for fact in (*changed, *deleted)} == {
        (root, "127.0.0.1")
    }
    told = LogEntry.objects.order_by("pk").values_list("action_flag", "change_message")
    assert [message for _, message in told] == [
        "Made. We grow",
        "Changed name. They read",
        "Changed permissions. They do not",
        "Deleted. We shrink",
    ]
    assert [flag for flag, _ in told][1:] == [CHANGE, CHANGE, DELETION]


def test_what_stays_as_it_is_is_not_announced(desk, keepers, view, listen):
    heard = listen(group_changed)
    sent = desk.fill(page_of(keepers, GROUPS), "group_form", reason="x")
    assert sent.status_code == 302
    assert heard == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"reason": ""}, "reason"),
        ({"reason": "bell\x07"}, "reason"),
        ({"name": "Readers"}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 151}, "name"),
        ({"permissions": ["0"]}, "permissions"),
    ],
)
def test_what_is_wrong_stands_at_its_field(desk, keepers, wrong, field):
    Group.objects.create(name="Readers")
    before = state()
    for path in (ADD, page_of(keepers, GROUPS)):
        named = {"name": "Others", "reason": "Because", "seen": seen_of(keepers)}
        response = desk.post(path, {**named, **wrong})
        assert response.status_code == 200
        assert list(response.context["adminform"].form.errors) == [field]
    assert state() == before


def test_django_deletes_no_group_past_the_flow(desk, keepers):
    delete = page_of(keepers, GROUPS).replace("/change/", "/delete/")
    assert desk.post(delete, {"post": "yes"}).status_code == 403
    desk.choose("delete_selected", keepers, what=GROUPS, post="yes")
    desk.choose("delete_group", keepers, what=GROUPS, confirmed="1", reason="")
    assert Group.objects.get() == keepers


@pytest.mark.parametrize("lost", ["is_superuser", "is_staff", "is_active"])
def test_whoever_is_no_superuser_any_more_changes_nothing(root, keepers, lost):
    get_user_model().objects.filter(pk=root.pk).update(**{lost: False})
    before, asking = state(), {"reason": "x", "client": Client()}
    for by in (root, OPERATOR):
        for group in (keepers, None):
            with pytest.raises(PermissionDenied):
                save_group(by=by, group=group, name="Mine", permissions=[], **asking)
        with pytest.raises(PermissionDenied):
            delete_group(by=by, group=keepers, **asking)
    assert state() == before


def test_flows_need_a_reason_and_a_group_that_is_there(root, keepers):
    asking = {"by": root, "group": keepers, "client": Client()}
    with pytest.raises(FieldErrors):
        delete_group(**asking, reason=" ")
    with pytest.raises(FieldErrors):
        save_group(**asking, name="Mine", permissions=[], reason=" ")
    assert delete_group(**asking, reason="x")
    assert not delete_group(**asking, reason="x")
    with pytest.raises(FieldErrors):
        save_group(**asking, name="Mine", permissions=[], reason="x")
    assert state() == []


def test_a_stale_page_brings_nothing_back(desk, keepers):
    loaded = desk.open(keepers, GROUPS)
    keepers.permissions.clear()
    answer = desk.fill(
        page_of(keepers, GROUPS), "group_form", loaded=loaded, name="Readers", reason="They read"
    )
    (told,) = answer.context["adminform"].form.non_field_errors()  # what it is about is hidden
    assert "has changed since" in told
    assert state() == [("Keepers", None)]


def test_nobody_in_particular_changes_none(keepers):
    with pytest.raises(PermissionDenied):
        delete_group(by=None, group=keepers, reason="x", client=Client())
