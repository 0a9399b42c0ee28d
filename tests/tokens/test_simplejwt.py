"""SimpleJWT's surface: code that was written for it keeps working, on one row a login."""

import pytest
from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenError

from tests.doors import Api
from tests.tokens import forge
from tests.tokens.carrying import by_header, refresh_with, refreshed
from tokens.models import RevokeReason, Session, Transport
from tokens.simplejwt import AccessToken, RefreshToken


@pytest.fixture
def token(user) -> RefreshToken:
    return RefreshToken.for_user(user)


def test_for_user_opens_one_bearer_session(user, token):
    session = Session.objects.get()
    assert session.user == user
    assert session.transport == Transport.BEARER
    assert token["sub"] == str(user.pk)
    assert token["sid"] == str(session.pk)


def test_its_strings_are_tokens_that_the_api_accepts(token):
    assert by_header(str(token.access_token)).status_code == 200
    response = Api().post("/auth/refresh", {"refresh": str(token)})
    assert response.status_code == 200
    assert {"access", "refresh"} <= response.json().keys()


def test_an_access_token_carries_what_a_login_puts_there(user, token, bearer):
    ours, theirs = forge.claims_of(str(token.access_token)), forge.claims_of(bearer.access)
    assert ours.keys() == theirs.keys()
    assert ours["email"] == "ada@example.com"
    assert token.access_token.lifetime.total_seconds() == 900


def test_a_string_reads_back_as_the_token_that_it_was(token):
    again = RefreshToken(str(token))
    assert again.payload == token.payload
    assert AccessToken(str(token.access_token))["sid"] == token["sid"]


def test_a_token_of_a_login_can_be_read(bearer):
    assert RefreshToken(bearer.refresh_token)["sid"] == bearer.sid
    assert AccessToken(bearer.access)["sid"] == bearer.sid


def test_a_claim_that_the_caller_adds_is_signed(token):
    token["tenant"] = "north"
    assert RefreshToken(str(token))["tenant"] == "north"


def test_a_claim_that_the_caller_adds_is_copied_into_the_access_token(token):
    token["tenant"] = "north"
    token["email"] = "ada@north.example"
    for refresh in (token, RefreshToken(str(token))):
        said = AccessToken(str(refresh.access_token))
        assert (said["tenant"], said["email"]) == ("north", "ada@north.example")
    assert by_header(str(token.access_token)).status_code == 200


def test_nothing_else_of_a_refresh_token_is_copied(token):
    token["exp"] = token["iat"] = 0
    token["jti"] = token["sub"] = "another"
    access = token.access_token
    assert access["type"] == "access"
    assert access["aud"] != token["aud"]
    assert not {access[claim] for claim in ("exp", "iat", "jti", "sub")} & {0, "another"}
    assert by_header(str(access)).status_code == 200


def test_an_added_claim_is_taken_back_before_signing(token):
    token["tenant"] = "north"
    del token["tenant"]
    assert "tenant" not in RefreshToken(str(token))
    assert "tenant" not in token.access_token


def test_blacklist_ends_the_session_at_once(token):
    access = str(token.access_token)
    assert token.blacklist()
    assert by_header(access).status_code == 401
    assert Session.objects.get().revoke_reason == RevokeReason.LOGOUT
    with pytest.raises(TokenError, match="blacklisted"):
        token.check_blacklist()
    with pytest.raises(TokenError, match="blacklisted"):
        RefreshToken(str(token))
    with pytest.raises(TokenError, match="blacklisted"):
        token.access_token  # noqa: B018  (a property that refuses)
    assert not token.blacklist()


def test_check_blacklist_passes_a_living_token(token):
    assert token.check_blacklist() is None


def test_a_token_that_was_rotated_away_is_blacklisted(bearer):
    old = RefreshToken(bearer.refresh_token)
    refreshed(bearer)
    with pytest.raises(TokenError, match="blacklisted"):
        old.check_blacklist()
    assert RefreshToken(bearer.refresh_token)


@pytest.mark.parametrize(
    "change", [{"is_active": False}, {"credential_epoch": 7}], ids=["deactivated", "new password"]
)
def test_a_token_dies_with_what_its_user_was(user, token, change):
    type(user).objects.update(**change)
    with pytest.raises(TokenError, match="blacklisted"):
        RefreshToken(str(token))


def test_a_token_of_a_deleted_user_is_refused(user, token):
    user.delete()
    with pytest.raises(TokenError, match="blacklisted"):
        RefreshToken(str(token))
    assert not token.blacklist()


def test_nobody_opens_a_session_for_an_inactive_user(make_user):
    with pytest.raises(TokenError, match="deactivated"):
        RefreshToken.for_user(make_user(is_active=False))
    assert not Session.objects.exists()


@pytest.mark.parametrize("kind", [AccessToken, RefreshToken])
def test_an_expired_token_says_so(bearer, later, kind):
    raw = bearer.access if kind is AccessToken else bearer.refresh_token
    later(days=8)
    with pytest.raises(ExpiredTokenError):
        kind(raw)
    assert kind(raw, verify=False)["sid"] == bearer.sid


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize(
    "forgery",
    [
        lambda raw: "garbage",
        lambda raw: forge.with_part(raw, 2, "AAAA"),
        lambda raw: forge.sign(*forge.unpack(raw), secret=forge.other_secret()),
        lambda raw: forge.with_claims(raw, iss="https://evil.example"),
        lambda raw: forge.with_header(raw, alg="none"),
    ],
    ids=["garbage", "signature", "key", "issuer", "algorithm"],
)
def test_a_foreign_token_is_refused_even_where_nothing_is_to_be_verified(token, forgery, verify):
    with pytest.raises(TokenError, match="invalid"):
        RefreshToken(forgery(str(token)), verify=verify)


def test_one_kind_of_token_is_not_read_as_the_other(bearer):
    with pytest.raises(TokenError, match="wrong type"):
        RefreshToken(bearer.access)
    with pytest.raises(TokenError, match="wrong type"):
        AccessToken(bearer.refresh_token)


def test_a_refresh_through_the_api_and_a_blacklist_in_code_meet(bearer):
    RefreshToken(bearer.refresh_token).blacklist()
    assert refresh_with(bearer, bearer.refresh_token).status_code == 401
