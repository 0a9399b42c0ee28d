"""The former address takes an account back, whatever a thief did with it meanwhile."""

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import links, signals
from accounts.errors import MfaTokenInvalid
from accounts.flows.invitations import invite
from accounts.login import resume
from accounts.models import OneTimeToken, PendingLogin, Purpose
from accounts.stages import Attempt, Demand, Passed, Proof
from portcullis.client import Client
from portcullis.switches import Door, is_off
from tests.accounts.moving import (
    CONFIRM,
    NEW,
    OLD,
    RESET,
    THIRD,
    UNDO,
    ask,
    confirm,
    moved,
    reset,
    secret,
    secrets,
    subjects,
    undo,
)
from tests.accounts.outside import outside
from tests.doors import PASSWORD, Api, codes
from tokens.models import Session

pytestmark = pytest.mark.django_db

User = get_user_model()
THIEFS, MINE = "Difference-Engine-1822", "Note-G-Bernoulli-1843"


@pytest.fixture
def token(user, mailbox) -> str:
    """Somebody has moved the account from OLD to NEW: what OLD was mailed."""
    return moved(mailbox)


def address() -> str:
    return User.objects.get().email


# What it does -------------------------------------------------------------------------------------


def test_it_gives_the_account_back_and_ends_all_that_is_open(token, mailbox):
    thief = Api().login(NEW, transport="cookie")
    answer = thief.post("/auth/undo-email-change", {"token": token})
    assert (answer.status_code, set(answer.json())) == (200, {"detail"})
    assert not any(morsel.value for morsel in answer.cookies.values())  # it logs nobody in
    assert set(Session.objects.values_list("revoke_reason", flat=True)) == {"disowned"}
    assert thief.refresh().status_code == 401
    assert [Api().try_login(to).status_code for to in (NEW, OLD)] == [401, 401]
    user = User.objects.get()
    assert (user.email, user.has_usable_password()) == (OLD, False)
    assert user.email_verified_at is not None
    assert subjects(mailbox, NEW)[-1] == "A change of address was undone"
    assert UNDO not in mailbox.latest().as_string()


def test_the_reset_that_it_mails_leads_back_in(token, mailbox):
    undo(token)
    assert secrets(mailbox, NEW, RESET) == []
    assert reset(secret(mailbox, OLD, RESET), MINE).status_code == 200
    assert Api().try_login(OLD, MINE).status_code == 200


def test_it_works_once_and_every_dead_one_reads_the_same(token):
    assert undo(token).status_code == 200
    assert codes(undo(token)) == ["link_invalid"]
    assert outside(undo(token)) == outside(undo("made-up"))


def test_what_a_thief_was_about_to_do_comes_to_nothing(token, mailbox):
    thief = Api().login(NEW, transport="bearer")
    ask(thief, THIRD)
    thief.post("/auth/forgot-password", {"email": NEW})
    change, forgot = secret(mailbox, THIRD, CONFIRM), secret(mailbox, NEW, RESET)
    assert undo(token).status_code == 200
    assert codes(confirm(change)) == codes(reset(forgot, THIEFS)) == ["link_invalid"]
    live = OneTimeToken.alive().values_list("purpose", "recipient")
    assert list(live) == [(Purpose.RESET_PASSWORD, OLD)]


def test_later_apps_are_told_since_when_they_take_away_what_admits(token, heard, later):
    change = OneTimeToken.objects.get(purpose=Purpose.UNDO_EMAIL).created_at
    later(days=2)
    with heard(signals.email_change_undone) as calls:
        undo(token)
    [call] = calls
    assert call["since"] == change
    assert call["user"].email == OLD


class Riddle:
    """A second factor of the suite's own."""

    def judge(self, attempt: Attempt) -> Passed | Demand:
        return Demand(("riddle",))

    def prove(self, attempt: Attempt, proof: Proof) -> tuple[str, ...]:
        return ("riddle",)


def test_a_login_that_waits_for_a_second_factor_dies_and_the_factor_stays(token, accounts, mailbox):
    accounts(LOGIN_STAGES=(f"{__name__}.Riddle",))
    ticket = Api().try_login(NEW).json()["mfa_token"]
    undo(token)
    with pytest.raises(MfaTokenInvalid, match="password changed"):
        resume(ticket=ticket, proof=Proof("riddle", ""), client=Client())
    assert PendingLogin.objects.get().spent_at is None
    reset(secret(mailbox, OLD, RESET), MINE)
    assert Api().try_login(OLD, MINE).json()["mfa_required"]


# What it survives ---------------------------------------------------------------------------------


def test_it_survives_whatever_the_thief_changes(token, mailbox):
    thief = Api().login(NEW, transport="bearer")
    change = {"current_password": PASSWORD, "new_password": THIEFS}
    assert thief.post("/auth/change-password", change).status_code == 200
    Api().post("/auth/forgot-password", {"email": NEW})
    assert reset(secret(mailbox, NEW, RESET), PASSWORD).status_code == 200
    moved(mailbox, at=NEW, to=THIRD)
    assert undo(token).status_code == 200
    assert address() == OLD


def test_it_survives_closing_and_the_account_stays_closed(token):
    User.objects.update(closed_at=timezone.now())
    assert undo(token).status_code == 200
    user = User.objects.get()
    assert (user.email, user.closed_at is None) == (OLD, False)


def test_it_does_not_open_an_account_that_staff_shut(token):
    User.objects.update(is_active=False)
    assert codes(undo(token)) == ["link_invalid"]
    assert address() == NEW


def test_it_lives_a_week_from_when_it_is_mailed(user, mailbox, later):
    token = moved(mailbox)
    later(days=6, hours=23)
    assert links.is_reserved(OLD)
    later(hours=2)
    assert codes(undo(token)) == ["link_invalid"]
    assert not links.is_reserved(OLD)


def test_before_it_is_mailed_it_waits_for_the_worker_and_keeps_the_address(user, mailbox, later):
    api = Api().login(transport="bearer")
    ask(api)
    confirm(secret(mailbox, NEW, CONFIRM))
    assert links.is_reserved(OLD)
    later(days=3)  # the mail server was down
    token = secret(mailbox, OLD, UNDO)
    later(days=6)
    assert undo(token).status_code == 200


# Chains: OLD, then NEW, then THIRD ----------------------------------------------------------------


@pytest.fixture
def chain(token, mailbox) -> tuple[str, str]:
    return token, moved(mailbox, at=NEW, to=THIRD)


def test_an_earlier_undo_kills_the_later_one(chain, mailbox):
    first, second = chain
    assert undo(first).status_code == 200
    assert codes(undo(second)) == ["link_invalid"]
    assert address() == OLD
    assert subjects(mailbox, THIRD)[-1] == "A change of address was undone"
    assert not links.is_reserved(NEW)


def test_a_later_undo_leaves_the_earlier_one_alive(chain, mailbox):
    first, second = chain
    assert undo(second).status_code == 200
    assert address() == NEW
    assert undo(first).status_code == 200
    assert address() == OLD


def test_who_changes_back_themselves_can_still_undo_and_gets_no_odd_notice(token, mailbox):
    moved(mailbox, at=NEW, to=OLD)
    assert undo(token).status_code == 200
    assert address() == OLD
    assert subjects(mailbox, OLD)[-1] == "Choose a new password"
    assert not links.is_reserved(NEW)


# The address is kept meanwhile --------------------------------------------------------------------


def test_nobody_registers_it_and_nobody_can_tell(token, mailbox):
    before = len(mailbox.read())
    answer, free = Api().register("ADA@example.com"), Api().register("new@example.com")
    assert outside(answer) == outside(free)
    assert [mail["To"] for mail in mailbox.read()[before:]] == ["new@example.com"]
    assert not User.objects.filter(email_key=OLD).exists()


def test_registering_it_costs_as_much_as_any_other(token):
    def cost(email: str) -> int:
        is_off(Door.REGISTRATION)  # read once in ten seconds
        with CaptureQueriesContext(connection) as queries:
            assert Api().register(email).status_code == 202
        return len(queries)

    assert cost(OLD) == cost("new@example.com")


def test_nobody_else_moves_to_it_but_its_owner_may_move_back(token, make_user, mailbox):
    make_user("eve@example.com")
    ask(Api().login("eve@example.com", transport="bearer"), "\uff41da@example.com")
    assert secrets(mailbox, OLD, CONFIRM) == []
    moved(mailbox, at=NEW, to=OLD)
    assert User.objects.get(email_key=OLD).email == OLD


def test_it_is_free_again_once_the_undo_is_over(token, later, mailbox):
    later(days=8)
    assert Api().register(OLD).status_code == 202
    assert subjects(mailbox, OLD)[-1] == "Confirm your address"


def test_an_address_that_a_shell_gave_away_stays_given_and_the_link_alive(token, make_user):
    eve = make_user(OLD)
    assert codes(undo(token)) == ["link_invalid"]
    eve.refresh_from_db()
    assert eve.email == OLD
    assert User.objects.get(email_key=NEW).has_usable_password()
    eve.delete()
    assert undo(token).status_code == 200


def test_invitations_that_a_thief_sent_end_with_it(make_user, mailbox):
    root = make_user(OLD, is_superuser=True)
    token = moved(mailbox)
    invite(by=User.objects.get(pk=root.pk), email="evil@example.com", client=Client())
    invitation = mailbox.token()
    assert undo(token).status_code == 200
    body = {
        "email": "evil@example.com",
        "password": PASSWORD,
        "name": "E",
        "invitation": invitation,
    }
    assert codes(Api().post("/auth/register", body)) == ["link_invalid"]
