"""An invitation by page: the address is there already, a visit spends nothing, the button does."""

import pytest
from django.contrib.auth import get_user_model

from accounts.flows.invitations import invite
from accounts.models import OneTimeToken
from portcullis.client import Client
from rbac.authority import OPERATOR
from tests.accounts.conftest import accounts
from tests.doors import PASSWORD, Pages, shown

__all__ = ["accounts"]

pytestmark = pytest.mark.django_db

REGISTER, LOGIN = "/accounts/register/", "/accounts/login/"
EMAIL = "ada@example.com"
TYPED = {"name": "Ada", "email": EMAIL, "password": PASSWORD}


@pytest.fixture
def mailed(db, mailbox) -> str:
    """The page that an invitation's mail leads to."""
    invite(by=OPERATOR, email=EMAIL, client=Client())
    return f"{REGISTER}?token={mailbox.token()}"


@pytest.mark.parametrize("mode", ["open", "invite"])
def test_from_the_invitation_to_the_login(mailed, pages, accounts, mode):
    accounts(REGISTRATION=mode)
    page = pages.visit(mailed).content.decode()
    field = page.partition('<input type="email"')[2].partition(">")[0]
    assert f'value="{EMAIL}"' in field
    assert "readonly" in field

    assert pages.send(mailed, TYPED, to=REGISTER)["Location"] == LOGIN
    assert "Your account is ready. You can log in now." in shown(pages.visit(LOGIN))
    assert not pages.signed_in
    assert pages.log_in().status_code == 302
    assert pages.signed_in


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_a_mail_scanner_spends_no_invitation(mailed, pages, method):
    for _ in range(3):
        getattr(Pages().client, method)(mailed, secure=True)
    assert OneTimeToken.objects.get().spent_at is None
    assert pages.send(mailed, TYPED, to=REGISTER)["Location"] == LOGIN


def test_what_is_wrong_stands_at_its_field_and_spends_nothing(mailed, pages):
    weak = pages.send(mailed, {**TYPED, "password": "short"}, to=REGISTER)
    assert set(weak.context["form"].errors) == {"password"}
    other = pages.send(mailed, {**TYPED, "email": "grace@example.com"}, to=REGISTER)
    assert set(other.context["form"].errors) == {"email"}
    assert not get_user_model().objects.filter(email="grace@example.com").exists()
    assert pages.send(mailed, TYPED, to=REGISTER)["Location"] == LOGIN


def test_a_dead_invitation_leads_to_the_login(mailed, pages):
    pages.send(mailed, TYPED, to=REGISTER)
    for dead in (mailed, f"{REGISTER}?token=made-up", f"{REGISTER}?token="):
        assert pages.visit(dead)["Location"] == LOGIN
        assert "This link is not valid" in shown(pages.visit(LOGIN))


def test_without_an_invitation_the_page_says_that_it_takes_one(pages, accounts):
    accounts(REGISTRATION="invite")
    page = pages.visit(REGISTER)
    assert page.status_code == 403
    assert "Registration is by invitation only." in shown(page)
    for path in (LOGIN, "/"):
        assert "Create an account" not in shown(pages.visit(path))


def test_a_closed_registration_takes_no_invitation_either(mailed, pages, accounts):
    accounts(REGISTRATION="closed")
    page = pages.visit(mailed)
    assert page.status_code == 403
    assert "Registration is closed." in shown(page)
    accounts(REGISTRATION="invite")
    assert pages.visit(mailed).status_code == 200
