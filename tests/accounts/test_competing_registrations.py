"""Who may take the place of an account that nobody has confirmed, and who may not."""

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from accounts.flows.registration import contest
from tests.doors import PASSWORD, Api, codes

pytestmark = pytest.mark.django_db

STRANGERS = "Difference-Engine-1822"


def register(email: str, password: str = STRANGERS) -> None:
    assert Api().register(email, password, name="Mallory").status_code == 202


def test_an_account_that_staff_made_is_nobodys_to_take(make_user, mailbox):
    made = {"email_verified_at": None, "is_staff": True, "is_superuser": True}
    boss = make_user("boss@fass.example", **made)
    for address in ("boss@fass.example", "boss@fa\u00df.example"):
        register(address)
        assert mailbox.latest()["To"] == "boss@fass.example"
        assert mailbox.latest()["Subject"] == "Portcullis: You already have an account"
    boss.refresh_from_db()
    assert boss.email == "boss@fass.example"
    assert boss.check_password(PASSWORD)


def test_where_verification_is_optional_a_look_alike_gets_no_account_in_use(mailbox, settings):
    settings.ACCOUNTS = {**settings.ACCOUNTS, "EMAIL_VERIFICATION": "optional"}
    amy = Api()
    amy.register("amy@fass.example")
    amy.login("amy@fass.example")
    register("amy@fa\u00df.example")
    assert {mail["To"] for mail in mailbox.read()} == {"amy@fass.example"}
    assert Api().login("amy@fass.example").get("/users/profile").status_code == 200


def test_an_old_link_does_nothing_to_an_account_that_staff_verified(mailbox):
    register("ada@example.com")
    token = mailbox.token()
    get_user_model().objects.update(email_verified_at=timezone.now())
    answer = Api().post("/auth/verify-email", {"token": token})
    assert codes(answer) == ["link_invalid"]


def test_registering_beside_a_verification_leaves_the_owner_her_password(mailbox):
    """The stranger's request has read the row before she proved it, and writes after."""
    register("ada@example.com", PASSWORD)
    stale = get_user_model().objects.get()
    assert Api().post("/auth/verify-email", {"token": mailbox.token()}).status_code == 200
    contest(stale)
    assert Api().try_login("ada@example.com").status_code == 200


def test_the_first_name_does_not_outlive_the_competition(mailbox):
    register("ada@example.com")
    Api().register("ada@example.com", PASSWORD, name="Ada")
    Api().post("/auth/resend-verification", {"email": "ada@example.com"})
    assert Api().post("/auth/verify-email", {"token": mailbox.token()}).status_code == 200
    user = get_user_model().objects.get()
    assert user.name == ""
    assert not user.has_usable_password()


def test_a_reset_link_lives_its_hour_from_when_it_is_mailed(user, mailbox, later):
    Api().post("/auth/forgot-password", {"email": user.email})
    later(hours=5)  # the mail server was down
    token = mailbox.token()
    later(minutes=59)
    body = {"token": token, "password": STRANGERS}
    assert Api().post("/auth/reset-password", body).status_code == 200


def test_the_current_password_is_no_new_one(user):
    same = {"current_password": PASSWORD, "new_password": PASSWORD}
    answer = Api().login().post("/auth/change-password", same)
    assert codes(answer) == ["password_unchanged"]


def test_asking_again_at_the_true_address_reaches_its_owner(mailbox):
    """A squatter registered a look-alike of it first; nothing of his travels with the link."""
    register("kim@fa\u00df.example")
    Api().post("/auth/resend-verification", {"email": "kim@fass.example"})
    assert mailbox.latest()["To"] == "kim@fass.example"
    assert Api().post("/auth/verify-email", {"token": mailbox.token()}).status_code == 200
    user = get_user_model().objects.get()
    assert user.email == "kim@fass.example"
    assert not user.has_usable_password()


def test_asking_again_in_another_case_keeps_the_registration(mailbox):
    register("ada@example.com", PASSWORD)
    Api().post("/auth/resend-verification", {"email": "ADA@Example.com"})
    assert Api().post("/auth/verify-email", {"token": mailbox.token()}).status_code == 200
    assert Api().try_login("ada@example.com").status_code == 200


def test_where_verification_is_optional_a_contested_link_carries_no_password(
    mailbox, settings, later
):
    """The stranger was first, the owner's own link has lapsed, and she asks again."""
    settings.ACCOUNTS = {**settings.ACCOUNTS, "EMAIL_VERIFICATION": "optional"}
    register("ada@example.com")
    register("ada@example.com", PASSWORD)
    mailbox.read()
    later(days=3)
    Api().post("/auth/resend-verification", {"email": "ada@example.com"})
    assert Api().post("/auth/verify-email", {"token": mailbox.token()}).status_code == 200
    for password in (STRANGERS, PASSWORD):
        assert Api().try_login("ada@example.com", password).status_code == 401


def test_a_name_that_changed_meanwhile_is_no_rival(mailbox, settings):
    settings.ACCOUNTS = {**settings.ACCOUNTS, "EMAIL_VERIFICATION": "optional"}
    register("ada@example.com", PASSWORD)
    Api().login("ada@example.com").patch("/users/profile", {"name": "Countess"})
    Api().post("/auth/resend-verification", {"email": "ada@example.com"})
    assert Api().post("/auth/verify-email", {"token": mailbox.token()}).status_code == 200
    api = Api().login("ada@example.com")
    assert api.answer["user"]["name"] == "Countess"


@pytest.mark.parametrize(
    "address",
    ["a@" + ".".join(["\u0130\u0328" * 15] * 7) + ".com", "a@\u3002.com"],
    ids=["grows when lowered", "empty label"],
)
def test_an_address_that_cannot_be_stored_or_mailed_is_named(address):
    answer = Api().register(address)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"] == "email"
