"""Who is let in: each forged, malformed or foreign access token is refused, however it comes."""

import time

import pytest

from tests.doors import Api, codes
from tests.tokens.carrying import CARRIERS, by_header
from tests.tokens.forge import with_claims, with_header, with_part
from tests.tokens.forgeries import CLAIMS, ENCODINGS, ROW_IS_READ, SIGNATURES

PLAIN = 'Bearer realm="api"'
CHALLENGED = 'Bearer realm="api", error="invalid_token"'
HOPELESS = {**SIGNATURES, **CLAIMS, **ENCODINGS}


@pytest.fixture(params=CARRIERS)
def carry(request):
    return CARRIERS[request.param]


def assert_refused(response, code: str = "token_invalid", challenge: str = CHALLENGED) -> None:
    assert response.status_code == 401, response.content
    assert codes(response) == [code]
    assert response.headers["WWW-Authenticate"] == challenge


@pytest.mark.usefixtures("warm_ring")
@pytest.mark.parametrize("flaw", HOPELESS)
def test_a_forged_token_is_refused_before_the_database_is_asked(
    bearer, carry, flaw, django_assert_num_queries
):
    token = HOPELESS[flaw](bearer.access)
    with django_assert_num_queries(0):
        assert_refused(carry(token))


@pytest.mark.usefixtures("warm_ring")
@pytest.mark.parametrize("flaw", ROW_IS_READ)
def test_a_well_signed_token_that_contradicts_its_session_is_refused(
    bearer, carry, flaw, django_assert_num_queries
):
    token = ROW_IS_READ[flaw](bearer.access)
    with django_assert_num_queries(1):
        assert_refused(carry(token))


def test_the_forger_would_be_let_in_had_nothing_been_forged(bearer, carry):
    assert carry(bearer.access).status_code == 200
    assert carry(with_claims(bearer.access)).status_code == 200
    assert carry(with_header(bearer.access)).status_code == 200


def test_a_token_that_names_another_living_user_is_refused(bearer, carry, make_user):
    eve = make_user("eve@example.com")
    assert_refused(carry(with_claims(bearer.access, sub=str(eve.pk))))


def test_a_refresh_token_opens_nothing(bearer, carry, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert_refused(carry(bearer.refresh_token))


def test_an_access_token_refreshes_nothing(bearer):
    response = Api().post("/auth/refresh", {"refresh": bearer.access})
    assert_refused(response)


@pytest.mark.parametrize("skew", [0, 3])
def test_a_clock_a_little_ahead_of_ours_is_forgiven(bearer, carry, skew):
    moment = int(time.time()) + skew
    assert carry(with_claims(bearer.access, iat=moment, nbf=moment)).status_code == 200


def test_without_a_token_nobody_claims_that_one_was_sent(db):
    response = Api().get("/users/profile")
    assert_refused(response, "not_authenticated", PLAIN)


def test_an_empty_cookie_is_no_token(db):
    assert_refused(CARRIERS["cookie"](""), "not_authenticated", PLAIN)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "Token abc", "bearer;a"])
def test_a_header_without_a_bearer_token_is_an_invalid_one(db, header):
    assert_refused(Api().get("/users/profile", Authorization=header))


@pytest.mark.parametrize("glue", [" \xa0", "\xa0", "\t", "  \x0b", ", Bearer ", ":"])
def test_odd_glue_between_scheme_and_token_is_refused(bearer, glue):
    response = Api().get("/users/profile", Authorization=f"Bearer{glue}{bearer.access}")
    assert_refused(response)


def test_the_scheme_is_read_without_case(bearer):
    assert Api().get("/users/profile", Authorization=f"bEARER {bearer.access}").status_code == 200


def test_an_expired_token_says_so_without_the_database(
    bearer, carry, later, warm_ring, django_assert_num_queries
):
    later(minutes=15, seconds=6)
    with django_assert_num_queries(0):
        assert_refused(carry(bearer.access), "token_expired")


def test_a_token_is_good_until_its_end_and_the_leeway(bearer, carry, later):
    later(minutes=15, seconds=2)
    assert carry(bearer.access).status_code == 200


def test_expiry_counts_for_a_token_that_was_just_seen(bearer, carry, later):
    assert carry(bearer.access).status_code == 200
    later(minutes=15, seconds=6)
    assert_refused(carry(bearer.access), "token_expired")


@pytest.mark.parametrize(
    "flaw",
    [
        "aud of somebody else",
        "iss of somebody else",
        "type refresh",
        "ver of tomorrow",
        "another key under our kid",
    ],
)
def test_an_expired_token_that_is_wrong_otherwise_is_invalid(bearer, carry, later, flaw):
    later(minutes=16)
    assert_refused(carry(HOPELESS[flaw](bearer.access)))


def test_an_expired_refresh_token_does_not_ask_for_a_refresh(bearer, carry, later):
    later(days=8)
    assert_refused(carry(bearer.refresh_token))


def test_a_refused_token_leaves_the_next_request_alone(bearer):
    assert_refused(by_header(with_part(bearer.access, 2, "AAAA")))
    assert by_header(bearer.access).status_code == 200
