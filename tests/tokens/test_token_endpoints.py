"""Verify, introspect, revoke: what becomes of a token that somebody presents."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.doors import Api, codes, fields
from tests.tokens.carrying import PROFILE, access_token_of, by_header, refresh_token_of, refreshed
from tests.tokens.forge import claims_of, with_claims
from tests.tokens.test_revocation import deactivate, log_out
from tokens.models import Restriction, Session

pytestmark = pytest.mark.django_db

VERIFY, INTROSPECT, REVOKE = "/auth/token/verify", "/auth/token/introspect", "/auth/token/revoke"


@pytest.fixture
def service(make_user) -> Api:
    """A confidential caller: an account of its own with the permission."""
    account = make_user("billing@example.com", name="Billing")
    account.user_permissions.add(Permission.objects.get(codename="introspect"))
    return Api().login("billing@example.com", transport="bearer")


def tell(service: Api, token: str) -> dict:
    answer = service.post(INTROSPECT, {"token": token})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.json()


def test_both_kinds_are_verified(door):
    for token in (access_token_of(door), refresh_token_of(door)):
        answer = Api().post(VERIFY, {"token": token})
        assert (answer.status_code, answer.json()) == (200, {})
    assert door.refresh().status_code == 200  # it was not used up


@pytest.mark.parametrize("end", [log_out, deactivate])
def test_a_token_of_a_session_that_is_over_is_not(bearer, end):
    tokens = bearer.access, bearer.refresh_token
    end(bearer)
    for token in tokens:
        answer = Api().post(VERIFY, {"token": token})
        assert (answer.status_code, codes(answer)) == (401, ["token_invalid"])


def test_an_expired_access_token_is_expired_and_an_expired_refresh_token_invalid(bearer, later):
    later(minutes=16)
    assert codes(Api().post(VERIFY, {"token": bearer.access})) == ["token_expired"]
    later(days=8)
    assert codes(Api().post(VERIFY, {"token": bearer.refresh_token})) == ["token_invalid"]


def test_a_refresh_token_that_was_rotated_away_is_no_good_and_alarms_nobody(bearer, later):
    old = bearer.refresh_token
    refreshed(bearer)
    assert Api().post(VERIFY, {"token": old}).status_code == 200  # the grace
    later(seconds=11)
    assert Api().post(VERIFY, {"token": old}).status_code == 401
    assert bearer.refresh().status_code == 200


@pytest.mark.parametrize("garbage", ["x", "a.b.c", "ä" * 30, "." * 4096])
def test_garbage_is_invalid(garbage):
    assert codes(Api().post(VERIFY, {"token": garbage})) == ["token_invalid"]


@pytest.mark.parametrize("path", [VERIFY, REVOKE])
@pytest.mark.parametrize("body", [{}, {"token": ""}, {"token": 7}, {"token": "x" * 4097}])
def test_what_is_no_token_is_named(bearer, path, body):
    answer = bearer.post(path, body)
    assert (answer.status_code, fields(answer)) == (400, {"token"})


def test_introspection_tells_what_counts_now(service, bearer, user):
    found = tell(service, bearer.access)
    claims = claims_of(bearer.access)
    assert found["active"] is True
    assert {name: found[name] for name in ("sub", "sid", "iss", "aud", "exp", "iat", "jti")} == {
        name: claims[name] for name in ("sub", "sid", "iss", "aud", "exp", "iat", "jti")
    }
    assert (found["token_type"], found["username"]) == ("Bearer", user.email)
    assert found["roles"] == ["user"]
    assert tell(service, bearer.refresh_token)["token_type"] == "refresh_token"
    assert bearer.refresh().status_code == 200


def test_introspection_says_nothing_of_what_is_not_active(service, bearer, later):
    tampered = with_claims(bearer.access, sub=claims_of(service.access)["sub"])
    bearer.logout()
    for token in (bearer.access, bearer.refresh_token, tampered, "x"):
        assert tell(service, token) == {"active": False}


def test_a_session_that_may_do_one_step_is_nobody_elsewhere(service, bearer):
    Session.objects.filter(pk=bearer.sid).update(restriction=Restriction.ENROL_MFA)
    assert tell(service, bearer.access) == {"active": False}
    assert codes(Api().post(VERIFY, {"token": bearer.access})) == ["token_invalid"]


def test_introspection_is_for_those_with_the_permission(bearer):
    assert codes(Api().post(INTROSPECT, {"token": "x"})) == ["not_authenticated"]
    answer = bearer.post(INTROSPECT, {"token": bearer.access})
    assert (answer.status_code, codes(answer)) == (403, ["permission_denied"])


@pytest.mark.django_db(transaction=True)
def test_introspection_costs_two_sessions_and_two_looks_at_permissions(service, bearer, warm_ring):
    with CaptureQueriesContext(connection) as captured:
        tell(service, bearer.access)
    assert len(captured) == 4


@pytest.mark.parametrize("which", [access_token_of, refresh_token_of])
def test_revoking_an_own_token_ends_its_session(door, which):
    other = Api().login(transport="bearer")
    answer = door.post(REVOKE, {"token": other.refresh_token, "token_type_hint": "refresh_token"})
    assert (answer.status_code, answer.json()) == (200, {})
    assert by_header(other.access).status_code == 401
    assert Session.objects.get(pk=other.sid).revoke_reason == "ended"

    assert door.post(REVOKE, {"token": which(door)}).status_code == 200
    assert door.get(PROFILE).status_code == 401
    assert not door.cookie("access")
    assert not door.cookie("refresh")


def test_revoking_an_expired_token_ends_its_session_too(bearer, later):
    old = bearer.access
    later(minutes=16)
    current = Api().login(transport="bearer")
    assert current.post(REVOKE, {"token": old}).status_code == 200
    assert bearer.refresh().status_code == 401


def test_somebody_elses_token_is_answered_as_an_unknown_one(bearer, make_user):
    make_user("bob@example.com")
    bob = Api().login("bob@example.com", transport="bearer")
    answers = [bob.post(REVOKE, {"token": token}) for token in (bearer.refresh_token, "x")]
    assert [(each.status_code, each.json()) for each in answers] == [(200, {})] * 2
    assert bearer.get(PROFILE).status_code == 200


def test_revoking_by_cookie_needs_the_csrf_token(browser):
    token = browser.cookie("access")
    answer = browser.post(REVOKE, {"token": token}, **{"X-CSRFToken": None})
    assert codes(answer) == ["csrf_failed"]
    assert browser.get(PROFILE).status_code == 200


# End the others -----------------------------------------------------------------------------------


def test_all_other_sessions_end(door, transport):
    others = [Api().login(transport=each) for each in ("bearer", "cookie", "hybrid")]
    assert door.delete("/auth/sessions").status_code == 204
    assert [other.get(PROFILE).status_code for other in others] == [401] * 3
    assert door.get(PROFILE).status_code == 200
    assert Session.objects.open().count() == 1


def test_only_ones_own(bearer, make_user):
    make_user("bob@example.com")
    bob = Api().login("bob@example.com", transport="bearer")
    assert bearer.delete("/auth/sessions").status_code == 204
    assert bob.get(PROFILE).status_code == 200


def test_ending_the_others_needs_a_recent_proof(door, later):
    other = Api().login(transport="bearer")
    later(minutes=11)
    answer = door.delete("/auth/sessions")
    assert (answer.status_code, codes(answer)) == (403, ["reauthentication_required"])
    assert other.get(PROFILE).status_code == 200


def test_a_refresh_is_no_proof(door, later):
    later(minutes=11)
    refreshed(door)
    assert codes(door.delete("/auth/sessions")) == ["reauthentication_required"]
