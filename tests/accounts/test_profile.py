"""One's own profile: what it shows, what may be changed, and what may not."""

import pytest
from django.contrib.auth import get_user_model

from accounts.signals import profile_changed
from tests.doors import Api, codes, fields

FORBIDDEN = {
    "email": "eve@example.com",
    "is_staff": True,
    "is_superuser": True,
    "is_active": False,
    "id": "00000000-0000-4000-8000-000000000000",
    "pk": 1,
    "role": "admin",
    "roles": ["admin"],
    "permissions": ["accounts.delete_user"],
    "credential_epoch": 7,
    "email_verified": False,
    "email_verified_at": None,
    "password": "Difference-Engine-1822",
    "__class__": "x",
}


def row(user):
    return get_user_model().objects.filter(pk=user.pk).values().get()


def test_the_profile_is_the_user_of_the_login_answer(door):
    answer = door.get("/users/profile")
    assert answer.status_code == 200
    assert answer.json() == door.answer["user"]


def test_a_name_is_changed_and_nothing_else(door, user):
    before = row(user)
    answer = door.patch("/users/profile", {"name": "Ada Lovelace"})
    assert answer.status_code == 200
    assert answer.json() == {**door.answer["user"], "name": "Ada Lovelace"}
    assert row(user) == {**before, "name": "Ada Lovelace"}


@pytest.mark.parametrize(
    "name", ["Zo\u00eb", "\u827e\u8fbe", "O'Neil; DROP TABLE users;--", "<b>{{ x }}</b>"]
)
def test_a_name_is_kept_as_typed(door, user, name):
    assert door.patch("/users/profile", {"name": name}).json()["name"] == name
    assert row(user)["name"] == name


@pytest.mark.parametrize("field", FORBIDDEN)
def test_any_other_field_is_named_and_nothing_is_stored(door, user, field):
    before = row(user)
    answer = door.patch("/users/profile", {"name": "Eve", field: FORBIDDEN[field]})
    assert answer.status_code == 400
    assert fields(answer) == {field}
    assert answer.json()["type"] == "validation_error"
    assert row(user) == before


def test_all_unknown_fields_are_named_at_once(door):
    assert fields(door.patch("/users/profile", FORBIDDEN)) == set(FORBIDDEN)


@pytest.mark.parametrize(
    ("name", "code"),
    [("", "blank"), ("   ", "blank"), (None, "null"), ("x" * 151, "max_length"), ([], "invalid")],
)
def test_a_bad_name_is_refused(door, user, name, code):
    before = row(user)
    answer = door.patch("/users/profile", {"name": name})
    assert (answer.status_code, codes(answer), fields(answer)) == (400, [code], {"name"})
    assert row(user) == before


def test_a_change_is_announced_and_no_change_is_not(door, user, heard):
    with heard(profile_changed) as calls:
        door.patch("/users/profile", {"name": "Ada"})
        door.patch("/users/profile", {})
        door.patch("/users/profile", {"name": "Ada Lovelace"})
    assert [(call["user"], call["fields"]) for call in calls] == [(user, ["name"])]


def test_a_stranger_sees_and_changes_nothing(user):
    assert Api().get("/users/profile").status_code == 401
    assert Api().patch("/users/profile", {"name": "Eve"}).status_code == 401
    assert row(user)["name"] == "Ada"
