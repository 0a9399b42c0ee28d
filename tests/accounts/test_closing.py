"""Closing one's own account, what is left of it, and the way back."""

from functools import partial

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from accounts.errors import LastSuperuser
from accounts.flows import staff
from accounts.flows.closing import close_account
from accounts.flows.invitations import accept, invite
from accounts.models import OneTimeToken, PendingLogin
from accounts.signals import account_closed, account_reopened
from portcullis.client import Client
from rbac.errors import LastAdmin, PermissionDenied
from tests.admin.conftest import give
from tests.doors import PASSWORD, Api, codes
from tests.tokens.carrying import PROFILE, access_token_of
from tokens.models import Restriction, Session

NEW = "Difference-Engine-1822"
REOPEN = "/auth/reopen"
CLOSED, REOPENED = "Portcullis: Your account was closed", "Portcullis: Your account was reopened"


@pytest.fixture
def bearer(user) -> Api:
    return Api().login(transport="bearer")


@pytest.fixture
def closed(door) -> Api:
    """Whose account was closed a moment ago."""
    assert door.delete(PROFILE).status_code == 202
    return door


def row(user):
    return get_user_model().objects.get(pk=user.pk)


def test_closing_says_until_when_and_shuts_every_session_out(door, user, later):
    elsewhere = Api().login(transport="bearer")
    answer = door.delete(PROFILE)
    assert answer.status_code == 202
    assert "is closed" in answer.json()["detail"]
    assert row(user).closed_at is not None
    assert row(user).is_active
    for client in (door, elsewhere):
        assert client.get(PROFILE).status_code == 401
        assert client.refresh().status_code == 401
    assert set(Session.objects.values_list("revoke_reason", flat=True)) == {"closed"}
    assert door.cookie("access") is None
    assert door.cookie("refresh") is None


def test_closing_needs_a_recent_proof(door, user, later):
    later(minutes=11)
    door.take(door.refresh())
    answer = door.delete(PROFILE)
    assert (answer.status_code, codes(answer)) == (403, ["reauthentication_required"])
    assert row(user).closed_at is None


def test_links_and_logins_on_their_way_die_and_the_notice_lives(user, api, mailbox):
    api.post("/auth/forgot-password", {"email": user.email})
    reset = mailbox.token()
    door = Api().login(transport="bearer")
    PendingLogin.objects.create(
        digest="x", user=user, epoch=0, stage="x", expires_at=timezone.now()
    )
    assert door.delete(PROFILE).status_code == 202
    answer = api.post("/auth/reset-password", {"token": reset, "password": NEW})
    assert codes(answer) == ["link_invalid"]
    assert PendingLogin.objects.get().epoch != row(user).credential_epoch
    assert mailbox.latest()["Subject"] == CLOSED
    assert OneTimeToken.alive().get().purpose == "not_me"
    assert "not-me/?token=" in mailbox.latest().get_body(("plain",)).get_content()


def test_who_logs_in_again_may_reopen_it_and_nothing_else(closed, user, transport):
    api = Api().login(transport=transport)
    assert api.answer["session"]["restriction"] == "reopen"
    for method, path in (
        ("GET", PROFILE),
        ("DELETE", PROFILE),
        ("GET", "/users/profile/export"),
        ("GET", "/auth/sessions"),
        ("POST", "/auth/change-password"),
        ("POST", "/auth/reauthenticate"),
    ):
        answer = api.request(method, path, {} if method == "POST" else None)
        assert (answer.status_code, codes(answer)) == (403, ["permission_denied"])
    api.take(api.refresh())
    before = access_token_of(api)

    answer = api.post(REOPEN)

    assert answer.status_code == 200
    api.take(answer)
    assert api.answer["session"]["restriction"] is None
    assert api.get(PROFILE).status_code == 200
    assert row(user).closed_at is None
    assert Api().get(PROFILE, Authorization=f"Bearer {before}").status_code == 401
    assert Session.objects.open().count() == 1


def test_a_restricted_session_may_log_out_and_leave_it_closed(closed, user):
    api = Api().login()
    assert api.logout().status_code == 204
    assert api.post(REOPEN).status_code == 401
    assert row(user).closed_at is not None


def test_reopening_is_for_sessions_that_a_login_opened_for_it(bearer):
    answer = bearer.post(REOPEN)
    assert (answer.status_code, codes(answer)) == (403, ["permission_denied"])
    assert bearer.get(PROFILE).status_code == 200


def test_the_second_of_two_sessions_goes_on_when_the_first_has_reopened_it(bearer, mailbox, heard):
    bearer.delete(PROFILE)
    first, second = (Api().login(transport="bearer") for _ in range(2))
    with heard(account_reopened) as calls:
        assert first.post(REOPEN).status_code == 200
        assert second.post(REOPEN).status_code == 200
    assert len(calls) == 1
    assert mailbox.subjects() == [CLOSED, REOPENED]


def test_what_else_is_left_to_do_follows(user, bearer):
    assert bearer.delete(PROFILE).status_code == 202
    get_user_model().objects.filter(pk=user.pk).update(must_change_password=True)
    api = Api().login(transport="bearer")
    api.take(api.post(REOPEN))
    assert api.answer["session"]["restriction"] == Restriction.CHANGE_PASSWORD
    body = {"current_password": PASSWORD, "new_password": NEW}
    assert api.post("/auth/change-password", body).json()["session"]["restriction"] is None


def test_both_are_announced_and_told_to_the_owner(user, bearer, mailbox, heard):
    with heard(account_closed) as closings, heard(account_reopened) as reopenings:
        bearer.delete(PROFILE)
        Api().login(transport="bearer").post(REOPEN)
    assert [call["user"] for call in closings] == [user]
    assert [(call["user"], str(call["session"].restriction)) for call in reopenings] == [(user, "")]
    assert mailbox.subjects() == [CLOSED, REOPENED]
    assert {mail["To"] for mail in mailbox.read()} == {user.email}


# What others see ----------------------------------------------------------------------------------


def test_nothing_tells_a_stranger_that_an_account_is_closed(user, make_user, api, mailbox):
    make_user("open@example.com")
    get_user_model().objects.filter(pk=user.pk).update(closed_at=timezone.now())

    def seen(email: str):
        register = {"email": email, "password": NEW, "name": "Eve"}
        yield api.try_login(email, "Wrong-Password-1")
        yield api.post("/auth/register", register)
        yield api.post("/auth/forgot-password", {"email": email})
        yield api.post("/auth/resend-verification", {"email": email})

    closed, opened = (
        [(answer.status_code, answer.content) for answer in seen(email)]
        for email in (user.email, "open@example.com")
    )
    assert closed == opened
    told = [mail["Subject"] for mail in mailbox.read() if mail["To"] == user.email]
    assert told == [
        "Portcullis: You already have an account",
        "Portcullis: Choose a new password",
    ]


def test_nobody_is_asked_to_confirm_the_address_of_a_closed_account(make_user, api, mailbox):
    make_user(email_verified_at=None, closed_at=timezone.now())
    assert api.post("/auth/resend-verification", {"email": "ada@example.com"}).status_code == 202
    assert mailbox.read() == []


def test_a_closed_account_takes_a_new_password_and_stays_closed(closed, user, mailbox):
    Api().post("/auth/forgot-password", {"email": user.email})
    body = {"token": mailbox.token(), "password": NEW}
    assert Api().post("/auth/reset-password", body).status_code == 200
    assert Api().login(password=NEW).answer["session"]["restriction"] == "reopen"


def test_a_closed_and_deactivated_account_is_let_in_by_nobody(closed, user):
    api = Api().login(transport="bearer")
    get_user_model().objects.filter(pk=user.pk).update(is_active=False)
    assert api.post(REOPEN).status_code == 401
    assert codes(Api().try_login()) == ["invalid_credentials"]
    assert row(user).closed_at is not None


# Who has to stay ----------------------------------------------------------------------------------


def test_the_last_admin_and_the_last_superuser_cannot_close_theirs(user, make_user, bearer):
    give(user, "admin")
    answer = bearer.delete(PROFILE)
    assert (answer.status_code, codes(answer)) == (409, ["last_admin"])
    give(make_user("second@example.com"), "admin")
    get_user_model().objects.filter(pk=user.pk).update(is_superuser=True, is_staff=True)
    answer = bearer.delete(PROFILE)
    assert (answer.status_code, codes(answer)) == (409, ["last_admin"])
    assert row(user).closed_at is None
    assert bearer.get(PROFILE).status_code == 200
    get_user_model().objects.create_superuser("root@example.com", PASSWORD)
    assert bearer.delete(PROFILE).status_code == 202


def test_who_has_closed_theirs_stays_for_nobody(user, make_user):
    """Neither as the other admin nor as the other superuser."""
    users = get_user_model().objects
    gone = users.create_superuser("gone@example.com", PASSWORD, closed_at=timezone.now())
    give(gone, "admin")
    for make, error in (
        (partial(give, user, "admin"), LastAdmin),
        (lambda: users.filter(pk=user.pk).update(is_superuser=True, is_staff=True), LastSuperuser),
    ):
        make()
        Api().login(transport="bearer")
        session = Session.objects.select_related("user").latest("created_at")
        with pytest.raises(error):
            close_account(session=session, client=Client())
        user.role_assignments.all().delete()


def test_whoever_closed_their_account_meanwhile_acts_for_nobody(user, make_user):
    """The request was admitted before."""
    root = get_user_model().objects.create_superuser("root@example.com", PASSWORD)
    get_user_model().objects.filter(pk=root.pk).update(closed_at=timezone.now())
    with pytest.raises(PermissionDenied):
        staff.deactivate(by=root, user=user, client=Client())
    assert row(user).is_active


@pytest.mark.parametrize("again", ["register", "invite"])
def test_nobody_closes_an_address_to_its_owner(accounts, make_user, mailbox, again):
    """Where verification is optional: registered and closed by a stranger, and then the owner
    comes."""
    accounts(EMAIL_VERIFICATION="optional")
    email = "owner@example.com"
    Api().register(email, "Mallory-Was-First-1984", "Mallory")
    Api().login(email, "Mallory-Was-First-1984", transport="bearer").delete("/users/profile")
    if again == "register":
        Api().register(email)
        assert Api().post("/auth/verify-email", {"token": mailbox.token()}).status_code == 200
    else:
        root = make_user("root@example.com", is_superuser=True)
        invite(by=root, email=email, client=Client())
        accept(token=mailbox.token(), email=email, password=PASSWORD, name="Ada", client=Client())
    assert Api().login(email, transport="bearer").answer["session"]["restriction"] is None


def test_a_reset_opens_no_closed_account(db, accounts, mailbox):
    """Not even one whose address it proves: that is a step of its own, and told."""
    accounts(EMAIL_VERIFICATION="optional")
    Api().register()
    api = Api().login(transport="bearer")
    assert api.delete("/users/profile").status_code == 202
    Api().post("/auth/forgot-password", {"email": "ada@example.com"})
    body = {"token": mailbox.token(), "password": "Difference-Engine-1822"}
    assert Api().post("/auth/reset-password", body).status_code == 200
    again = Api().login(password="Difference-Engine-1822", transport="bearer")
    assert again.answer["session"]["restriction"] == "reopen"
