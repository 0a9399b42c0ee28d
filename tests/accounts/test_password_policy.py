"""Which passwords are taken, and what is said about the others."""

import pytest
from zxcvbn import zxcvbn

from accounts import passwords
from accounts.passwords import validators
from tests.doors import Api, codes, fields

pytestmark = pytest.mark.django_db

EIGHT = "Zq7!vkPw"
LONG = EIGHT * 16  # 128 characters

COMPOSITION = {
    "no upper case": ("engine-1843-xq", ["password_no_upper"]),
    "no lower case": ("ENGINE-1843-XQ", ["password_no_lower"]),
    "no digit": ("Engine-Motor-Xq", ["password_no_digit"]),
    "nothing special": ("Engine1843Motor", ["password_no_special"]),
    "special only": (
        "!?!?-_-_%$",
        ["password_no_upper", "password_no_lower", "password_no_digit"],
    ),
    "seven characters": (EIGHT[:7], ["password_too_short"]),
    "common": ("P@ssw0rd", ["password_too_common"]),
    "the address": ("Ada.Lovelace-1815@Example.Com", ["password_too_similar"]),
    "the name": ("Ada-Lovelace-1815!", ["password_too_similar"]),
}
DISGUISED = [
    "Password1!",
    "P@ssw0rd!",
    "Welcome2026!",
    "Qwerty123!",
    "L3tm31n!!",
    "!!!2026Dragon",
    "$unsH1ne#1",
    "1qaz@WSX",
    "PasswordPassword1!",
    "\uff30\uff41\uff53\uff53\uff57\uff4f\uff52\uff44\uff11\uff01",  # full-width
]
CONTEXTUAL = {
    "a part of the name and a year": "Lovelace-1815!",
    "in disguise": "L0v3lac3#2026",
    "a part of the address": "Engine.Room-1!",
    "the address's domain": "Analytica_2026",
    "the product": "P0rtcullis-26!",
    "a word of the list": "Zurich!2026",
}
GOOD = {
    "eight characters": EIGHT,
    "128 characters": LONG,
    "spaces": "  Two spaces 2  ",
    "unicode": "\u00dcberstra\u00dfe-\u4e2d\u6587-\u0663",
    "an astral character": "Rocket-\N{ROCKET}-1961",
}
STRONG = ["violet kettle marzipan orbit", "ninetymagpiesatmidnight", "\u4e2d" * 3 + "qwcvbxmjzkd"]
GUESSABLE = ["password1234", "aaaaaaaaaaaaaaaa", "qwertyuiop", "12345678901", "Password1!"]


def register(password: str, **fields: str):
    known = {"email": "ada.lovelace-1815@example.com", "name": "Ada Lovelace 1815"}
    return Api().register(password=password, **{**known, **fields})


@pytest.mark.parametrize(("password", "expected"), COMPOSITION.values(), ids=COMPOSITION)
def test_composition_names_all_that_is_missing(password, expected):
    answer = register(password)
    assert answer.status_code == 400
    assert fields(answer) == {"password"}
    assert sorted(codes(answer)) == sorted(expected)


@pytest.mark.parametrize("password", GOOD.values(), ids=GOOD)
def test_a_good_password_logs_in_byte_for_byte(mailbox, password):
    email = "grace@example.com"
    assert register(password, email=email, name="Grace").status_code == 202
    verified = Api().post("/auth/verify-email", {"token": mailbox.token()})
    assert verified.status_code == 200
    assert Api().try_login(email, password).status_code == 200
    for other in {password.strip(), password[:-1], password.swapcase()} - {password}:
        assert Api().try_login(email, other).status_code == 401


@pytest.mark.parametrize("password", DISGUISED)
def test_a_disguise_hides_no_common_password(password):
    answer = register(password)
    assert answer.status_code == 400
    assert codes(answer) == ["password_too_common"]
    assert passwords.is_compromised(password)


@pytest.mark.parametrize("password", [EIGHT, LONG, "Analytical-Engine-1843", "Kit-8391-2745-1192"])
def test_what_nobody_guesses_is_not_called_common(password):
    assert not passwords.is_compromised(password)


@pytest.mark.parametrize("password", CONTEXTUAL.values(), ids=CONTEXTUAL)
def test_what_is_known_about_somebody_makes_no_password(accounts, password):
    accounts(CONTEXT_WORDS=("Greater Zurich",))
    answer = register(password, email="engine.room@analytica.example", name="Ada Lovelace")
    assert answer.status_code == 400
    assert codes(answer) == ["password_too_similar"]


@pytest.mark.parametrize("name", ["Ada Lovelace", "Li Bo", "\u4e2d", "?"])
def test_a_long_passphrase_may_contain_a_name(name):
    assert register("Lovelace kept 4 Zurich kettles", name=name).status_code == 202


def test_letters_are_kept_as_they_were_typed(mailbox):
    composed, apart = "Caf\u00e9-au-Lait-7", "Cafe\u0301-au-Lait-7"
    register(composed, email="grace@example.com", name="Grace")
    Api().post("/auth/verify-email", {"token": mailbox.token()})
    assert Api().try_login("grace@example.com", composed).status_code == 200
    assert Api().try_login("grace@example.com", apart).status_code == 401


@pytest.mark.parametrize("length", [129, 10_000])
def test_a_longer_password_is_refused_before_anything_hashes_it(monkeypatch, length):
    def no_hashing(*args, **kwargs):
        raise AssertionError("hashed")

    monkeypatch.setattr("accounts.hashers.Argon2idHasher.encode", no_hashing)
    monkeypatch.setattr("accounts.hashers.Argon2idHasher.verify", no_hashing)
    too_long = (LONG * 79)[:length]
    for answer in (register(too_long), Api().try_login(password=too_long)):
        assert answer.status_code == 400
        assert fields(answer) == {"password"}


@pytest.mark.parametrize("password", STRONG)
def test_strength_asks_for_no_composition(accounts, password):
    accounts(PASSWORD_POLICY="strength")
    assert register(password).status_code == 202


@pytest.mark.parametrize("password", GUESSABLE)
def test_strength_refuses_what_is_easy_to_guess(accounts, password):
    accounts(PASSWORD_POLICY="strength")
    answer = register(password)
    assert answer.status_code == 400
    assert fields(answer) == {"password"}
    assert set(codes(answer)) & {"password_too_weak", "password_too_common"}


@pytest.mark.parametrize("password", ["ada.lovelace-1815", "Ada Lovelace 1815"])
def test_strength_knows_the_person(accounts, password):
    accounts(PASSWORD_POLICY="strength")
    answer = register(password)
    assert answer.status_code == 400
    assert set(codes(answer)) & {"password_too_weak", "password_too_similar"}


@pytest.mark.parametrize("password", ["Zq7!vkP", LONG + "x"])
def test_strength_keeps_the_bounds_of_length(accounts, password):
    accounts(PASSWORD_POLICY="strength")
    assert register(password).status_code == 400


@pytest.mark.parametrize(("password", "read"), [("4@8({[<369!|1.05$7+%2" * 6, 12), (LONG, 24)])
def test_strength_is_judged_by_as_much_of_a_password_as_can_be_judged_soon(
    accounts, monkeypatch, password, read
):
    """zxcvbn tries every reading of look-alike characters: seconds, for whoever may register."""
    accounts(PASSWORD_POLICY="strength")
    seen = []
    monkeypatch.setattr(
        validators, "zxcvbn", lambda text, **rest: seen.append(text) or zxcvbn(text)
    )
    register(password)
    assert [len(text) for text in seen] == [read]
