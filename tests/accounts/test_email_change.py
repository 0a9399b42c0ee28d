"""An account moves to another address: what proves it, who is told, and what nobody learns."""

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import links, signals
from accounts.flows.email_change import order_email_change, pending_email
from accounts.models import OneTimeToken, Purpose
from portcullis.client import Client
from tests.access.people import give, make_role
from tests.accounts.moving import (
    CONFIRM,
    NEW,
    OLD,
    RESET,
    THIRD,
    UNDO,
    ask,
    asked,
    confirm,
    moved,
    reset,
    secret,
    secrets,
    subjects,
)
from tests.accounts.outside import TAKEN, outside
from tests.doors import ORIGIN, PASSWORD, Api, codes, fields
from tests.portcullis.routes import row_counts
from tokens.flows import open_session, revoke_all
from tokens.models import RevokeReason, Session, Transport

pytestmark = pytest.mark.django_db

User = get_user_model()
OTHER = "Difference-Engine-1822"


@pytest.fixture
def ada(user) -> Api:
    return Api().login(transport="bearer")


def test_nothing_changes_before_the_new_address_proves_itself(ada, mailbox, heard):
    with heard(signals.email_change_requested) as requested:
        answer = ask(ada)
    assert (answer.status_code, set(answer.json())) == (202, {"detail"})
    [call] = requested
    assert call["user"].email == OLD
    assert ada.get("/users/profile").json()["email"] == OLD
    assert subjects(mailbox, OLD) == ["A change of your address was asked for"]
    assert subjects(mailbox, NEW) == ["Confirm your new address"]


def test_its_link_moves_the_account_and_the_old_address_can_undo_it(ada, mailbox, heard):
    ask(ada)
    token = secret(mailbox, NEW, CONFIRM)
    with heard(signals.email_changed) as changed:
        answer = confirm(token)
    assert (answer.status_code, set(answer.json())) == (200, {"detail"})
    assert not answer.cookies
    [call] = changed
    profile = ada.get("/users/profile").json()
    assert (profile["email"], profile["email_verified"]) == (NEW, True)
    assert subjects(mailbox, NEW)[1:] == ["Your address was changed"]
    assert subjects(mailbox, OLD)[1:] == ["Your account has another address now"]
    assert secret(mailbox, OLD, UNDO)
    assert Api().try_login(NEW).status_code == 200
    assert Api().try_login(OLD).status_code == 401
    assert call["user"].email == NEW


def test_the_link_works_once_and_by_post_only(ada, mailbox):
    ask(ada)
    token = secret(mailbox, NEW, CONFIRM)
    for path in ("confirm-email-change", "undo-email-change", "change-email"):
        assert ada.get(f"/auth/{path}?token={token}").status_code == 405
    assert confirm(token).status_code == 200
    assert codes(confirm(token)) == ["link_invalid"]
    assert confirm(token).content == confirm("made-up").content


def test_the_link_lives_a_day_from_when_it_is_mailed(ada, mailbox, later):
    ask(ada)
    later(hours=5)  # the mail server was down
    token = secret(mailbox, NEW, CONFIRM)
    later(hours=23)
    assert pending_email(User.objects.get()) == ""
    later(minutes=59)
    assert links.find(Purpose.CHANGE_EMAIL, token)
    later(minutes=2)
    assert codes(confirm(token)) == ["link_invalid"]


def test_mail_to_the_new_address_says_nothing_of_whose_account_it_is(ada, mailbox):
    ask(ada)
    [mail] = [mail for mail in mailbox.read() if mail["To"] == NEW]
    for kind in ("plain", "html"):
        text = mail.get_body((kind,)).get_content()
        assert f"{ORIGIN}{CONFIRM}?token=" in text
        assert OLD not in text
        assert "Ada" not in text


@pytest.mark.parametrize(
    "headers", [{"X-Forwarded-Host": "evil.example"}, {"Forwarded": "host=evil.example"}]
)
def test_no_request_says_where_the_links_lead(user, mailbox, headers):
    ask(Api(**headers).login(transport="bearer"))
    Api(**headers).post("/auth/confirm-email-change", {"token": secret(mailbox, NEW, CONFIRM)})
    assert secret(mailbox, OLD, UNDO)
    for mail in mailbox.read():
        assert "evil" not in mail.get_body(("plain",)).get_content()


# What nobody learns -------------------------------------------------------------------------------

UNAVAILABLE = {**TAKEN, "reserved": None}


@pytest.fixture(params=UNAVAILABLE, ids=UNAVAILABLE)
def unavailable(request, make_user, mailbox) -> str:
    """An address that is not to be had, for one reason or another."""
    address = "grace@example.com"
    if request.param == "reserved":
        make_user(address)
        moved(mailbox, at=address, to="grace@new.example")
    else:
        make_user(address, **UNAVAILABLE[request.param])
    return address


def cost(api: Api, email: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert ask(api, email).status_code == 202
    return len(queries)


def test_an_address_that_is_taken_answers_and_costs_as_a_free_one(unavailable, ada):
    assert outside(ask(ada, unavailable)) == outside(ask(ada, NEW))
    assert cost(ada, unavailable) == cost(ada, NEW)


def test_to_who_asked_it_waits_like_a_free_one_and_is_never_confirmed(unavailable, ada, mailbox):
    ask(ada, unavailable.upper())
    assert pending_email(User.objects.get(email=OLD)) == "GRACE@example.com"
    for address in (unavailable, "GRACE@example.com"):
        assert secrets(mailbox, address, CONFIRM) == []
    link = OneTimeToken.objects.get(purpose=Purpose.CHANGE_EMAIL, user__email=OLD)
    assert link.digest is None


@pytest.mark.parametrize("fields", [TAKEN["verified"], TAKEN["unverified"]], ids=["yes", "no"])
def test_who_has_the_address_is_told_where_they_are(ada, make_user, mailbox, heard, fields):
    make_user("kim@example.com", **fields)
    with heard(signals.email_change_to_taken_address) as calls:
        ask(ada, "\N{KELVIN SIGN}im@example.com")
    assert [call["user"].email for call in calls] == ["kim@example.com"]
    assert subjects(mailbox, "kim@example.com") == ["You already have an account"]
    assert {mail["To"] for mail in mailbox.read()} == {OLD, "kim@example.com"}


@pytest.mark.parametrize("who", ["inactive", "inactive and unverified"])
def test_an_account_that_is_shut_out_is_told_nothing(ada, make_user, mailbox, who):
    make_user("kim@example.com", **TAKEN[who])
    ask(ada, "kim@example.com")
    assert subjects(mailbox, "kim@example.com") == []


# What is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize("same", [OLD, "ada@EXAMPLE.com", f" {OLD} "])
def test_the_address_that_the_account_has_is_no_new_one(ada, mailbox, same):
    answer = ask(ada, same)
    assert answer.status_code == 400
    assert (codes(answer), fields(answer)) == (["email_unchanged"], {"email"})
    assert mailbox.read() == []


def test_the_same_mailbox_may_be_spelt_otherwise(ada, mailbox):
    assert moved(mailbox, to="Ada@example.com")
    assert ada.get("/users/profile").json()["email"] == "Ada@example.com"


@pytest.mark.parametrize(
    "bad",
    [
        "ada",
        "",
        "ada@new.example\r\nBcc: eve@evil.example",
        "ada@new.example\nX: y",
        "ada\x00@new.example",
        "ada@new.example, eve@evil.example",
        '"ada\r\nBcc: eve"@new.example',
        f"{'a' * 250}@new.example",
        f"ada@{'x' * 64}.example",
        None,
        ["ada@new.example"],
    ],
)
def test_what_is_no_address_is_named_and_nothing_is_stored(ada, bad):
    before = row_counts()
    answer = ask(ada, bad)
    assert (answer.status_code, fields(answer)) == (400, {"email"})
    assert row_counts() == before


def test_it_takes_a_recent_proof(ada, later, mailbox):
    later(minutes=11)
    assert codes(ask(ada)) == ["reauthentication_required"]
    assert mailbox.read() == []


# What a link dies of ------------------------------------------------------------------------------


def test_a_new_request_takes_the_place_of_the_former(ada, mailbox):
    ask(ada, THIRD)
    ask(ada, NEW)
    assert pending_email(User.objects.get()) == NEW
    assert secrets(mailbox, THIRD, CONFIRM) == []
    first = secret(mailbox, NEW, CONFIRM)
    ask(ada, THIRD)
    assert codes(confirm(first)) == ["link_invalid"]
    assert confirm(secret(mailbox, THIRD, CONFIRM)).status_code == 200


def change_password(api: Api, mailbox) -> None:
    body = {"current_password": PASSWORD, "new_password": OTHER}
    assert api.post("/auth/change-password", body).status_code == 200


def reset_password(api: Api, mailbox) -> None:
    api.post("/auth/forgot-password", {"email": OLD})
    assert reset(secret(mailbox, OLD, RESET), OTHER).status_code == 200


def deactivate(api: Api, mailbox) -> None:
    User.objects.update(is_active=False)


def close(api: Api, mailbox) -> None:
    User.objects.update(closed_at=timezone.now())


@pytest.mark.parametrize("what", [change_password, reset_password, deactivate, close])
def test_a_pending_change_dies_with(ada, mailbox, what):
    ask(ada)
    token = secret(mailbox, NEW, CONFIRM)
    what(ada, mailbox)
    assert codes(confirm(token)) == ["link_invalid"]
    assert User.objects.get().email == OLD


def test_the_change_itself_kills_what_was_mailed_to_the_old_address(ada, mailbox):
    ada.post("/auth/forgot-password", {"email": OLD})
    old = secret(mailbox, OLD, RESET)
    moved(mailbox)
    assert codes(reset(old, OTHER)) == ["link_invalid"]
    dead = OneTimeToken.objects.filter(purpose__in=[Purpose.RESET_PASSWORD, Purpose.CHANGE_EMAIL])
    assert not (dead & OneTimeToken.alive()).exists()


def test_two_accounts_are_promised_one_address_and_the_first_gets_it(make_user, ada, mailbox):
    grace = make_user("grace@example.com")
    ask(ada)
    first = secret(mailbox, NEW, CONFIRM)
    second = asked(mailbox, at="grace@example.com", to="ADA@new.example")
    assert confirm(second).status_code == 200
    assert codes(confirm(first)) == ["link_invalid"]
    assert User.objects.get(email_key=NEW) == grace
    assert ada.get("/users/profile").json()["email"] == OLD


def test_an_address_that_somebody_registers_meanwhile_is_whose_proof_comes_first(ada, mailbox):
    ask(ada)
    token = secret(mailbox, NEW, CONFIRM)
    Api().register(NEW)
    assert Api().post("/auth/verify-email", {"token": mailbox.token()}).status_code == 200
    assert codes(confirm(token)) == ["link_invalid"]


def test_no_unconfirmed_registration_keeps_anybody_from_their_address(ada, mailbox):
    Api().register(NEW)
    verify = mailbox.token()
    token = asked(mailbox)
    assert confirm(token).status_code == 200
    assert User.objects.get().email == NEW
    assert codes(Api().post("/auth/verify-email", {"token": verify})) == ["link_invalid"]


def test_an_account_in_use_keeps_its_unconfirmed_address(accounts, ada, mailbox):
    accounts(EMAIL_VERIFICATION="optional")
    Api().register(NEW)
    ask(ada)
    assert secrets(mailbox, NEW, CONFIRM) == []


def test_an_address_that_was_given_up_meanwhile_is_kept_from_others(make_user, ada, mailbox):
    """The link was mailed before the address had anybody; then somebody had it, and left."""
    ask(ada)
    token = secret(mailbox, NEW, CONFIRM)
    make_user(NEW)
    moved(mailbox, at=NEW, to=THIRD)
    assert codes(confirm(token)) == ["link_invalid"]


def test_a_password_that_changes_during_the_request_ends_it(ada, mailbox, monkeypatch):
    """The session is judged before the user is locked."""
    lock = "accounts.flows.email_change.directory.lock"
    changed = User.objects.get()
    changed.credential_epoch += 1
    monkeypatch.setattr(lock, lambda pk: changed)
    assert codes(ask(ada)) == ["token_invalid"]
    assert mailbox.read() == []


# Accounts that never proved an address ------------------------------------------------------------


def test_a_mistyped_strangers_address_inherits_nothing(mailbox, accounts):
    """Where verification is optional: registered with a typo, used, put right."""
    accounts(EMAIL_VERIFICATION="optional")
    Api().register("ad@example.com")
    stale = mailbox.token()
    ada = Api().login("ad@example.com", transport="bearer")
    ask(ada, OLD)
    assert confirm(secret(mailbox, OLD, CONFIRM)).status_code == 200
    assert secrets(mailbox, "ad@example.com", UNDO) == []
    assert not links.is_reserved("ad@example.com")
    assert codes(Api().post("/auth/verify-email", {"token": stale})) == ["link_invalid"]
    user = User.objects.get()
    assert (user.is_pending, user.is_contested) == (False, False)
    assert user.email_verified_at is not None
    assert not Session.objects.open().exists()  # as with every first proof
    assert Api().try_login(OLD).status_code == 200


def test_staff_put_right_an_address_that_nobody_ever_proved(make_user, mailbox, heard):
    waiting = make_user("ad@example.com", email_verified_at=None, is_pending=True)
    with transaction.atomic():
        order_email_change(user=waiting, email=OLD, client=None)
    with heard(signals.email_verified) as verified:
        assert confirm(secret(mailbox, OLD, CONFIRM)).status_code == 200
    assert len(verified) == 1
    assert {mail["To"] for mail in mailbox.read()} == {OLD}
    assert Api().try_login(OLD).status_code == 200


# A session that was a thief's ---------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["staff", "ended", "reuse", "operator", "disowned"])
def test_what_a_thief_asked_for_ends_with_the_session_that_is_taken_from_them(ada, mailbox, reason):
    token = asked(mailbox)
    revoke_all(user=User.objects.get(email=OLD), reason=RevokeReason(reason))
    assert codes(confirm(token)) == ["link_invalid"]
    assert User.objects.get().email == OLD


@pytest.mark.parametrize("ask_and", ["log out", "log in again"])
def test_a_thief_who_leaves_the_session_in_time_gains_nothing(user, mailbox, ask_and):
    """They have another one, which the owner ends with all others."""
    Api().login(transport="bearer")
    browser = Api().login()
    ask(browser)
    browser.logout() if ask_and == "log out" else browser.login()
    token = secret(mailbox, NEW, CONFIRM)
    assert Api().login(transport="bearer").delete("/auth/sessions").status_code == 204
    assert codes(confirm(token)) == ["link_invalid"]


def test_whoever_logs_out_may_still_confirm(ada, mailbox):
    ask(ada)
    assert ada.logout().status_code == 204
    assert confirm(secret(mailbox, NEW, CONFIRM)).status_code == 200


# Registrations that give way ----------------------------------------------------------------------


@pytest.mark.parametrize("how", ["staff", "role", "used"])
def test_an_account_that_somebody_may_miss_gives_way_to_nobody(ada, mailbox, make_user, how):
    other = make_user(NEW, is_pending=True, email_verified_at=None, is_staff=how == "staff")
    if how == "role":
        make_role("badge")
        give(other, "badge")
    if how == "used":
        open_session(user=other, transport=Transport.BEARER, client=Client(), auth_methods=("pwd",))
    ask(ada)
    assert secrets(mailbox, NEW, CONFIRM) == []
    assert User.objects.filter(email=NEW).exists()
