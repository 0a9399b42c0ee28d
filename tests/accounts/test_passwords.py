"""Changing a known password, replacing a forgotten one, and what rests of either."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.utils import timezone
from time_machine import travel

from accounts.models import OneTimeToken
from accounts.signals import password_changed, password_reset
from tests.doors import PASSWORD, Api, codes, fields
from tokens.models import Session

pytestmark = pytest.mark.django_db

EMAIL = "ada@example.com"
NEW = "Difference-Engine-1822"
BODY = {"cookie": set(), "hybrid": {"access"}, "bearer": {"access", "refresh"}}
SOMEBODY = {
    "verified": {},
    "unverified": {"email_verified_at": None},
    "inactive": {"is_active": False},
    "without a password": {"password": None},
}


def change(api: Api, current: str = PASSWORD, new: str = NEW):
    return api.post("/auth/change-password", {"current_password": current, "new_password": new})


def forgot(email: str = EMAIL):
    return Api().post("/auth/forgot-password", {"email": email})


def reset(token: str, password: str = NEW):
    return Api().post("/auth/reset-password", {"token": token, "password": password})


def logs_in(password: str) -> bool:
    return Api().try_login(EMAIL, password, transport="bearer").status_code == 200


def stored() -> str:
    return get_user_model().objects.get().password


# Change -------------------------------------------------------------------------------------------


def test_a_changed_password_answers_fresh_tokens_by_transport(door, transport):
    before = door.access or door.cookie("access")
    answer = change(door)
    assert answer.status_code == 200
    assert answer.json().keys() == {"session", "expires_in"} | BODY[transport]
    assert answer.json()["session"]["id"] == door.sid
    door.take(answer)
    assert door.get("/users/profile").status_code == 200
    assert Api().get("/users/profile", Authorization=f"Bearer {before}").status_code == 401
    assert door.refresh().status_code == 200
    assert logs_in(NEW)
    assert not logs_in(PASSWORD)


def test_a_changed_password_ends_every_other_session(user):
    here, there = Api().login(), Api().login(transport="bearer")
    assert change(here).status_code == 200
    assert there.get("/users/profile").status_code == 401
    assert there.refresh().status_code == 401
    assert [session.pk for session in Session.objects.open()] == [
        Session.objects.get(pk=here.sid).pk
    ]


def test_the_owner_is_told_of_a_changed_password(user, api, mailbox):
    api.login()
    change(api)
    mail = mailbox.latest()
    assert (mail["To"], mail["Subject"]) == (EMAIL, "Portcullis: Your password was changed")
    assert len(mailbox.read()) == 1
    assert NEW not in mail.get_body(("plain",)).get_content()


def test_a_wrong_current_password_is_named_and_changes_nothing(user, door, mailbox):
    before = stored()
    answer = change(door, current=NEW)
    assert answer.status_code == 400
    assert (codes(answer), fields(answer)) == (["invalid_password"], {"current_password"})
    assert stored() == before
    assert door.get("/users/profile").status_code == 200
    assert mailbox.read() == []


def test_a_weak_new_password_is_named_and_changes_nothing(user, door):
    before = stored()
    answer = change(door, new="weak")
    assert answer.status_code == 400
    assert fields(answer) == {"new_password"}
    assert {"password_too_short", "password_no_upper", "password_no_digit"} <= set(codes(answer))
    assert stored() == before


def test_nobody_changes_a_password_without_a_session(user):
    assert change(Api()).status_code == 401
    assert logs_in(PASSWORD)


def test_a_changed_password_is_announced(user, api, heard):
    api.login()
    with heard(password_changed) as calls:
        change(api)
    assert [(call["user"], str(call["session"].pk)) for call in calls] == [(user, api.sid)]


# Reset --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("somebody", SOMEBODY.values(), ids=SOMEBODY)
def test_a_forgotten_password_answers_alike_for_every_address(make_user, somebody):
    make_user(**somebody)
    known, unknown = forgot(), forgot("nobody@example.com")
    assert known.status_code == 202
    assert known.content == unknown.content
    assert known.headers.keys() == unknown.headers.keys()
    assert not known.cookies


def test_asking_costs_as_many_statements_for_an_unknown_address(
    user, django_assert_num_queries, django_assert_max_num_queries
):
    with django_assert_max_num_queries(20) as known:
        forgot()
    with django_assert_num_queries(len(known.captured_queries)):
        forgot("nobody@example.com")


def test_a_forgotten_password_is_replaced_and_nobody_logged_in(user, api, mailbox):
    forgot()
    answer = reset(mailbox.token())
    assert answer.status_code == 200
    assert set(answer.json()) == {"detail"}
    assert not answer.cookies
    assert not Session.objects.exists()
    assert mailbox.subjects()[-1] == "Portcullis: Your password was changed"
    api.login(password=NEW)
    assert not logs_in(PASSWORD)


def test_only_the_newest_link_works(user, tokens):
    forgot()
    first = tokens()[0]
    forgot()
    second = tokens()[1]
    assert reset(first).status_code == 400
    assert reset(second).status_code == 200


def test_every_dead_link_is_the_same_refusal(make_user, tokens):
    ada, eve = make_user(), make_user("eve@example.com", email_verified_at=None)
    forgot()
    killed = tokens()[-1]
    forgot()
    used = tokens()[-1]
    assert reset(used).status_code == 200
    forgot()
    expired = tokens()[-1]
    OneTimeToken.alive().filter(user=ada).update(expires_at=timezone.now())
    Api().post("/auth/resend-verification", {"email": "eve@example.com"})
    other_purpose = tokens()[-1]
    forgot("eve@example.com")
    of_an_inactive = tokens()[-1]
    get_user_model().objects.filter(pk=eve.pk).update(is_active=False)

    dead = [killed, used, expired, other_purpose, of_an_inactive, "unknown", used[:-1], used + "A"]
    answers = [reset(token, "Jacquard-Loom-1804") for token in dead]
    assert {answer.status_code for answer in answers} == {400}
    assert len({answer.content for answer in answers}) == 1
    assert codes(answers[0]) == ["link_invalid"]
    assert logs_in(NEW)


def test_a_link_lives_an_hour(user, tokens):
    forgot()
    link = tokens()[0]
    with travel(timezone.now() + timedelta(minutes=61)):
        assert codes(reset(link)) == ["link_invalid"]
    with travel(timezone.now() + timedelta(minutes=59)):
        assert reset(link).status_code == 200


def test_a_weak_password_leaves_the_link_usable(user, mailbox):
    forgot()
    link = mailbox.token()
    answer = reset(link, "weak")
    assert answer.status_code == 400
    assert fields(answer) == {"password"}
    assert reset(link).status_code == 200


def test_a_reset_ends_every_session(user, door, mailbox):
    forgot()
    assert reset(mailbox.token()).status_code == 200
    assert door.get("/users/profile").status_code == 401
    assert door.refresh().status_code == 401
    assert not Session.objects.open().exists()


def test_a_reset_proves_an_unverified_address_and_kills_its_registrations(api, tokens):
    api.register(EMAIL, "Mallory-Was-First-1984", name="Mallory")
    strangers_link = tokens()[0]
    forgot()
    assert reset(tokens()[-1]).status_code == 200
    assert logs_in(NEW)
    refused = Api().post("/auth/verify-email", {"token": strangers_link})
    assert codes(refused) == ["link_invalid"]
    assert not logs_in("Mallory-Was-First-1984")


def test_a_reset_link_dies_when_the_password_changes(user, api, mailbox):
    forgot()
    link = mailbox.token()
    api.login()
    assert change(api).status_code == 200
    assert codes(reset(link, "Jacquard-Loom-1804")) == ["link_invalid"]
    assert logs_in(NEW)


def test_a_reset_is_announced(user, heard, mailbox):
    forgot()
    with heard(password_reset) as calls:
        reset(mailbox.token())
    assert [call["user"] for call in calls] == [user]


# Hashes -------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("shipped_hasher")
def test_a_password_rests_as_argon2id_with_owasp_s_parameters(make_user, everything_stored):
    make_user()
    assert stored().startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert PASSWORD not in everything_stored()


@pytest.mark.parametrize("hasher", ["pbkdf2_sha256", "bcrypt_sha256"])
def test_an_older_hash_is_upgraded_at_login_and_nobody_is_logged_out(
    user, door, hasher, shipped_hasher
):
    older = make_password(PASSWORD, hasher=hasher)
    get_user_model().objects.filter(pk=user.pk).update(password=older, credential_epoch=0)
    assert not logs_in(NEW)
    assert stored() == older
    assert logs_in(PASSWORD)
    assert stored().startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert door.get("/users/profile").status_code == 200
    user.refresh_from_db()
    assert user.credential_epoch == 0


def test_an_upgrade_that_overlaps_a_change_does_not_write_the_old_password_back(user):
    older = make_password(PASSWORD, hasher="pbkdf2_sha256")
    get_user_model().objects.filter(pk=user.pk).update(password=older, credential_epoch=0)
    logging_in, changing = get_user_model().objects.get(), get_user_model().objects.get()
    changing.set_password(NEW)
    changing.save()
    assert logging_in.check_password(PASSWORD)  # its copy still has the hash that it read
    assert logs_in(NEW)
    assert not logs_in(PASSWORD)
