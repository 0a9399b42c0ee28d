"""A failing login costs the same hashing whoever it is about: counted, for clocks are noisy."""

from collections import Counter

import argon2
import bcrypt
import pytest
from argon2 import low_level
from django.contrib.auth import get_user_model, hashers
from django.contrib.auth.hashers import make_password

from accounts.passwords import verifying
from tests.doors import PASSWORD, Api
from tests.hashers import LITTLE, LeastArgon2idHasher, LittleBCryptSHA256Hasher, LittlePBKDF2Hasher

pytestmark = pytest.mark.django_db

WRONG = "Difference-Engine-1822"


class FormerArgon2id(LeastArgon2idHasher):
    time_cost = 2


class FormerBCrypt(LittleBCryptSHA256Hasher):
    rounds = 4


class FormerPBKDF2(LittlePBKDF2Hasher):
    iterations = 400


def stored(hasher: hashers.BasePasswordHasher) -> str:
    return hasher.encode(PASSWORD, hasher.salt())


SOUND = {"nobody": None, "current": LeastArgon2idHasher(), "none": "!unusable"}
LEGACY = {
    "an algorithm that is gone": "sha1$a$b",
    "former argon2": FormerArgon2id(),
    "bcrypt": LittleBCryptSHA256Hasher(),
    "former bcrypt": FormerBCrypt(),
    "pbkdf2": LittlePBKDF2Hasher(),
    "former pbkdf2": FormerPBKDF2(),
}


@pytest.fixture(autouse=True)
def little(settings) -> None:
    settings.PASSWORD_HASHERS = LITTLE


@pytest.fixture
def work(monkeypatch) -> Counter:
    """What was hashed: Argon2 by parameters, the others by rounds."""
    done: Counter = Counter()
    hash_secret, verify = low_level.hash_secret, argon2.PasswordHasher.verify
    pbkdf2, hashpw = hashers.pbkdf2, bcrypt.hashpw

    def argon2_encodes(*args, time_cost, memory_cost, **rest):
        done["argon2", time_cost, memory_cost] += 1
        return hash_secret(*args, time_cost=time_cost, memory_cost=memory_cost, **rest)

    def argon2_verifies(self, stored, password):
        costs = argon2.extract_parameters(stored)
        done["argon2", costs.time_cost, costs.memory_cost] += 1
        return verify(self, stored, password)

    def pbkdf2_runs(password, salt, iterations, **rest):
        done["pbkdf2"] += iterations
        return pbkdf2(password, salt, iterations, **rest)

    def bcrypt_runs(password, salt):
        done["bcrypt"] += 2 ** int(salt.split(b"$")[2])
        return hashpw(password, salt)

    monkeypatch.setattr(low_level, "hash_secret", argon2_encodes)
    monkeypatch.setattr(argon2.PasswordHasher, "verify", argon2_verifies)
    monkeypatch.setattr(hashers, "pbkdf2", pbkdf2_runs)
    monkeypatch.setattr(bcrypt, "hashpw", bcrypt_runs)
    return done


@pytest.fixture
def people(make_user):
    """Somebody for each kind of what may be stored; returns their addresses."""

    def make(kinds: dict) -> dict[str, str]:
        for number, what in enumerate(kinds.values()):
            if what is not None:
                encoded = what if isinstance(what, str) else stored(what)
                user = make_user(f"user{number}@example.com", password=None)
                get_user_model().objects.filter(pk=user.pk).update(password=encoded)
        return {kind: f"user{number}@example.com" for number, kind in enumerate(kinds)}

    return make


def cost(work: Counter, email: str, password: str = WRONG) -> dict:
    work.clear()
    assert Api().try_login(email, password, transport="bearer").status_code == 401
    return dict(work)


def test_a_failing_login_costs_one_hash(people, work):
    for kind, email in people(SOUND).items():
        assert cost(work, email) == {("argon2", 1, 8): 1}, kind


@pytest.mark.parametrize("only", [None, *LEGACY], ids=str)
def test_a_failing_login_costs_the_same_while_there_are_older_hashes(people, work, only):
    older = LEGACY if only is None else {only: LEGACY[only]}
    costs = {kind: cost(work, email) for kind, email in people({**SOUND, **older}).items()}
    assert costs == dict.fromkeys(costs, costs["nobody"])
    assert costs["nobody"]["argon2", 1, 8] == 1
    assert (("argon2", 2, 8) in costs["nobody"]) == (only in {None, "former argon2"})
    assert ("pbkdf2" in costs["nobody"]) == (only != "former argon2")


@pytest.mark.parametrize("kind", ["current", "bcrypt", "former pbkdf2", "former argon2"])
@pytest.mark.parametrize("state", ["email_verified_at", "is_active"])
def test_a_right_password_that_is_refused_costs_as_much_as_a_wrong_one(people, work, kind, state):
    there = people({**SOUND, **LEGACY})
    refused = {"email_verified_at": None, "is_active": False}[state]
    get_user_model().objects.filter(email=there[kind]).update(**{state: refused})
    expected = cost(work, there["nobody"])
    assert cost(work, there[kind], PASSWORD) == expected


def test_what_is_known_about_older_hashes_is_remembered(people, work, accounts, monkeypatch):
    accounts(LEGACY_HASHES_REMEMBERED=60)
    monkeypatch.setattr(verifying, "_memory", verifying.Memory())
    there = people({**SOUND, **LEGACY})
    cost(work, there["nobody"])
    get_user_model().objects.exclude(email=there["current"]).delete()
    assert "bcrypt" in cost(work, there["nobody"])
    clock = verifying.monotonic
    monkeypatch.setattr(verifying, "monotonic", lambda: clock() + 60)
    assert "bcrypt" not in cost(work, there["nobody"])


def test_a_right_password_costs_its_own_hash_and_the_upgrade(people, work):
    email = people(LEGACY)["former pbkdf2"]
    work.clear()
    assert Api().try_login(email, transport="bearer").status_code == 200
    assert dict(work) == {"pbkdf2": 400, ("argon2", 1, 8): 1}
    assert make_password(PASSWORD).startswith(
        get_user_model().objects.get(email=email).password.rsplit("$", 2)[0]
    )
