"""Rotation: one generation a refresh, forgiven within the grace, an alarm after it."""

import pytest
from django.db import OperationalError
from django.db.models import F
from django.test import override_settings

from tests.doors import Api, codes
from tests.tokens.carrying import (
    PROFILE,
    access_token_of,
    by_header,
    refresh_token_of,
    refresh_with,
    refreshed,
)
from tests.tokens.forge import claims_of
from tokens.models import RevokeReason, Session
from tokens.signals import reuse_detected, session_refreshed, session_revoked

ALARM = "Portcullis: We ended one of your sessions for your safety"


def generation(token: str) -> int:
    return claims_of(token)["gen"]


def assert_refused(response) -> None:
    assert response.status_code == 401
    assert codes(response) == ["token_invalid"]
    assert "access" not in response.json()
    assert not [name for name, morsel in response.cookies.items() if morsel.value]


@pytest.fixture
def alarms(listen):
    return listen(reuse_detected)


@pytest.fixture
def no_alarm(db, alarms, mailbox):
    """Whatever the test does: nobody is alarmed, by signal or by mail."""
    yield
    assert not alarms
    assert ALARM not in mailbox.subjects()


def test_a_refresh_gives_new_tokens_of_the_next_generation(door):
    old_access, old_refresh = access_token_of(door), refresh_token_of(door)
    refreshed(door)
    assert access_token_of(door) != old_access
    assert refresh_token_of(door) != old_refresh
    assert generation(old_refresh) == 0
    assert generation(refresh_token_of(door)) == generation(access_token_of(door)) == 1
    session = Session.objects.get()
    assert (session.generation, session.min_generation) == (1, 0)
    assert door.get(PROFILE).status_code == 200


def test_both_tokens_are_of_the_same_family(door):
    refreshed(door)
    access, refresh = claims_of(access_token_of(door)), claims_of(refresh_token_of(door))
    assert access["sid"] == refresh["sid"] == door.sid
    assert access["sub"] == refresh["sub"]
    assert access["jti"] != refresh["jti"]


def test_the_answer_says_what_the_session_is_now(door, later):
    later(hours=1)
    answer = refreshed(door).answer
    assert answer["expires_in"] == 900
    assert answer["session"]["current"] is True
    row = Session.objects.get()
    assert answer["session"]["id"] == str(row.pk)
    assert answer["session"]["last_used_at"] > answer["session"]["created_at"]


def test_a_refresh_is_announced_once(door, listen):
    heard = listen(session_refreshed)
    refreshed(door)
    assert [(fact["session"].pk, fact["rotated"]) for fact in heard] == [
        (Session.objects.get().pk, True)
    ]


def test_an_access_token_from_before_the_refresh_goes_on_until_it_expires(door):
    old = access_token_of(door)
    refreshed(door)
    assert by_header(old).status_code == 200


def test_the_same_token_again_within_the_grace_is_answered_with_the_current_one(door, no_alarm):
    old = refresh_token_of(door)
    refreshed(door)
    door.take(response := refresh_with(door, old))
    assert response.status_code == 200
    assert generation(refresh_token_of(door)) == generation(access_token_of(door)) == 1
    assert Session.objects.get().generation == 1
    assert refreshed(door).get(PROFILE).status_code == 200


def test_the_grace_may_be_used_any_number_of_times(door, no_alarm):
    old = refresh_token_of(door)
    refreshed(door)
    assert {refresh_with(door, old).status_code for _ in range(5)} == {200}
    assert Session.objects.get().generation == 1


def test_the_grace_lasts_ten_seconds(door, later, no_alarm):
    old = refresh_token_of(door)
    refreshed(door)
    later(seconds=9)
    assert refresh_with(door, old).status_code == 200


def test_an_old_token_after_the_grace_ends_the_session_and_tells_its_owner(
    door, later, alarms, listen, mailbox
):
    revocations = listen(session_revoked)
    old = refresh_token_of(door)
    refreshed(door)
    access, newest = access_token_of(door), refresh_token_of(door)
    later(seconds=11)

    assert_refused(refresh_with(door, old))

    session = Session.objects.get()
    assert session.revoke_reason == RevokeReason.REUSE
    assert session.revoked_at is not None
    assert codes(by_header(access)) == ["token_invalid"]
    assert_refused(refresh_with(door, newest))
    assert_refused(refresh_with(door, old))
    assert [(alarm["session"].pk, alarm["generation"]) for alarm in alarms] == [(session.pk, 0)]
    assert [fact["reason"] for fact in revocations] == [RevokeReason.REUSE]
    assert mailbox.subjects() == [ALARM]
    assert mailbox.latest()["To"] == "ada@example.com"


def test_reuse_leaves_the_owners_other_sessions_alone(door, later):
    elsewhere = Api().login(transport="bearer")
    old = refresh_token_of(door)
    refreshed(door)
    later(seconds=11)
    assert_refused(refresh_with(door, old))
    assert elsewhere.get(PROFILE).status_code == 200
    assert refreshed(elsewhere)


def test_two_generations_back_is_reuse_even_within_the_grace(door, alarms):
    oldest = refresh_token_of(door)
    refreshed(refreshed(door))
    assert_refused(refresh_with(door, oldest))
    assert len(alarms) == 1
    assert Session.objects.get().revoke_reason == RevokeReason.REUSE


@pytest.mark.usefixtures("no_alarm")
def test_a_token_of_an_ended_session_sets_off_no_alarm(door):
    old = refresh_token_of(door)
    newest = refresh_token_of(refreshed(refreshed(door)))
    assert door.logout().status_code == 204
    for token in (newest, old):
        assert_refused(refresh_with(door, token))
    assert Session.objects.get().revoke_reason == RevokeReason.LOGOUT


@pytest.mark.usefixtures("no_alarm")
def test_an_old_token_of_a_user_who_was_deactivated_sets_off_no_alarm(door, user, later):
    old = refresh_token_of(door)
    refreshed(door)
    type(user).objects.update(is_active=False)
    later(seconds=11)
    assert_refused(refresh_with(door, old))
    assert Session.objects.get().revoked_at is None


@pytest.mark.usefixtures("no_alarm")
def test_a_generation_ahead_of_the_row_is_a_restored_backup_and_no_theft(door):
    refreshed(door)
    Session.objects.update(generation=F("generation") - 1)
    assert_refused(door.refresh())
    assert Session.objects.get().revoked_at is None


@pytest.mark.usefixtures("no_alarm")
def test_a_token_from_before_a_password_change_is_refused_without_grace_or_alarm(door, later):
    old = refresh_token_of(door)
    change = {"current_password": "Analytical-Engine-1843", "new_password": "Difference-1822"}
    door.take(response := door.post("/auth/change-password", change))
    assert response.status_code == 200
    newest = refresh_token_of(door)
    session = Session.objects.get()
    assert session.min_generation == session.generation == generation(newest) == 1

    assert_refused(refresh_with(door, old))
    later(seconds=11)
    assert_refused(refresh_with(door, old))
    assert refresh_with(door, newest).status_code == 200


def test_fifty_refreshes_leave_one_row(door):
    for _ in range(50):
        refreshed(door)
    assert Session.objects.get().generation == 50


def test_without_any_token_there_is_nothing_to_refresh(db):
    response = Api().fetch_csrf().post("/auth/refresh")
    assert codes(response) == ["not_authenticated"]
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="api"'


def test_a_provider_that_fails_costs_no_generation(door, settings, later):
    """The client comes back after the grace with the token that it has, and is no thief."""
    with override_settings(TOKENS={**settings.TOKENS, "CLAIMS": (f"{__name__}.gone",)}):
        answer = door.refresh()
    assert (answer.status_code, codes(answer)) == (503, ["unavailable"])
    later(seconds=12)
    assert door.refresh().status_code == 200


def gone(user: object) -> None:
    raise OperationalError("the roles cannot be read")
