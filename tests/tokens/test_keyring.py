"""The keys: sealed at rest, each for its own algorithm, published by their public half only."""

import base64
import uuid
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portcullis import secrets
from tests.doors import Api, codes
from tests.tokens import forge
from tests.tokens.carrying import PROFILE, by_cookie, by_header
from tokens import keyring
from tokens.keyring import generate, ring
from tokens.models import KeyState, SigningKey
from tokens.signals import signing_key_created

ASYMMETRIC = ["RS256", "ES256", "EdDSA"]
PUBLIC_MEMBERS = {
    "RS256": {"kty", "n", "e"},
    "ES256": {"kty", "crv", "x", "y"},
    "EdDSA": {"kty", "crv", "x"},
}


def sign_from_now_on_with(algorithm: str) -> SigningKey:
    SigningKey.objects.filter(state=KeyState.ACTIVE).update(state=KeyState.VERIFYING)
    row = generate(algorithm, state=KeyState.ACTIVE)
    row.save(force_insert=True)
    ring.forget()
    return row


def jwks() -> dict:
    response = Client().get("/.well-known/jwks.json", secure=True, headers={"Host": "testserver"})
    assert response.status_code == 200
    return response.json()


@pytest.fixture(params=ASYMMETRIC)
def asymmetric(request, own_ring) -> SigningKey:
    return sign_from_now_on_with(request.param)


@pytest.fixture
def reloading(own_ring, monkeypatch):
    """A process that looks at the database each time, as if ten seconds had passed."""
    monkeypatch.setattr(keyring, "RELOAD_AFTER", 0.0)


def active_key() -> SigningKey:
    return SigningKey.objects.get(state=KeyState.ACTIVE)


def test_migrate_made_the_active_key_and_the_next_one(db):
    rows = SigningKey.objects.order_by("state")
    assert [(row.algorithm, row.state, row.public) for row in rows] == [
        ("HS256", KeyState.ACTIVE, ""),
        ("HS256", KeyState.NEXT, ""),
    ]


@pytest.mark.usefixtures("own_ring")
def test_migrate_makes_missing_keys_and_leaves_an_existing_one(listen):
    heard = listen(signing_key_created)
    call_command("migrate", verbosity=0)
    assert not heard
    SigningKey.objects.all().delete()
    call_command("migrate", verbosity=0)
    made = SigningKey.objects.values_list("kid", flat=True)
    assert sorted(fact["kid"] for fact in heard) == sorted(made)
    assert active_key()


@pytest.mark.parametrize("algorithm", ["HS256", *ASYMMETRIC])
def test_the_private_part_is_nowhere_in_the_row(own_ring, algorithm):
    row = sign_from_now_on_with(algorithm)
    signing = ring.active().signing
    if algorithm == "HS256":
        private = signing
        assert len(private) == 64
    else:
        private = signing.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    row = SigningKey.objects.filter(pk=row.pk).values().get()
    stored = repr(row).encode() + base64.urlsafe_b64decode(row["sealed_private"].split(".")[1])
    assert b"PRIVATE" not in stored
    for spelling in (private, base64.b64encode(private), private.hex().encode()):
        assert spelling[-40:] not in stored


@pytest.mark.usefixtures("own_ring")
def test_a_sealed_key_copied_to_another_row_does_not_open(bearer):
    row = active_key()
    with pytest.raises(secrets.SealBroken):
        secrets.open_sealed(row.sealed_private, bound_to="tokens.SigningKey.private:another")
    planted = SigningKey(
        kid="planted", algorithm="HS256", sealed_private=row.sealed_private, state="verifying"
    )
    planted.save(force_insert=True)
    ring.forget()
    assert ring.get("planted") is None
    assert by_header(bearer.access).status_code == 200


@pytest.mark.usefixtures("own_ring")
def test_one_key_at_most_is_active(db):
    with pytest.raises(Exception, match=r"tokens_one_active_key|UNIQUE"):
        generate("HS256", state=KeyState.ACTIVE).save(force_insert=True)


def test_a_symmetric_key_is_not_published(db):
    assert jwks() == {"keys": []}


def test_the_public_half_and_nothing_else_is_published(asymmetric):
    (key,) = jwks()["keys"]
    described = {"kid", "use", "alg"}
    assert key.keys() == PUBLIC_MEMBERS[asymmetric.algorithm] | described
    assert (key["kid"], key["use"], key["alg"]) == (asymmetric.kid, "sig", asymmetric.algorithm)


def test_the_jwks_may_be_cached_and_carries_no_cookie(asymmetric):
    response = Client().get("/.well-known/jwks.json", secure=True, headers={"Host": "testserver"})
    assert response.headers["Cache-Control"] == "public, max-age=300"
    assert not response.cookies


def test_a_retired_key_is_not_published(asymmetric):
    sign_from_now_on_with("HS256")
    assert [key["kid"] for key in jwks()["keys"]] == [asymmetric.kid]
    SigningKey.objects.filter(pk=asymmetric.pk).update(state=KeyState.RETIRED)
    ring.forget()
    assert jwks() == {"keys": []}


def test_tokens_under_each_algorithm_are_accepted(asymmetric, door):
    header, _ = forge.unpack(door.access or door.cookie("access"))
    assert (header["alg"], header["kid"]) == (asymmetric.algorithm, asymmetric.kid)
    assert door.get(PROFILE).status_code == 200
    assert door.refresh().status_code == 200
    assert door.logout().status_code == 204


def test_a_rotated_key_logs_nobody_out(door, own_ring):
    sign_from_now_on_with("ES256")
    assert door.get(PROFILE).status_code == 200
    door.take(response := door.refresh())
    assert response.status_code == 200
    assert door.get(PROFILE).status_code == 200


@pytest.mark.parametrize("spelling", ["row", "stripped", "der"])
def test_a_public_key_is_no_hmac_secret(asymmetric, bearer, spelling):
    pem = asymmetric.public.encode()
    public = serialization.load_pem_public_key(pem)
    secret = {
        "row": pem,
        "stripped": pem.strip(),
        "der": public.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
    }[spelling]
    header, claims = forge.unpack(bearer.access)
    for kid in (asymmetric.kid, *SigningKey.objects.values_list("kid", flat=True)):
        token = forge.sign({**header, "alg": "HS256", "kid": kid}, claims, secret=secret)
        assert codes(by_header(token)) == ["token_invalid"]


def test_a_key_serves_its_own_algorithm_only(asymmetric, bearer):
    header, claims = forge.unpack(bearer.access)
    for alg in {"HS256", "RS256", "ES256", "EdDSA", "PS256", "RS512"} - {asymmetric.algorithm}:
        token = forge.sign({**header, "alg": alg}, claims)
        assert codes(by_header(token)) == ["token_invalid"]


@pytest.mark.parametrize("present", [by_header, by_cookie])
def test_tokens_of_unknown_keys_do_not_hammer_the_database(bearer, warm_ring, present):
    header, claims = forge.unpack(bearer.access)
    forged = [
        forge.sign({**header, "kid": uuid.uuid4().hex[:16]}, claims, secret=forge.other_secret())
        for _ in range(50)
    ]
    with CaptureQueriesContext(connection) as asked:
        assert {present(token).status_code for token in forged} == {401}
    assert len(asked) <= 2


def test_a_key_that_another_process_made_is_found_by_its_kid(bearer, own_ring, monkeypatch):
    row = generate("HS256", state=KeyState.VERIFYING)
    row.save(force_insert=True)
    secret = secrets.open_sealed(
        row.sealed_private, bound_to=f"tokens.SigningKey.private:{row.kid}"
    )
    header, claims = forge.unpack(bearer.access)
    token = forge.sign({**header, "kid": row.kid}, claims, secret=secret)
    monkeypatch.setattr(keyring, "MISS_PAUSE", 0.0)
    assert by_header(token).status_code == 200


@pytest.mark.usefixtures("reloading")
def test_a_retired_key_is_refused_also_for_tokens_seen_before(bearer):
    old = active_key()
    assert by_header(bearer.access).status_code == 200
    sign_from_now_on_with("HS256")
    assert by_header(bearer.access).status_code == 200
    SigningKey.objects.filter(pk=old.pk).update(state=KeyState.RETIRED)
    assert codes(by_header(bearer.access)) == ["token_invalid"]
    assert bearer.refresh().status_code == 401


@pytest.mark.usefixtures("own_ring")
def test_a_key_past_its_end_is_refused_also_for_tokens_seen_before(bearer, later):
    old = active_key()
    sign_from_now_on_with("HS256")
    end = timezone.now() + timedelta(seconds=30)
    SigningKey.objects.filter(pk=old.pk).update(not_after=end)
    ring.forget()
    assert by_header(bearer.access).status_code == 200
    later(seconds=31)
    assert codes(by_header(bearer.access)) == ["token_invalid"]


@pytest.mark.usefixtures("reloading")
def test_without_any_key_the_service_is_unavailable_and_lets_nobody_in(bearer):
    SigningKey.objects.all().delete()
    assert codes(by_header(bearer.access)) == ["token_invalid"]
    response = Api().try_login(transport="bearer")
    assert (response.status_code, codes(response)) == (503, ["unavailable"])
    assert response.headers["Retry-After"]
