"""Deactivate, reactivate, end sessions, send a reset link: done by staff, felt by the user."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.utils import timezone

from accounts.models import OneTimeToken, PendingLogin
from accounts.signals import (
    account_deactivated,
    account_reactivated,
    reset_link_sent_by_staff,
    sessions_ended_by_staff,
)
from tests.accounts.moving import RESET, secret
from tests.admin.desk import SESSIONS, Desk, buttons, page_of, said
from tests.doors import PASSWORD, Api, codes
from tokens.models import RevokeReason, Session
from tokens.signals import session_revoked

pytestmark = pytest.mark.django_db

PROFILE = "/users/profile"
NEW = "Difference-Engine-1822"
ACTIONS = {
    "deactivate": account_deactivated,
    "end_sessions": sessions_ended_by_staff,
    "send_reset_link": reset_link_sent_by_staff,
}


def is_active(user) -> bool:
    return get_user_model().objects.get(pk=user.pk).is_active


def test_a_deactivated_user_is_out_at_once_and_stays_out(desk, user, door):
    assert door.get(PROFILE).status_code == 200
    assert desk.act("deactivate", user) == ["1 user: Deactivated."]
    assert codes(door.get(PROFILE)) == ["token_invalid"]
    assert door.refresh().status_code == 401
    assert codes(Api().try_login(transport="bearer")) == ["invalid_credentials"]


def test_a_reactivated_user_may_log_in_and_finds_nothing_of_before(desk, user, door, mailbox):
    Api().post("/auth/forgot-password", {"email": user.email})
    link = mailbox.token()
    desk.act("deactivate", user)
    assert desk.act("reactivate", user) == ["1 user: Reactivated."]
    assert codes(door.get(PROFILE)) == ["token_invalid"]
    assert door.refresh().status_code == 401
    reset = Api().post("/auth/reset-password", {"token": link, "password": NEW})
    assert codes(reset) == ["link_invalid"]
    assert Api().login(transport="bearer").get(PROFILE).status_code == 200


def test_an_account_deactivated_in_a_shell_finds_nothing_of_before_either(desk, user, bearer):
    get_user_model().objects.filter(pk=user.pk).update(is_active=False)
    assert desk.act("reactivate", user) == ["1 user: Reactivated."]
    assert codes(bearer.get(PROFILE)) == ["token_invalid"]


def test_a_login_that_waits_for_its_second_factor_does_not_outlive_a_deactivation(desk, user):
    waiting = PendingLogin.objects.create(
        digest="d", user=user, epoch=0, expires_at=timezone.now() + timedelta(minutes=5)
    )
    desk.act("deactivate", user)
    desk.act("reactivate", user)
    waiting.refresh_from_db()
    assert waiting.spent_at is not None


def test_the_rows_say_why_they_ended(desk, user, bearer):
    desk.act("end_sessions", user)
    again = Api().login(transport="bearer")
    desk.act("deactivate", user)
    reasons = dict(Session.objects.filter(user=user).values_list("pk", "revoke_reason"))
    assert {str(pk): reason for pk, reason in reasons.items()} == {
        bearer.sid: RevokeReason.STAFF,
        again.sid: RevokeReason.DEACTIVATED,
    }


def test_all_sessions_of_a_user_are_ended_and_nobody_elses(desk, user, make_user, door):
    make_user("grace@example.com")
    grace, other = Api().login("grace@example.com"), Api().login(transport="bearer")
    assert desk.act("end_sessions", user) == ["1 user: All sessions ended."]
    assert codes(door.get(PROFILE)) == codes(other.get(PROFILE)) == ["token_invalid"]
    assert grace.get(PROFILE).status_code == 200
    assert Api().login(transport="bearer").get(PROFILE).status_code == 200


def test_staff_may_end_their_own_sessions_and_have_to_log_in_again(desk, root):
    response = desk.choose("end_sessions", root)
    assert response.status_code == 302
    assert desk.get(response.url).status_code == 302
    assert not Session.objects.open().filter(user=root).exists()


def test_the_mailed_reset_link_works_and_is_the_only_one(desk, user, mailbox):
    Api().post("/auth/forgot-password", {"email": user.email})
    older = mailbox.token()
    assert desk.act("send_reset_link", user) == ["1 user: Reset link sent."]
    token = secret(mailbox, user.email, RESET)
    dead = Api().post("/auth/reset-password", {"token": older, "password": NEW})
    assert codes(dead) == ["link_invalid"]
    spent = Api().post("/auth/reset-password", {"token": token, "password": NEW})
    assert spent.status_code == 200
    Api().login(password=NEW, transport="bearer")


def test_the_reset_link_changes_nothing_before_it_is_used(desk, user, bearer):
    desk.act("send_reset_link", user)
    assert bearer.get(PROFILE).status_code == 200
    assert Api().try_login(password=PASSWORD, transport="bearer").status_code == 200


def test_an_inactive_account_gets_no_link(desk, make_user, mailbox):
    gone = make_user(is_active=False)
    assert desk.act("send_reset_link", gone) == ["1 user: There was nothing to do."]
    assert mailbox.read() == []


@pytest.mark.parametrize(
    ("action", "active"), [("deactivate", False), ("reactivate", True), ("end_sessions", True)]
)
def test_what_is_so_already_is_counted_as_such(desk, make_user, action, active):
    row = make_user(is_active=active)
    assert desk.act(action, row) == ["1 user: There was nothing to do."]
    assert not LogEntry.objects.exists()


def test_many_are_counted_by_what_became_of_them(support_desk, support, root, make_user):
    several = [make_user(f"user{number}@example.com") for number in range(3)]
    gone = make_user("gone@example.com", is_active=False)
    said_so = support_desk.act("deactivate", *several, gone, root, support)
    assert sorted(said_so) == [
        "1 user: There was nothing to do.",
        "2 users: You may not do that to your own account, or to one that may do as much as you.",
        "3 users: Deactivated.",
    ]
    assert [is_active(row) for row in (*several, root, support)] == [False] * 3 + [True] * 2
    assert LogEntry.objects.count() == 3


@pytest.mark.parametrize("action", ACTIONS)
def test_each_action_is_announced_and_logged(support, user, bearer, listen, action):
    heard = listen(ACTIONS[action])
    Desk.of(support).act(action, user)
    facts = [(fact["user"].pk, fact["by"].pk, fact["client"].ip) for fact in heard]
    assert facts == [(user.pk, support.pk, "127.0.0.1")]
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id, entry.object_repr) == (support, *[str(user.pk)] * 2)


def test_a_reactivation_is_announced_and_logged(desk, make_user, listen):
    heard = listen(account_reactivated)
    row = make_user(is_active=False)
    desk.act("reactivate", row)
    assert [fact["user"].pk for fact in heard] == [row.pk]
    assert LogEntry.objects.get().get_change_message() == "Reactivated."


def test_an_action_that_cannot_be_announced_is_not_done(desk, user, bearer):
    def broken(**facts: object) -> None:
        raise RuntimeError("the recorder is broken")

    account_deactivated.connect(broken)
    try:
        assert desk.choose("deactivate", user, confirmed="1").status_code == 500
    finally:
        account_deactivated.disconnect(broken)
    assert is_active(user)
    assert bearer.get(PROFILE).status_code == 200
    assert not LogEntry.objects.exists()


def test_every_ended_session_is_announced(desk, user, listen):
    for _ in range(3):
        Api().login(transport="bearer")
    heard = listen(session_revoked)
    desk.act("deactivate", user)
    assert [fact["reason"] for fact in heard] == [RevokeReason.DEACTIVATED] * 3


@pytest.mark.parametrize("action", ["deactivate", "end_sessions", "send_reset_link"])
def test_several_accounts_are_asked_about_first(desk, user, make_user, action):
    other = make_user("grace@example.com")
    asked = desk.choose(action, user, other)
    assert asked.status_code == 200
    for row in (user, other):
        assert row.email.encode() in asked.content
        assert str(row.pk).encode() in asked.content
    assert is_active(user)
    assert not OneTimeToken.objects.exists()
    assert not LogEntry.objects.exists()


def test_a_deactivation_is_asked_about_even_for_one(desk, user):
    asked = desk.choose("deactivate", user, stay="1")
    assert asked.status_code == 200
    assert is_active(user)
    assert buttons(asked) == ["deactivate"]
    assert page_of(user).encode() in asked.content


def test_too_many_at_once_are_refused(desk, user, monkeypatch):
    monkeypatch.setattr("accounts.admin.actions.AT_ONCE", 1)
    assert desk.act("deactivate", user, select_across="1") == ["Choose 1 at most."]
    assert is_active(user)


def test_a_filtered_list_is_acted_upon_as_it_was_filtered(desk, user, make_user):
    other = make_user("grace@example.com", name="Grace")
    data = {"action": "end_sessions", "select_across": "1", "_selected_action": str(other.pk)}
    grace, ada = Api().login("grace@example.com"), Api().login(transport="bearer")
    response = desk.post("/admin/accounts/user/?q=Grace", data)
    assert response.url == "/admin/accounts/user/?q=Grace"
    assert grace.get(PROFILE).status_code == 401
    assert ada.get(PROFILE).status_code == 200


def test_a_users_page_has_the_buttons_that_make_sense(desk, root, user, make_user):
    gone = make_user("gone@example.com", is_active=False)
    new = make_user("new@example.com", email_verified_at=None)
    over = ["end_sessions", "change_email", "lock_down", "deactivate"]
    assert buttons(desk.open(user)) == ["send_reset_link", *over]
    assert buttons(desk.open(new)) == ["send_reset_link", "resend_verification", *over]
    assert buttons(desk.open(gone)) == ["reactivate", "lock_down"]
    own = ["send_reset_link", "end_sessions", "end_session"]
    assert buttons(desk.open(root)) == own


def test_a_button_leads_back_to_its_page(desk, user):
    response = desk.choose("send_reset_link", user, stay="1")
    assert response.url == page_of(user)
    assert said(desk.get(response.url)) == ["1 user: Reset link sent."]


def test_a_button_without_a_csrf_token_does_nothing(desk, user):
    data = {"csrfmiddlewaretoken": "x" * 64, "confirmed": "1"}
    assert desk.choose("deactivate", user, **data).status_code == 403
    assert is_active(user)


def test_an_address_in_the_query_does_nothing(desk, user):
    desk.rows(action="deactivate", _selected_action=str(user.pk), confirmed="1")
    assert is_active(user)


@pytest.mark.parametrize("chosen", ["nonsense", "\0", "'; DROP TABLE users; --"])
def test_a_row_that_cannot_be_is_bad_input(desk, user, chosen):
    data = {"action": "deactivate", "_selected_action": chosen, "confirmed": "1"}
    assert desk.post("/admin/accounts/user/", data).status_code == 400


@pytest.mark.parametrize(
    ("permissions", "offered"),
    [
        (["accounts.view_user"], set()),
        (["accounts.view_user", "tokens.change_session"], {"end_sessions"}),
        (
            ["accounts.change_user"],
            {"change_email", "deactivate", "lock_down", "send_reset_link"},
        ),
    ],
)
def test_each_action_needs_its_permission(make_staff, user, bearer, permissions, offered):
    desk = Desk.of(make_staff(*permissions))
    assert set(buttons(desk.open(user))) == offered
    for action in {*ACTIONS} - offered:
        desk.choose(action, user, confirmed="1")
    assert is_active(user)
    assert bearer.get(PROFILE).status_code == 200
    assert not OneTimeToken.objects.exists()
    assert not LogEntry.objects.exists()


def test_the_page_leads_to_the_users_sessions(desk, make_staff, user):
    link = f"/admin/{SESSIONS.replace('_', '/')}/?q=ada%40example.com"
    assert link in desk.open(user).content.decode()
    assert link not in Desk.of(make_staff("accounts.view_user")).open(user).content.decode()
