"""Switches in the admin: closed and opened with a permission, a proof and a reason, announced."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from waffle.models import Switch

from accounts.flows.operating import FLIP, flip_switch
from accounts.signals import switch_changed
from portcullis.client import Client
from portcullis.errors import FieldErrors
from portcullis.switches import Door, is_off
from rbac.errors import PermissionDenied
from tests.admin.conftest import allow, give
from tests.admin.desk import Desk, buttons, inputs, page_of
from tests.doors import codes
from tests.doors import shown as read

pytestmark = pytest.mark.django_db(transaction=True)

SWITCHES = "waffle_switch"
LIST = "/admin/waffle/switch/"


def switch(door: Door) -> Switch:
    return Switch.objects.get(name=door)


@pytest.fixture
def operator(make_staff) -> Desk:
    return Desk.of(make_staff(FLIP, email="operator@example.com"))


@pytest.mark.parametrize("door", list(Door), ids=str)
def test_a_door_is_closed_and_opened_again_with_a_reason(operator, listen, door):
    heard = listen(switch_changed)
    assert buttons(operator.open(switch(door), SWITCHES)) == ["close"]
    asked = operator.choose("close", switch(door), what=SWITCHES)
    assert (asked.status_code, is_off(door)) == (200, False)

    told = operator.act("close", switch(door), what=SWITCHES, reason="A flood")
    assert told == ["1 Switch: Closed."]
    assert is_off(door)
    assert buttons(operator.open(switch(door), SWITCHES)) == ["open_again"]
    assert operator.act("close", switch(door), what=SWITCHES, reason="Again") == [
        "1 Switch: There was nothing to do."
    ]
    told = operator.act("open_again", switch(door), what=SWITCHES, reason="It ebbed")
    assert told == ["1 Switch: Open again."]
    assert not is_off(door)

    facts = [(fact["name"], fact["off"], fact["reason"], fact["client"].ip) for fact in heard]
    assert facts == [(door, True, "A flood", "127.0.0.1"), (door, False, "It ebbed", "127.0.0.1")]
    assert {fact["by"].email for fact in heard} == {"operator@example.com"}
    entries = LogEntry.objects.order_by("pk").values_list("change_message", flat=True)
    assert [*entries] == ["Closed. A flood", "Open again. It ebbed"]


def test_a_closed_door_is_closed_to_the_next_request(operator, api, pages):
    operator.act("close", *map(switch, Door), what=SWITCHES, reason="A flood")
    assert codes(api.register()) == ["registration_closed"]
    assert codes(api.try_login(transport="bearer")) == ["permission_denied"]
    assert "/accounts/register/" not in pages.visit("/accounts/login/").content.decode()


def test_the_page_shows_each_door_and_nothing_to_type(desk):
    Switch.objects.create(name="of_the_shop")
    page = read(desk.rows(SWITCHES))
    assert all(door.label in page and door.value in page for door in Door)
    assert "of_the_shop" not in page
    assert inputs(desk.open(switch(Door.SOCIAL), SWITCHES)) == set()
    assert desk.open(Switch.objects.get(name="of_the_shop"), SWITCHES).status_code == 302


def test_no_switch_is_added_renamed_or_deleted(desk):
    before = [*Switch.objects.order_by("pk").values_list("name", "active")]
    row = switch(Door.BEARER)
    page = page_of(row, SWITCHES)
    for path in (f"{LIST}add/", page, page.replace("/change/", "/delete/")):
        typed = {"name": "mine", "active": "on", "post": "yes", "reason": "x"}
        assert desk.post(path, typed).status_code == 403
    desk.choose("delete_selected", row, what=SWITCHES, post="yes")
    assert [*Switch.objects.order_by("pk").values_list("name", "active")] == before


def test_a_proof_is_needed(operator, later):
    later(minutes=11)
    answer = operator.choose("close", switch(Door.BEARER), what=SWITCHES, confirmed="1", reason="x")
    assert answer.url.startswith("/accounts/reauthenticate/")
    page = operator.open(switch(Door.BEARER), SWITCHES)
    assert buttons(page) == []
    assert "/accounts/reauthenticate/" in page.content.decode()
    assert not is_off(Door.BEARER)


@pytest.mark.parametrize("held", ["waffle.change_switch", "accounts.change_user"])
def test_another_permission_opens_nothing(make_staff, held):
    other = Desk.of(make_staff(held))
    assert other.rows(SWITCHES).status_code == 403
    sent = other.choose("close", switch(Door.BEARER), what=SWITCHES, confirmed="1", reason="x")
    assert (sent.status_code, is_off(Door.BEARER)) == (403, False)


def test_admins_have_the_permission(make_staff):
    admin = make_staff()
    give(admin, "admin")
    assert Desk.of(admin).rows(SWITCHES).status_code == 200


@pytest.mark.parametrize("lost", ["is_active", "is_staff", FLIP])
def test_whoever_lost_it_meanwhile_flips_nothing(make_staff, lost, listen):
    heard, by = listen(switch_changed), make_staff(FLIP)
    if lost == FLIP:
        by.user_permissions.clear()
    else:
        get_user_model().objects.update(**{lost: False})
    asking = {"door": Door.BEARER, "off": True, "client": Client()}
    with pytest.raises(PermissionDenied):
        flip_switch(by=by, reason="x", **asking)
    get_user_model().objects.update(is_active=True, is_staff=True)
    allow(by, FLIP)
    with pytest.raises(FieldErrors):
        flip_switch(by=by, reason=" ", **asking)
    assert heard == []
    assert not is_off(Door.BEARER)


def test_what_hears_of_it_and_fails_keeps_the_door_as_it_was(operator, listen):
    def refuse(**arguments):
        raise RuntimeError("whoever records it cannot")

    switch_changed.connect(refuse)
    try:
        sent = operator.choose(
            "close", switch(Door.BEARER), what=SWITCHES, confirmed="1", reason="x"
        )
    finally:
        switch_changed.disconnect(refuse)
    assert sent.status_code == 500
    assert not is_off(Door.BEARER)
