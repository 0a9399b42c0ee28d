"""Services that are not ours believe our tokens and no others: each of docs/examples as a process
of its own, beside a live server of ours."""

from contextlib import suppress

import pytest

from tests.examples.issuer import FLAWS, Login
from tests.examples.service import FILES, Answer

NOBODY = "http://127.0.0.1:1"


def assert_refused(answer: Answer, code: str) -> None:
    assert answer.status == 401, answer
    assert code in answer.body
    challenge = answer.headers["WWW-Authenticate"]
    assert challenge.startswith("Bearer")
    assert ('error="invalid_token"' in challenge) == (code != "not_authenticated")


@pytest.fixture(scope="session")
def rotated(issuer, login, running) -> Login:
    """A login after the signing key was rotated, while every example held the list from before."""
    for name in FILES:
        with suppress(pytest.skip.Exception):
            assert running(name).me(login.access).status == 200
    issuer.rotate()
    return issuer.log_in()


def test_a_token_from_a_login_is_believed(service, login):
    answer = service.me(login.access)
    assert answer.status == 200, answer
    assert answer.json == {"sub": login.claims["sub"], "roles": ["user"]}


@pytest.mark.parametrize("flaw", FLAWS)
def test_other_tokens_are_refused(service, issuer, flaw):
    code = "token_expired" if flaw == "expired" else "token_invalid"
    assert_refused(service.me(issuer.flawed[flaw]), code)


def test_whoever_brings_no_token_is_asked_for_one(service):
    assert_refused(service.me(None), "not_authenticated")


def test_a_rotation_of_the_key_goes_unnoticed(service, login, rotated):
    assert rotated.header["kid"] != login.header["kid"]
    assert service.me(login.access).status == 200
    assert service.me(rotated.access).status == 200


def test_without_keys_nobody_is_let_in(name, start, login):
    answer = start(name, issuer=NOBODY).me(login.access)
    assert answer.status == 503, answer
    assert "unavailable" in answer.body
    assert answer.headers["Retry-After"] == "5"
