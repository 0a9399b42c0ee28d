"""Lock down: one click takes an account from whoever has it, and only a reset by mail gives it
back."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.utils import timezone

from accounts.models import OneTimeToken, PendingLogin, Purpose
from accounts.signals import account_locked_down
from tests.accounts.moving import moved, subjects, undo
from tests.admin.desk import Desk, buttons, said
from tests.doors import PASSWORD, Api, codes
from tokens.models import RevokeReason, Session

pytestmark = pytest.mark.django_db

PROFILE = "/users/profile"
DONE = ["1 user: Locked down."]
DENIED = "You may not do that to your own account, or to one that may do as much as you."
FRESH = "Difference-Engine-1822"
WHY = {"reason": "Stolen laptop"}


def now(user):
    return get_user_model().objects.get(pk=user.pk)


def alive(user) -> list[str]:
    return sorted(OneTimeToken.alive().filter(user=user).values_list("purpose", flat=True))


def test_everything_ends_and_a_reset_by_mail_gives_the_account_back(desk, user, door, mailbox):
    assert desk.act("lock_down", user, **WHY) == DONE
    assert codes(door.get(PROFILE)) == ["token_invalid"]
    assert door.refresh().status_code == 401
    assert codes(Api().try_login(transport="bearer")) == ["invalid_credentials"]
    assert "Your account was locked" in subjects(mailbox, user.email)

    Api().post("/auth/forgot-password", {"email": user.email})
    reset = Api().post("/auth/reset-password", {"token": mailbox.token(), "password": FRESH})
    assert reset.status_code == 200
    again = Api().login(password=FRESH, transport="bearer")
    assert again.answer["session"]["restriction"] in (None, "")
    assert again.get(PROFILE).status_code == 200


def test_no_link_mailed_before_opens_anything_but_the_undo(desk, user, make_user, mailbox):
    undoing = moved(mailbox)
    Api().post("/auth/forgot-password", {"email": "ada@new.example"})
    Api().login("ada@new.example", transport="bearer").post(
        "/auth/change-email", {"email": "ada@third.example"}
    )
    mailbox.read()
    before = alive(user)
    assert {Purpose.RESET_PASSWORD, Purpose.CHANGE_EMAIL, Purpose.UNDO_EMAIL} <= {*before}
    desk.act("lock_down", user, **WHY)
    assert alive(user) == [Purpose.UNDO_EMAIL]
    assert undo(undoing).status_code == 200
    assert now(user).email == "ada@example.com"


def test_a_login_that_waits_for_a_further_proof_ends_too(desk, user):
    waiting = PendingLogin.objects.create(
        digest="d", user=user, epoch=0, expires_at=timezone.now() + timedelta(minutes=5)
    )
    desk.act("lock_down", user, **WHY)
    waiting.refresh_from_db()
    assert waiting.spent_at is not None


def test_no_password_is_left_and_whoever_gets_in_otherwise_must_choose_one(desk, user, bearer):
    epoch = user.credential_epoch
    desk.act("lock_down", user, **WHY)
    locked = now(user)
    assert not locked.has_usable_password()
    assert (locked.must_change_password, locked.credential_epoch) == (True, epoch + 1)
    assert Session.objects.get(pk=bearer.sid).revoke_reason == RevokeReason.STAFF


def test_an_inactive_account_is_locked_too_and_told_nothing(desk, make_user, mailbox):
    gone = make_user("gone@example.com", is_active=False)
    assert desk.act("lock_down", gone, **WHY) == DONE
    assert not now(gone).is_active
    assert mailbox.read() == []
    desk.act("reactivate", gone)
    assert codes(Api().try_login(gone.email, transport="bearer")) == ["invalid_credentials"]


def test_it_is_asked_about_with_a_reason(desk, user, bearer):
    asked = desk.choose("lock_down", user, stay="1")
    assert asked.status_code == 200
    assert buttons(asked) == ["lock_down"]
    again = desk.choose("lock_down", user, confirmed="1", reason=" ")
    assert (again.status_code, list(again.context["form"].errors)) == (200, ["reason"])
    assert bearer.get(PROFILE).status_code == 200
    assert now(user).check_password(PASSWORD)


def test_it_is_announced_and_logged_without_an_address(desk, root, user, listen):
    heard = listen(account_locked_down)
    desk.act("lock_down", user, **WHY)
    facts = [(fact["user"].pk, fact["by"].pk, fact["reason"]) for fact in heard]
    assert facts == [(user.pk, root.pk, "Stolen laptop")]
    entry = LogEntry.objects.get()
    assert entry.object_repr == entry.object_id == str(user.pk)
    assert entry.get_change_message() == "Locked down. Stolen laptop"


def test_nobody_locks_themselves_down(desk, root):
    assert desk.act("lock_down", root, **WHY) == [f"1 user: {DENIED}"]
    assert now(root).check_password(PASSWORD)
    assert "lock_down" not in buttons(desk.open(root))


def test_support_locks_down_whom_they_stand_over(support_desk, user, root):
    found = sorted(support_desk.act("lock_down", user, root, **WHY))
    assert found == [*DONE, f"1 user: {DENIED}"]
    assert now(root).check_password(PASSWORD)


def test_the_list_tells_who_is_locked_down(desk, user):
    desk.act("lock_down", user, **WHY)
    assert "Must choose a password" in desk.rows(q=user.email).content.decode()
    assert user.email in desk.rows(must_change_password__exact="1").content.decode()
    assert said(desk.open(user)) == []


def test_ending_sessions_alone_asks_for_no_lock_down(make_staff, user, bearer):
    desk = Desk.of(make_staff("accounts.view_user", "tokens.change_session"))
    desk.choose("lock_down", user, confirmed="1", **WHY)
    assert now(user).check_password(PASSWORD)
    assert bearer.get(PROFILE).status_code == 200


@pytest.mark.parametrize("registration", ["open", "invite"])
def test_an_unverified_account_gets_its_reset_link_too(
    desk, make_user, mailbox, settings, registration
):
    """It must not look like one that was merely invited."""
    settings.ACCOUNTS = {**settings.ACCOUNTS, "REGISTRATION": registration}
    pending = make_user("new@example.com", is_pending=True, email_verified_at=None)
    desk.act("lock_down", pending, reason="Stolen")
    assert Api().post("/auth/forgot-password", {"email": pending.email}).status_code == 202
    assert mailbox.latest()["To"] == pending.email
    body = {"token": mailbox.token(), "password": "Difference-Engine-1822"}
    assert Api().post("/auth/reset-password", body).status_code == 200
