"""This wasn't me: the button of a notice shuts everybody out, and mails the owner a new key."""

import pytest
from django.contrib.auth import get_user_model

from accounts.errors import MfaTokenInvalid
from accounts.login import resume
from accounts.models import OneTimeToken, Purpose
from accounts.signals import disowned
from accounts.stages import Attempt, Demand, Passed, Proof
from portcullis.client import Client
from tests.doors import PASSWORD, Api, Pages, codes, shown
from tests.tokens.conftest import listen
from tokens.models import RevokeReason, Session

__all__ = ["listen"]
pytestmark = pytest.mark.django_db

PAGE, FORGOT = "/accounts/not-me/", "/accounts/password/reset/"
NEW = "Difference-Engine-1822"


class Riddle:
    """A second factor."""

    def judge(self, attempt: Attempt) -> Passed | Demand:
        return Demand(("riddle",))

    def prove(self, attempt: Attempt, proof: Proof) -> tuple[str, ...]:
        return ("riddle",)


@pytest.fixture
def notice(user, mailbox) -> str:
    """The page that the newest notice leads to."""
    api = Api().login(transport="bearer")
    assert api.patch("/users/profile", {"name": "Eve"}).status_code == 200
    return f"{PAGE}?token={mailbox.token()}"


def press(notice: str, browser: Pages | None = None):
    return (browser or Pages()).send(notice, to=PAGE)


def test_the_page_says_what_its_button_does_and_a_visit_does_nothing(notice, pages):
    page = pages.visit(notice)
    assert page.status_code == 200
    assert "log everybody out of your account" in shown(page)
    for method in ("get", "head", "options"):
        getattr(Pages().client, method)(notice, secure=True)
    assert OneTimeToken.objects.get().spent_at is None
    assert Session.objects.open().exists()


def test_it_ends_every_session_this_browsers_too_and_says_so(notice, pages):
    thief = Api().login(transport="bearer")
    pages.log_in()

    response = press(notice, pages)

    assert response["Location"] == FORGOT
    page = shown(pages.visit(FORGOT))
    assert "Everybody is logged out of your account" in page
    assert "is on its way to your mailbox" in page
    assert not pages.signed_in
    assert codes(thief.get("/users/profile")) == ["token_invalid"]
    assert thief.refresh().status_code == 401
    assert set(Session.objects.values_list("revoke_reason", flat=True)) == {RevokeReason.DISOWNED}


def test_the_password_is_useless_until_the_mailed_link_sets_another(notice, user, mailbox):
    press(notice)
    assert Api().try_login(password=PASSWORD).status_code == 401
    mail = mailbox.latest()
    assert (mail["Subject"], mail["To"]) == ("Portcullis: Choose a new password", user.email)
    body = {"token": mailbox.token(), "password": NEW}
    assert Api().post("/auth/reset-password", body).status_code == 200
    Api().login(password=NEW)


def test_a_login_that_waits_for_its_second_factor_is_over(notice, settings):
    settings.ACCOUNTS = {**settings.ACCOUNTS, "LOGIN_STAGES": (f"{__name__}.Riddle",)}
    ticket = Api().login(transport="bearer").answer["mfa_token"]
    proof = {"proof": Proof("riddle", "42"), "client": Client(), "ticket": ticket}
    press(notice)
    with pytest.raises(MfaTokenInvalid):
        resume(**proof)


def test_every_link_but_an_undo_dies_with_it(notice, user):
    for purpose in (Purpose.RESET_PASSWORD, Purpose.CHANGE_EMAIL, Purpose.UNDO_EMAIL):
        OneTimeToken.objects.create(
            purpose=purpose, user=user, expires_at=user.date_joined.replace(year=2099)
        )
    before = set(OneTimeToken.objects.values_list("pk", flat=True))
    press(notice)
    alive = OneTimeToken.alive()
    assert [link.purpose for link in alive.filter(pk__in=before)] == [Purpose.UNDO_EMAIL]
    assert [link.purpose for link in alive.exclude(pk__in=before)] == [Purpose.RESET_PASSWORD]


def test_it_works_once_and_a_second_notice_is_dead_with_the_first(notice, mailbox, pages):
    Api().login(transport="bearer").patch("/users/profile", {"name": "Mallory"})
    second = f"{PAGE}?token={mailbox.token()}"
    assert press(notice)["Location"] == FORGOT
    epoch = get_user_model().objects.get().credential_epoch
    for dead in (notice, second, f"{PAGE}?token=made-up", f"{PAGE}?token=", PAGE):
        assert pages.visit(dead)["Location"] == FORGOT
        assert "This link is not valid" in shown(pages.visit(FORGOT))
    assert get_user_model().objects.get().credential_epoch == epoch
    assert mailbox.subjects().count("Portcullis: Choose a new password") == 1


def test_it_is_dead_once_the_address_has_changed(notice, user, pages, mailbox):
    """Or the reset link would go to whoever moved the account; the undo link is the way then."""
    user.email = "thief@example.com"
    user.save()
    assert pages.visit(notice)["Location"] == FORGOT
    assert "Portcullis: Choose a new password" not in mailbox.subjects()


def test_it_lives_for_a_week(notice, later):
    later(days=6, hours=23)
    assert Pages().visit(notice).status_code == 200
    later(hours=2)
    assert Pages().visit(notice).status_code == 302


@pytest.mark.parametrize(("change", "works"), [("closed_at", True), ("is_active", False)])
def test_it_works_for_a_closed_account_and_not_for_one_shut_out(notice, user, change, works):
    changes = {"closed_at": user.date_joined, "is_active": False}
    get_user_model().objects.filter(pk=user.pk).update(**{change: changes[change]})
    assert (Pages().visit(notice).status_code == 200) == works
    if works:
        press(notice)
    assert Session.objects.filter(revoke_reason=RevokeReason.DISOWNED).exists() == works


def test_an_account_without_a_password_is_shut_too(user, notice, mailbox):
    get_user_model().objects.filter(pk=user.pk).update(
        password="!none", credential_epoch=user.credential_epoch
    )
    press(notice)
    assert get_user_model().objects.get().credential_epoch == user.credential_epoch + 1
    assert mailbox.subjects()[-1] == "Portcullis: Choose a new password"


def test_other_peoples_sessions_go_on(notice, make_user):
    make_user("grace@example.com")
    grace = Api().login("grace@example.com", transport="bearer")
    press(notice)
    assert grace.get("/users/profile").status_code == 200


def test_it_is_announced_for_what_else_admits_without_a_password(notice, user, listen):
    heard = listen(disowned)
    press(notice)
    assert [fact["user"].pk for fact in heard] == [user.pk]
    assert heard[0]["client"].ip == "127.0.0.1"
