"""Register, confirm and reset by page: a visit spends nothing, the button does, once."""

import pytest
from django.contrib.auth import get_user_model

from accounts.errors import LinkInvalid
from accounts.models import OneTimeToken
from tests.doors import PASSWORD, Api, Pages, shown
from tokens.models import Session

pytestmark = pytest.mark.django_db

REGISTER, VERIFY = "/accounts/register/", "/accounts/verify-email/"
FORGOT, RESET = "/accounts/password/reset/", "/accounts/password/reset/confirm/"
NEW = "Difference-Engine-1822"
FACTS = {"name": "Ada", "email": "ada@example.com", "password": PASSWORD}


@pytest.fixture
def mailed(pages, mailbox) -> str:
    """The page that a registration's mail leads to."""
    assert pages.send(REGISTER, FACTS)["Location"] == VERIFY
    return f"{VERIFY}?token={mailbox.token()}"


@pytest.fixture
def forgotten(user, pages, mailbox) -> str:
    """The page that a reset mail leads to."""
    assert pages.send(FORGOT, {"email": user.email})["Location"] == FORGOT
    return f"{RESET}?token={mailbox.token()}"


AT_RANDOM = {"X-Request-ID", "Expires", "__Host-csrftoken"}


def outside(response) -> tuple:
    """All that a stranger sees of an answer but the time that it was given."""
    told = {name: value for name, value in response.items() if name not in AT_RANDOM}
    cookies = {
        name: (
            morsel.value.partition(":")[0],  # less the time that it was signed
            {**morsel, "expires": ""},
        )
        for name, morsel in response.cookies.items()
        if name not in AT_RANDOM
    }
    return response.status_code, str(sorted(told.items())), str(sorted(cookies.items()))


def test_from_registration_to_login(mailed, pages):
    assert "a mail is on its way" in shown(pages.visit(VERIFY))

    response = pages.send(mailed, to=VERIFY)

    assert response["Location"] == "/accounts/login/"
    assert "Your address is confirmed." in shown(pages.visit("/accounts/login/"))
    assert pages.log_in().status_code == 302
    assert "ada@example.com" in shown(pages.visit("/accounts/profile/"))


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_a_mail_scanner_spends_no_link(mailed, pages, method):
    for _ in range(3):
        getattr(Pages().client, method)(mailed, secure=True)

    assert OneTimeToken.objects.get().spent_at is None
    assert pages.send(mailed, to=VERIFY)["Location"] == "/accounts/login/"


def test_a_link_works_once_and_a_dead_one_leads_to_another(mailed, pages):
    pages.send(mailed, to=VERIFY)

    for dead in (
        mailed,
        f"{VERIFY}?token=made-up",
        f"{VERIFY}?token=",
        f"{VERIFY}?token={'x' * 5000}",
    ):
        assert pages.visit(dead)["Location"] == VERIFY
        assert "This link is not valid" in shown(pages.visit(VERIFY))


@pytest.mark.parametrize("flow", ["verify_email", "reset_password"])
def test_a_link_that_somebody_spends_meanwhile_leads_to_another(request, pages, monkeypatch, flow):
    def too_late(**typed: object) -> None:
        raise LinkInvalid("spent meanwhile")

    path = request.getfixturevalue("mailed" if flow == "verify_email" else "forgotten")
    here, another = (VERIFY, VERIFY) if flow == "verify_email" else (RESET, FORGOT)
    module = "registration" if flow == "verify_email" else "views"
    monkeypatch.setattr(f"accounts.pages.{module}.{flow}", too_late)

    response = pages.send(path, {"password": NEW}, to=here)

    assert response["Location"] == another
    assert "This link is not valid" in shown(pages.visit(another))


def test_the_link_can_be_sent_again(mailed, pages, mailbox):
    assert pages.send(VERIFY, {"email": "ada@example.com"})["Location"] == VERIFY

    pages.send(f"{VERIFY}?token={mailbox.token()}", to=VERIFY)

    assert get_user_model().objects.get().email_verified_at is not None


@pytest.mark.parametrize("path", [VERIFY, FORGOT])
def test_whoever_asks_for_a_link_reads_the_same(make_user, path):
    make_user("verified@example.com")
    make_user("unverified@example.com", email_verified_at=None)

    answers = set()
    for name in ("verified", "unverified", "unknown"):
        browser = Pages()
        response = browser.send(path, {"email": f"{name}@example.com"})
        answers.add((outside(response), shown(browser.visit(path))))

    assert len(answers) == 1


def test_registering_a_taken_address_reads_like_any_registration(user, mailbox):
    answers = set()
    for email in (user.email, "new@example.com"):
        browser = Pages()
        response = browser.send(REGISTER, {**FACTS, "email": email})
        answers.add((outside(response), shown(browser.visit(VERIFY))))

    assert len(answers) == 1
    assert len(mailbox.read()) == 2


def test_a_bad_registration_says_what_is_wrong_and_stores_nothing(pages):
    typed = {"name": "Ada\x07", "email": "ada", "password": "short"}

    response = pages.send(REGISTER, typed)
    page = shown(response)

    assert response.status_code == 200
    assert "Control characters are not allowed." in page
    assert "Enter a valid email address." in page
    assert 'value="ada"' in response.content.decode()
    assert "short" not in response.content.decode()
    assert not get_user_model().objects.exists()


def test_a_weak_password_is_told_all_that_is_missing(pages):
    page = shown(pages.send(REGISTER, {**FACTS, "password": "ada"}))

    for missing in (
        "At least 8 characters",
        "an upper-case letter",
        "a digit",
        "a special character",
    ):
        assert missing in page
    assert not get_user_model().objects.exists()


@pytest.mark.parametrize("mode", ["closed", "invite"])
def test_closed_doors_are_no_page_and_take_no_form(pages, settings, mode):
    pages.visit(REGISTER)
    settings.ACCOUNTS = {**settings.ACCOUNTS, "REGISTRATION": mode}

    assert pages.visit(REGISTER).status_code == 403
    response = pages.send("/accounts/login/", FACTS, to=REGISTER)
    assert response.status_code == 403
    assert "Registration is " in shown(response)
    assert REGISTER not in pages.visit("/accounts/login/").content.decode()
    assert not get_user_model().objects.exists()


def test_a_forgotten_password_is_replaced_and_every_session_ends(user, forgotten, pages):
    elsewhere = Api().login(transport="bearer")

    response = pages.send(forgotten, {"password": NEW}, to=RESET)

    assert response["Location"] == "/accounts/login/"
    assert "Your password is changed." in shown(pages.visit("/accounts/login/"))
    assert elsewhere.get("/users/profile").status_code == 401
    assert not Session.objects.open().exists()
    assert not pages.signed_in
    assert pages.log_in(password=PASSWORD).status_code == 200
    assert pages.log_in(password=NEW).status_code == 302


def test_a_bad_new_password_leaves_the_link_as_it_was(forgotten, pages):
    response = pages.send(forgotten, {"password": "short"}, to=RESET)

    assert response.status_code == 200
    assert "At least 8 characters" in shown(response)
    assert pages.send(forgotten, {"password": NEW}, to=RESET)["Location"] == "/accounts/login/"


def test_a_link_of_one_kind_opens_no_page_of_the_other(forgotten, pages):
    token = forgotten.partition("=")[2]

    assert pages.visit(f"{VERIFY}?token={token}")["Location"] == VERIFY
    response = pages.send(FORGOT, {"token": token}, to=VERIFY)
    assert response["Location"] == VERIFY
    assert OneTimeToken.objects.get().spent_at is None


def test_a_password_manager_learns_whose_password_it_is(forgotten, pages):
    page = pages.visit(forgotten).content.decode()

    assert 'autocomplete="username" value="ada@example.com"' in page
    assert 'autocomplete="new-password"' in page


def test_password_reset_without_a_token_leads_to_asking_for_one(pages):
    assert pages.visit(RESET)["Location"] == FORGOT
