"""A restricted session does its one step, refreshes, and logs out; nothing else."""

import pytest

from tests.doors import PASSWORD, Api, codes
from tests.tokens.carrying import PROFILE, access_token_of
from tests.tokens.forge import claims_of
from tokens.models import Restriction, Session

CHANGE = {"current_password": PASSWORD, "new_password": "Difference-Engine-1822"}
CODES = {
    Restriction.ENROL_MFA: "mfa_enrollment_required",
    Restriction.CHANGE_PASSWORD: "permission_denied",
    Restriction.REOPEN: "permission_denied",
}


@pytest.fixture(params=Restriction)
def restriction(request):
    return request.param


@pytest.fixture
def restricted(door, restriction) -> Api:
    Session.objects.update(restriction=restriction)
    return door


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", PROFILE, None),
        ("PATCH", PROFILE, {"name": "Eve"}),
        ("GET", "/auth/sessions", None),
    ],
)
def test_a_restricted_session_is_refused_with_its_own_code(
    restricted, restriction, method, path, body
):
    response = restricted.request(method, path, body)
    assert response.status_code == 403
    assert codes(response) == [CODES[restriction]]
    assert "WWW-Authenticate" not in response.headers


def test_only_who_must_change_the_password_may_change_it(restricted, restriction):
    response = restricted.post("/auth/change-password", CHANGE)
    allowed = restriction == Restriction.CHANGE_PASSWORD
    assert response.status_code == (200 if allowed else 403)


def test_a_changed_password_makes_the_session_whole(door):
    Session.objects.update(restriction=Restriction.CHANGE_PASSWORD)
    door.take(response := door.post("/auth/change-password", CHANGE))
    assert response.json()["session"]["restriction"] is None
    assert door.get(PROFILE).status_code == 200


def test_a_refresh_works_and_keeps_the_restriction(restricted, restriction):
    restricted.take(response := restricted.refresh())
    assert response.status_code == 200
    assert response.json()["session"]["restriction"] == restriction
    assert restricted.get(PROFILE).status_code == 403


def test_a_restricted_session_may_log_out(restricted):
    assert restricted.logout().status_code == 204
    assert Session.objects.get().revoked_at is not None


def test_a_restricted_session_may_end_itself(restricted):
    assert restricted.delete(f"/auth/sessions/{restricted.sid}").status_code == 204
    assert Session.objects.get().revoked_at is not None


def test_to_pages_a_restricted_session_is_nobody(browser, whoami, restriction):
    Session.objects.update(restriction=restriction)
    assert whoami(browser)["user"] is None


def test_no_other_service_takes_a_restricted_session_for_a_login(restricted):
    """Verifiers elsewhere hold a token to its audience, and know of no steps."""
    whole = claims_of(access_token_of(restricted))["aud"]
    restricted.take(restricted.refresh())
    assert claims_of(access_token_of(restricted))["aud"] == "https://portcullis.test/restricted"
    assert whole == "https://portcullis.test"


def test_the_audience_of_a_whole_session_comes_back_with_it(door):
    Session.objects.update(restriction=Restriction.CHANGE_PASSWORD)
    door.take(door.refresh())
    door.take(door.post("/auth/change-password", CHANGE))
    assert claims_of(access_token_of(door))["aud"] == "https://portcullis.test"
