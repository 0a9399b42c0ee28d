"""Sealing what rests in the database, and telling secrets apart."""

import base64
import os

import pytest
from django.core.exceptions import ImproperlyConfigured

from portcullis import secrets
from portcullis.secrets import SealBroken, open_sealed, seal

PLAIN = b"JBSWY3DPEHPK3PXP"
ROW = "mfa.TOTPDevice.secret:1"


def new_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


@pytest.fixture
def keys(settings):
    def use(*encoded: str) -> None:
        settings.PORTCULLIS = {**settings.PORTCULLIS, "ENCRYPTION_KEYS": encoded}

    return use


def raw(sealed: str) -> tuple[str, bytes]:
    key_id, _, body = sealed.partition(".")
    return key_id, base64.urlsafe_b64decode(body)


def packed(key_id: str, body: bytes) -> str:
    return f"{key_id}.{base64.urlsafe_b64encode(body).decode()}"


@pytest.mark.parametrize(
    "plain",
    [PLAIN, b"", b"\x00" * 1000, bytes(range(256)) * 16],
    ids=["a secret", "nothing", "zeros", "every byte"],
)
def test_what_is_sealed_opens(plain):
    sealed = seal(plain, bound_to=ROW)
    assert open_sealed(sealed, bound_to=ROW) == plain
    assert not plain or plain not in raw(sealed)[1]


def test_the_same_text_never_seals_to_the_same():
    assert len({seal(PLAIN, bound_to=ROW) for _ in range(50)}) == 50


@pytest.mark.parametrize(
    "elsewhere", ["mfa.TOTPDevice.secret:2", "mfa.TOTPDevice.secret", "", ROW + " "]
)
def test_what_is_copied_to_another_row_does_not_open(elsewhere):
    sealed = seal(PLAIN, bound_to=ROW)
    with pytest.raises(SealBroken):
        open_sealed(sealed, bound_to=elsewhere)


def test_no_flipped_bit_is_overlooked():
    key_id, body = raw(seal(PLAIN, bound_to=ROW))
    for position in range(len(body)):
        for bit in range(8):
            flipped = bytearray(body)
            flipped[position] ^= 1 << bit
            with pytest.raises(SealBroken):
                open_sealed(packed(key_id, bytes(flipped)), bound_to=ROW)


def test_no_changed_character_opens_to_another_text():
    sealed = seal(PLAIN, bound_to=ROW)
    for position in range(len(sealed)):
        for other in "A_-=.!\x00\u00e9\ud800":
            changed = sealed[:position] + other + sealed[position + 1 :]
            try:
                assert open_sealed(changed, bound_to=ROW) == PLAIN
            except SealBroken:
                continue


@pytest.mark.parametrize(
    "broken", ["", ".", "x", "x.y", "12345678.", "12345678.AAAA", "\x00", "\u00e9.\u00e9"]
)
def test_what_was_never_sealed_does_not_open(broken):
    with pytest.raises(SealBroken):
        open_sealed(broken, bound_to=ROW)


def test_what_is_cut_short_or_extended_does_not_open():
    key_id, body = raw(seal(PLAIN, bound_to=ROW))
    for changed in (body[:-1], body[1:], body[:12], body[:5], b"", body + b"\x00", body + body):
        with pytest.raises(SealBroken):
            open_sealed(packed(key_id, changed), bound_to=ROW)


def test_the_newest_key_seals_and_every_older_one_opens(keys):
    old, new = new_key(), new_key()
    keys(old)
    sealed_before = seal(PLAIN, bound_to=ROW)
    keys(new, old)
    sealed_after = seal(PLAIN, bound_to=ROW)
    assert raw(sealed_before)[0] != raw(sealed_after)[0]
    assert (
        open_sealed(sealed_before, bound_to=ROW) == open_sealed(sealed_after, bound_to=ROW) == PLAIN
    )

    keys(new)
    assert open_sealed(sealed_after, bound_to=ROW) == PLAIN
    with pytest.raises(SealBroken):
        open_sealed(sealed_before, bound_to=ROW)


def test_another_key_opens_nothing_even_under_the_right_name(keys):
    keys(new_key())
    _, body = raw(seal(PLAIN, bound_to=ROW))
    keys(new_key())
    name_of_the_new_key = raw(seal(PLAIN, bound_to=ROW))[0]
    with pytest.raises(SealBroken):
        open_sealed(packed(name_of_the_new_key, body), bound_to=ROW)


@pytest.mark.parametrize(
    "encoded",
    [(), ("",), (base64.urlsafe_b64encode(b"x" * 31).decode(),), (new_key(), "short")],
    ids=["none", "empty", "31 bytes", "a short one beside a sound one"],
)
def test_keys_that_are_none_are_refused(keys, encoded):
    keys(*encoded)
    with pytest.raises(ImproperlyConfigured, match="ENCRYPTION_KEYS"):
        seal(PLAIN, bound_to=ROW)


def test_a_broken_seal_says_where_and_not_what():
    sealed = seal(PLAIN, bound_to=ROW)
    with pytest.raises(SealBroken) as refused:
        open_sealed(sealed, bound_to="elsewhere")
    assert str(refused.value) == "elsewhere"


def test_secrets_are_long_url_safe_and_never_the_same():
    made = {secrets.make_secret() for _ in range(100)}
    assert len(made) == 100
    assert all(
        len(secret) == 43 and secret.replace("-", "").replace("_", "").isalnum() for secret in made
    )


def test_comparing_takes_any_text():
    assert secrets.same("abc", "abc")
    assert not secrets.same("abc", "abd")
    assert not secrets.same("abc", "abc\x00")
    assert not secrets.same("\u00e9", "e")
    assert secrets.digest("abc") == secrets.digest("abc") != secrets.digest("abd")
