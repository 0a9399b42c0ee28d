"""Rotating the signing key: nobody is logged out, and an unsafe step is not taken."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.utils import timezone

from tests.doors import Api, codes
from tests.tokens.carrying import PROFILE, access_token_of, by_header, refresh_token_of
from tests.tokens.forge import unpack
from tests.tokens.test_keyring import jwks
from tokens import jwt, keyring
from tokens.errors import KeyTooYoung
from tokens.flows import prepare_next_key, replace_compromised_keys, rotate_key, safe_from
from tokens.keyring import ring
from tokens.management.commands import rotatesigningkey
from tokens.models import KeyState, Session, SigningKey
from tokens.signals import signing_key_created, signing_key_rotated, signing_keys_refused

pytestmark = pytest.mark.usefixtures("own_ring")

ALGORITHMS = ["HS256", "RS256", "ES256", "EdDSA"]
ROW = "tokens.SigningKey.private:"


def key(state: KeyState) -> SigningKey:
    return SigningKey.objects.get(state=state)


def rotate(*arguments: str) -> str:
    said = StringIO()
    call_command("rotatesigningkey", *arguments, stdout=said, stderr=said)
    return said.getvalue()


@pytest.fixture
def naps(monkeypatch, later) -> list[float]:
    """What the command sleeps passes at once, on the clock too."""
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        later(seconds=seconds)

    monkeypatch.setattr(rotatesigningkey.time, "sleep", sleep)
    return slept


@pytest.fixture
def asymmetric(db, own_ring, settings, later) -> None:
    """A deployment that migrated with ES256, some time ago."""
    settings.TOKENS = {**settings.TOKENS, "ALGORITHM": "ES256"}
    SigningKey.objects.all().delete()
    call_command("migrate", verbosity=0)
    later(days=1)


def test_the_next_key_signs_and_the_former_one_verifies(door, listen, naps):
    heard = listen(signing_key_rotated)
    former, following = key(KeyState.ACTIVE), key(KeyState.NEXT)
    old = access_token_of(door)

    said = rotate()

    assert key(KeyState.ACTIVE) == following
    assert key(KeyState.VERIFYING) == former
    assert key(KeyState.NEXT).kid not in {former.kid, following.kid}
    assert [(fact["kid"], fact["former"]) for fact in heard] == [(following.kid, former.kid)]
    assert following.kid in said
    assert not naps  # the two were made together: whoever knows one knows the other
    assert by_header(old).status_code == 200
    door.take(response := door.refresh())
    assert response.status_code == 200
    assert unpack(access_token_of(door))[0]["kid"] == following.kid
    assert door.get(PROFILE).status_code == 200


def test_a_former_key_verifies_until_its_last_refresh_token_is_dead(user, naps):
    remembered = Api().login(transport="bearer", remember_me=True)
    rotate()
    dies = key(KeyState.VERIFYING).not_after
    last = unpack(remembered.refresh_token)[1]["exp"]
    assert dies.timestamp() >= last + keyring.RELOAD_AFTER
    assert dies.timestamp() < last + 60


def test_sessions_from_before_shorter_lifetimes_are_not_cut_short(user, naps, settings):
    remembered = Api().login(transport="bearer", remember_me=True)
    settings.TOKENS = {**settings.TOKENS, "REMEMBER_ME_LIFETIME": 3600, "REFRESH_LIFETIME": 3600}
    rotate()
    assert (
        key(KeyState.VERIFYING).not_after.timestamp() > unpack(remembered.refresh_token)[1]["exp"]
    )


@pytest.mark.usefixtures("asymmetric")
def test_a_key_that_signs_no_more_keeps_no_private_part(bearer):
    rotate()
    former = key(KeyState.VERIFYING)
    assert former.sealed_private == ""
    ring.forget()  # as a process that starts now
    assert by_header(bearer.access).status_code == 200
    assert ring.get(former.kid).signing is None


def test_a_symmetric_key_is_kept_for_verifying(bearer, naps):
    rotate()
    assert key(KeyState.VERIFYING).sealed_private
    ring.forget()
    assert by_header(bearer.access).status_code == 200


def test_a_second_rotation_waits_until_every_process_knows_the_key(bearer, naps):
    rotate()
    said = rotate()
    assert len(naps) == 1
    assert keyring.RELOAD_AFTER <= naps[0] <= keyring.RELOAD_AFTER + 1
    assert "Waiting" in said
    assert SigningKey.objects.filter(state=KeyState.VERIFYING).count() == 2
    assert by_header(bearer.access).status_code == 200


@pytest.mark.parametrize("algorithm", ALGORITHMS[1:])
def test_the_algorithm_is_switched(bearer, naps, algorithm):
    unsigned = key(KeyState.NEXT)
    said = rotate("--algorithm", algorithm)

    assert algorithm in said
    assert naps  # the new key was made just now
    assert not SigningKey.objects.filter(pk=unsigned.pk).exists()
    assert by_header(bearer.access).status_code == 200
    fresh = Api().login(transport="bearer")
    assert unpack(fresh.access)[0]["alg"] == algorithm
    assert fresh.get(PROFILE).status_code == 200
    assert {each["alg"] for each in jwks()["keys"]} == {algorithm}


def test_a_rotation_keeps_the_algorithm_whatever_the_setting_says(bearer, naps, settings):
    """Forgotten in the settings, HS256 would take the public keys from verifiers elsewhere."""
    rotate("--algorithm", "ES256")
    assert settings.TOKENS["ALGORITHM"] == "HS256"
    prepare_next_key()
    assert key(KeyState.NEXT).algorithm == "ES256"
    replace_compromised_keys()
    assert {row.algorithm for row in SigningKey.objects.exclude(state="retired")} == {"ES256"}


def test_leaving_public_keys_behind_is_said_aloud(bearer, naps):
    rotate("--algorithm", "ES256")
    assert "verifiers elsewhere refuse" in rotate("--algorithm", "HS256")


def test_a_next_key_that_does_not_open_never_signs(bearer, naps):
    SigningKey.objects.filter(state=KeyState.NEXT).update(sealed_private="gone.AAAA")
    rotate()
    assert by_header(bearer.access).status_code == 200
    assert Api().login(transport="bearer").get(PROFILE).status_code == 200


@pytest.mark.usefixtures("asymmetric")
def test_the_next_key_is_published_before_it_signs(bearer):
    published = [each["kid"] for each in jwks()["keys"]]
    assert sorted(published) == sorted([key(KeyState.ACTIVE).kid, key(KeyState.NEXT).kid])
    following = key(KeyState.NEXT)
    rotate()
    assert unpack(Api().login(transport="bearer").access)[0]["kid"] == following.kid
    assert len(jwks()["keys"]) == 3


@pytest.mark.usefixtures("asymmetric")
def test_a_key_that_verifiers_elsewhere_may_not_know_is_refused(db, later):
    rotate()
    signing = key(KeyState.ACTIVE)
    with pytest.raises(CommandError, match="Not rotated") as refused:
        rotate()
    assert refused.value.returncode == 75
    with pytest.raises(KeyTooYoung):
        rotate_key(following=key(KeyState.NEXT))
    assert key(KeyState.ACTIVE) == signing

    later(seconds=302)  # a process may have published the old list for 5 seconds more
    with pytest.raises(KeyTooYoung):
        rotate_key(following=key(KeyState.NEXT))
    later(seconds=5)
    rotate()
    assert key(KeyState.ACTIVE) != signing


@pytest.mark.usefixtures("asymmetric")
def test_switching_between_asymmetric_algorithms_publishes_first(bearer, later):
    with pytest.raises(CommandError, match="It is published"):
        rotate("--algorithm", "EdDSA")
    assert {each["alg"] for each in jwks()["keys"]} == {"ES256", "EdDSA"}
    later(seconds=307)
    rotate("--algorithm", "EdDSA")
    assert key(KeyState.ACTIVE).algorithm == "EdDSA"
    assert by_header(bearer.access).status_code in {200, 401}  # it may have expired meanwhile
    assert bearer.refresh().status_code == 200


def test_somebody_who_was_faster_is_not_followed_by_a_second_rotation(db):
    following = key(KeyState.NEXT)
    assert rotate_key(following=following)
    assert not rotate_key(following=following)
    assert key(KeyState.ACTIVE) == following


def test_an_unknown_algorithm_is_refused_by_name(db):
    before = list(SigningKey.objects.values_list("kid", "state").order_by("kid"))
    with pytest.raises(CommandError, match="none"):
        rotate("--algorithm", "none")
    assert list(SigningKey.objects.values_list("kid", "state").order_by("kid")) == before


def test_a_compromised_key_is_refused_by_processes_that_have_not_heard_of_it(door, listen):
    """The ring of this process is fresh: only the statement that reads the session can know."""
    heard = listen(signing_keys_refused)
    raw = access_token_of(door), refresh_token_of(door)
    assert by_header(raw[0]).status_code == 200
    before, compromised = vars(ring).copy(), key(KeyState.ACTIVE)

    replace_compromised_keys()
    vars(ring).update(before)

    assert ring.get(compromised.kid)
    assert codes(by_header(raw[0])) == ["token_invalid"]
    assert door.refresh().status_code == 401
    assert compromised.kid in heard[0]["kids"]
    assert not Session.objects.exclude(revoke_reason="").exists()  # no alarm: nobody reused it


def test_the_worker_ends_every_session_of_before(door, pages, listen, work):
    """Nobody could refresh them; they would hold the places of MAX_SESSIONS and confuse pages."""
    pages.log_in()
    replace_compromised_keys()
    fresh = Api().login(transport="bearer")
    work()
    assert [str(row.pk) for row in Session.objects.open()] == [fresh.sid]
    assert fresh.get(PROFILE).status_code == 200
    assert not pages.signed_in
    ended = Session.objects.exclude(pk=fresh.sid).values_list("revoke_reason", flat=True)
    assert set(ended) == {"operator"}


def test_a_login_signs_with_the_new_key_also_where_the_ring_is_old(user):
    before = vars(ring).copy()
    replace_compromised_keys()
    vars(ring).update(before)
    assert Api().login(transport="bearer").get(PROFILE).status_code == 200


def test_sessions_end_also_where_tasks_run_at_once(bearer, settings):
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}}
    replace_compromised_keys()
    assert not Session.objects.open().exists()


def test_whatever_lay_beside_a_compromised_key_is_refused_too(bearer, naps):
    rotate()
    lay_there = set(SigningKey.objects.values_list("kid", flat=True))
    said = rotate("--compromised")
    retired = SigningKey.objects.filter(state=KeyState.RETIRED)
    assert set(retired.values_list("kid", flat=True)) == lay_there
    assert set(retired.values_list("sealed_private", flat=True)) == {""}
    assert all(kid in said for kid in lay_there)
    assert codes(by_header(bearer.access)) == ["token_invalid"]
    assert jwks() == {"keys": []}


@pytest.mark.usefixtures("asymmetric")
def test_a_key_that_was_rotated_before_anybody_knew_is_refused_too(bearer):
    rotate()
    rotate("--compromised")
    assert bearer.refresh().status_code == 401


def test_a_public_part_that_does_not_belong_to_the_private_one_is_no_key(db, settings, caplog):
    replace_compromised_keys(algorithm="ES256")
    foreign = keyring.generate("ES256", state=KeyState.NEXT)
    SigningKey.objects.filter(state=KeyState.ACTIVE).update(public=foreign.public)
    ring.forget()
    assert Api().try_login(transport="bearer").status_code in {401, 503}
    assert key(KeyState.ACTIVE).kid not in {each["kid"] for each in jwks()["keys"]}


def test_preparing_twice_makes_one_key(db, listen):
    heard = listen(signing_key_created)
    assert prepare_next_key("RS256") == prepare_next_key("RS256")
    assert len(heard) == 1
    assert safe_from(key(KeyState.NEXT)) > timezone.now()


def test_an_old_key_is_reported_where_it_is_deployed(db):
    def reported() -> set[str]:
        return {message.id for message in run_checks(include_deployment_checks=True)}

    assert not {"tokens.W004", "tokens.W005"} & reported()
    long_ago = timezone.now() - timedelta(days=91)
    SigningKey.objects.filter(state=KeyState.ACTIVE).update(activated_at=long_ago)
    assert "tokens.W004" in reported()
    SigningKey.objects.filter(state=KeyState.ACTIVE).update(algorithm="ES256")
    assert "tokens.W005" in reported()


def test_the_jwks_is_not_sent_again_to_who_has_it(db):
    replace_compromised_keys(algorithm="ES256")
    api = Api()
    first = api.get("//.well-known/jwks.json")
    again = api.get("//.well-known/jwks.json", **{"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert again.headers["Cache-Control"] == "public, max-age=300"
    replace_compromised_keys(algorithm="ES256")
    changed = api.get("//.well-known/jwks.json", **{"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200


# Versions -----------------------------------------------------------------------------------------


def test_live_tokens_of_an_older_version_are_read_and_newer_ones_issued(door, monkeypatch):
    """A release that calls a claim differently: who is logged in goes on, in both kinds."""
    old = access_token_of(door)

    def to_two(claims: dict) -> dict:
        return {**claims, "ver": 2, "address": claims.get("email")}

    monkeypatch.setattr(jwt, "VERSION", 2)
    monkeypatch.setattr(jwt, "UPGRADES", {1: to_two})
    jwt._memo.clear()

    assert by_header(old).status_code == 200
    assert jwt.decode(old, kind=None).payload["address"] == "ada@example.com"
    door.take(response := door.refresh())
    assert response.status_code == 200
    assert unpack(access_token_of(door))[1]["ver"] == 2
    assert door.get(PROFILE).status_code == 200

    monkeypatch.setattr(jwt, "UPGRADES", {})
    jwt._memo.clear()
    assert codes(by_header(old)) == ["token_invalid"]
