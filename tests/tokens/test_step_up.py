"""Step-up: proving again who one is, and what that does to the session."""

import pytest
from django.utils import timezone

from accounts.signals import reauthenticated, reauthentication_failed
from tests.doors import PASSWORD, Api, codes, fields
from tests.tokens.carrying import (
    PROFILE,
    access_token_of,
    by_header,
    refresh_token_of,
    refresh_with,
)
from tokens.models import Restriction, Session

pytestmark = pytest.mark.django_db

PATH = "/auth/reauthenticate"
OTHERS = "/auth/sessions"


def test_a_proof_opens_sensitive_actions_for_ten_minutes(door, later):
    later(minutes=11)
    assert codes(door.delete(OTHERS)) == ["reauthentication_required"]
    door.take(answer := door.post(PATH, {"password": PASSWORD}))
    assert answer.status_code == 200
    assert answer.json().keys() >= {"session", "expires_in"}
    assert door.delete(OTHERS).status_code == 204
    later(minutes=10, seconds=1)
    assert codes(door.delete(OTHERS)) == ["reauthentication_required"]


def test_earlier_tokens_of_the_session_are_dead_without_grace(door):
    old, old_refresh = access_token_of(door), refresh_token_of(door)
    door.take(door.post(PATH, {"password": PASSWORD}))
    assert codes(by_header(old)) == ["token_invalid"]
    assert door.get(PROFILE).status_code == 200
    assert refresh_with(door, old_refresh).status_code == 401
    assert not Session.objects.get().revoked_at


def test_a_wrong_password_changes_nothing_and_sets_off_no_refresh(door, listen):
    heard = listen(reauthentication_failed), listen(reauthenticated)
    answer = door.post(PATH, {"password": "Not-My-Password-1"})
    assert (answer.status_code, codes(answer), fields(answer)) == (
        400, ["invalid_password"], {"password"},
    )  # fmt: skip
    assert door.get(PROFILE).status_code == 200
    assert [len(facts) for facts in heard] == [1, 0]


def test_whoever_has_no_password_cannot_prove_one(make_user, bearer, user):
    user.set_unusable_password()
    type(user).objects.filter(pk=user.pk).update(
        password=user.password, credential_epoch=user.credential_epoch
    )
    for guess in ("", "!", user.password):
        assert bearer.post(PATH, {"password": guess}).status_code == 400


def test_a_password_alone_proves_no_login_that_took_two_factors(bearer):
    Session.objects.update(second_factor_at=timezone.now())
    answer = bearer.post(PATH, {"password": PASSWORD})
    assert (answer.status_code, codes(answer)) == (403, ["reauthentication_required"])
    assert bearer.get(PROFILE).status_code == 200


def test_by_cookie_it_needs_the_csrf_token(browser):
    answer = browser.post(PATH, {"password": PASSWORD}, **{"X-CSRFToken": None})
    assert codes(answer) == ["csrf_failed"]


def test_it_lifts_no_restriction(bearer):
    Session.objects.filter(pk=bearer.sid).update(restriction=Restriction.ENROL_MFA)
    answer = bearer.post(PATH, {"password": PASSWORD})
    assert codes(answer) == ["mfa_enrollment_required"]


def test_a_stranger_has_nothing_to_prove(db):
    assert codes(Api().post(PATH, {"password": PASSWORD})) == ["not_authenticated"]


def test_the_browser_gets_another_session_key(pages, user, later):
    pages.log_in()
    before = pages.client.cookies["__Host-sessionid"].value
    response = pages.send("/accounts/reauthenticate/", {"password": PASSWORD})
    assert response.status_code == 302
    assert pages.client.cookies["__Host-sessionid"].value != before
    assert pages.signed_in
