"""Registering: whoever reads the mail decides, and nobody gains anything by being first."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone
from time_machine import travel

from accounts.models import OneTimeToken
from accounts.signals import registered, registration_for_taken_address
from tests.accounts.outside import TAKEN
from tests.doors import PASSWORD, Api, codes, fields
from tokens.models import RevokeReason, Session

pytestmark = pytest.mark.django_db

EMAIL = "ada@example.com"
STRANGERS = "Mallory-Was-First-1984"
SAME_ADDRESS = [
    ("ada@example.com", "ADA@Example.COM"),
    ("kim@example.com", "\N{KELVIN SIGN}im@example.com"),
    ("ada@example.com", "ada@\N{FULLWIDTH LATIN SMALL LETTER E}xample.com"),
    ("ada@office.example", "ada@o\N{LATIN SMALL LIGATURE FFI}ce.example"),
]

lookalike = pytest.mark.parametrize(("stored", "typed"), SAME_ADDRESS)


def verify(token: str):
    return Api().post("/auth/verify-email", {"token": token})


def logs_in(password: str, email: str = EMAIL) -> bool:
    return Api().try_login(email, password, transport="bearer").status_code == 200


def test_register_then_verify_then_login(api, mailbox):
    assert api.register().status_code == 202
    assert not logs_in(PASSWORD)
    assert verify(mailbox.token()).status_code == 200
    api.login()
    assert api.answer["user"]["email"] == EMAIL
    assert api.answer["user"]["name"] == "Ada"
    assert api.answer["user"]["email_verified"] is True


def test_neither_registering_nor_verifying_logs_anybody_in(api, mailbox):
    api.register()
    answer = api.post("/auth/verify-email", {"token": mailbox.token()})
    assert set(answer.json()) == {"detail"}
    assert not api.client.cookies
    assert not Session.objects.exists()


@lookalike
def test_a_lookalike_is_the_same_account(make_user, mailbox, stored, typed):
    make_user(stored)
    assert Api().register(typed, STRANGERS, name="Mallory").status_code == 202
    assert get_user_model().objects.count() == 1
    assert mailbox.latest()["To"] == stored
    assert mailbox.subjects() == ["Portcullis: You already have an account"]
    assert logs_in(PASSWORD, typed)


@lookalike
def test_a_lookalike_never_receives_the_reset_link(api, make_user, mailbox, stored, typed):
    make_user(stored)
    api.post("/auth/forgot-password", {"email": typed})
    assert [mail["To"] for mail in mailbox.read()] == [stored]


@lookalike
def test_who_registers_a_lookalike_first_does_not_keep_the_owner_out(mailbox, stored, typed):
    Api().register(typed, STRANGERS, name="Mallory")
    Api().register(stored)
    mail = mailbox.latest()
    assert mail["To"] == stored  # the mailbox that this registration named, not the other's
    assert verify(mailbox.token()).status_code == 200
    assert logs_in(PASSWORD, stored)
    assert not logs_in(STRANGERS, stored)


@pytest.mark.parametrize("char", ["\x01", "\x1f", "\x7f", "\t", "\r", "\n", "\x00"])
def test_an_address_has_no_control_characters_even_in_quotes(api, mailbox, char):
    answer = api.register(f'"ada{char}"@example.com')
    assert answer.status_code == 400
    assert fields(answer) == {"email"}
    assert mailbox.read() == []


def test_an_address_is_stored_as_typed_with_its_domain_in_lower_case(api, mailbox):
    api.register("Ada.Lovelace@EXAMPLE.Com")
    assert get_user_model().objects.get().email == "Ada.Lovelace@example.com"
    assert mailbox.latest()["To"] == "Ada.Lovelace@example.com"


def test_a_stranger_registers_a_taken_address_and_the_owner_is_told(
    api, user, mailbox, everything_stored
):
    api.register(EMAIL, STRANGERS, name="Mallory <b>&</b>")
    assert mailbox.subjects() == ["Portcullis: You already have an account"]
    assert mailbox.latest()["To"] == EMAIL
    assert "Mallory" not in everything_stored()
    assert not OneTimeToken.alive().exists()
    assert logs_in(PASSWORD)
    assert not logs_in(STRANGERS)


@pytest.mark.parametrize(
    "name", ["Mallory-typed-this", "{{ base_url }}Mallory-typed-this", "<a>M</a>"]
)
@pytest.mark.parametrize("fields", [None, *TAKEN.values()], ids=["new", *TAKEN])
def test_nothing_that_a_stranger_typed_reaches_the_mailbox(api, make_user, mailbox, name, fields):
    if fields is not None:
        make_user(**fields)
    api.register(EMAIL, STRANGERS, name=name)
    api.post("/auth/resend-verification", {"email": EMAIL})
    for mail in mailbox.read():
        parts = [mail.get_body((kind,)).get_content() for kind in ("plain", "html")]
        whole = "".join([*map(str, mail.values()), *parts])
        assert name not in whole
        assert "typed-this" not in whole
        assert STRANGERS not in whole


@pytest.mark.parametrize("first", ["stranger", "owner"])
def test_the_registration_whose_link_is_spent_holds_whoever_came_first(api, tokens, first):
    sent = {"stranger": (STRANGERS, "Mallory"), "owner": (PASSWORD, "Ada")}
    order = [first, *(sent.keys() - {first})]
    for who in order:
        api.register(EMAIL, *sent[who])
    link = dict(zip(order, tokens(), strict=True))

    assert verify(link["owner"]).status_code == 200
    dead = verify(link["stranger"])
    assert (dead.status_code, codes(dead)) == (400, ["link_invalid"])
    assert not logs_in(STRANGERS)
    api.login()
    assert api.answer["user"]["name"] == "Ada"


@pytest.mark.parametrize("hours", [0, 25], ids=["links live", "the stranger's link expired"])
def test_a_stranger_who_registered_first_cannot_mail_his_password_by_logging_in(api, tokens, hours):
    api.register(EMAIL, STRANGERS, name="Mallory")
    with travel(timezone.now() + timedelta(hours=hours)):
        api.register(EMAIL, PASSWORD, name="Ada")
        assert not logs_in(STRANGERS)  # the right password of an unverified account: a fresh link
        assert verify(tokens()[-1]).status_code == 200
        assert not logs_in(STRANGERS)
    assert get_user_model().objects.get().name != "Mallory"


def test_resending_while_registrations_compete_carries_none_of_them(api, tokens):
    api.register(EMAIL, STRANGERS, name="Mallory")
    api.register(EMAIL, PASSWORD, name="Ada")
    api.post("/auth/resend-verification", {"email": EMAIL})
    assert verify(tokens()[-1]).status_code == 200
    assert not logs_in(STRANGERS)
    assert not logs_in(PASSWORD)
    user = get_user_model().objects.get()
    assert user.email_verified_at is not None
    assert not user.has_usable_password()


def test_resending_a_single_registration_carries_it(api, tokens):
    api.register()
    api.post("/auth/resend-verification", {"email": EMAIL})
    first, again = tokens()
    assert verify(again).status_code == 200
    assert verify(first).status_code == 400
    assert logs_in(PASSWORD)


def test_the_first_verification_ends_what_a_stranger_opened_before(api, accounts, tokens):
    accounts(EMAIL_VERIFICATION="optional")
    api.register(EMAIL, STRANGERS, name="Mallory")
    stranger = Api().login(EMAIL, STRANGERS, transport="bearer")
    assert stranger.get("/users/profile").status_code == 200

    api.register(EMAIL, PASSWORD, name="Ada")
    assert verify(tokens()[-1]).status_code == 200
    assert stranger.get("/users/profile").status_code == 401
    assert stranger.refresh().status_code == 401
    assert Session.objects.get(pk=stranger.sid).revoke_reason == RevokeReason.VERIFIED
    assert not OneTimeToken.alive().exists()
    assert not logs_in(STRANGERS)
    assert logs_in(PASSWORD)


@pytest.mark.parametrize("mode", ["closed", "invite"])
@pytest.mark.parametrize("email", [EMAIL, "new@example.com"])
def test_closed_registration_refuses_known_and_unknown_alike(api, user, accounts, mode, email):
    accounts(REGISTRATION=mode)
    answer = api.register(email)
    assert (answer.status_code, codes(answer)) == (403, ["registration_closed"])
    assert get_user_model().objects.count() == 1
    assert not OneTimeToken.objects.exists()


@pytest.mark.parametrize(
    ("fields", "signal"),
    [
        ({}, registration_for_taken_address),
        ({"email_verified_at": None, "is_pending": True}, registered),
    ],
    ids=["taken", "unverified"],
)
def test_a_registration_is_announced(api, make_user, heard, fields, signal):
    user = make_user(**fields)
    with heard(signal) as calls:
        api.register()
    assert [call["user"] for call in calls] == [user]
