"""Change, confirm and undo an address by page: a visit spends nothing, the button does, once."""

import pytest
from django.contrib.auth import get_user_model

from accounts.models import OneTimeToken
from tests.accounts.moving import CONFIRM, NEW, OLD, RESET, THIRD, UNDO, moved, secret
from tests.accounts.moving import asked as asked_for
from tests.doors import Api, Pages, shown

pytestmark = pytest.mark.django_db

CHANGE, LOGIN, PROFILE = "/accounts/email/change/", "/accounts/login/", "/accounts/profile/"
FORGOT = "/accounts/password/reset/"


@pytest.fixture
def asked(ada, mailbox) -> str:
    """The page that the mail to the new address leads to."""
    assert ada.send(CHANGE, {"email": NEW})["Location"] == CHANGE
    return f"{CONFIRM}?token={secret(mailbox, NEW, CONFIRM)}"


@pytest.fixture
def undoing(user, mailbox) -> str:
    """The page that the mail to the old address leads to."""
    return f"{UNDO}?token={moved(mailbox)}"


def test_from_one_address_to_the_other(ada, asked):
    page = shown(ada.visit(CHANGE))
    assert "a mail is on its way" in page
    assert f"A change to {NEW} waits" in page

    assert NEW in shown(ada.visit(asked))
    assert ada.send(asked, to=CONFIRM)["Location"] == PROFILE

    page = shown(ada.visit(PROFILE))
    assert "Your address is changed." in page
    assert NEW in page
    assert "waits" not in shown(ada.visit(CHANGE))


def test_the_link_is_opened_in_another_browser(ada, asked):
    """One in which nobody is logged in: it moves the account and lets nobody in."""
    phone = Pages()
    page = shown(phone.visit(asked))
    assert OLD not in page
    assert phone.send(asked, to=CONFIRM)["Location"] == PROFILE
    assert not phone.signed_in
    assert ada.signed_in


def test_an_address_that_is_taken_waits_like_any_other(ada, make_user):
    make_user("grace@example.com")
    pages = []
    for address in ("grace@example.com", "free@example.com"):
        ada.send(CHANGE, {"email": address})
        pages.append(shown(ada.visit(CHANGE)).replace(address, "ADDRESS"))
    assert pages[0] == pages[1]
    assert "A change to ADDRESS waits" in pages[0]


def test_what_is_wrong_is_said_beside_the_field(ada):
    page = ada.send(CHANGE, {"email": "ada"})
    assert "Enter a valid email address." in shown(page)
    assert 'value="ada"' in page.content.decode()
    assert "This is your address already." in shown(ada.send(CHANGE, {"email": OLD}))


def test_it_takes_a_recent_proof_and_leads_back(ada, later):
    later(minutes=11)
    asked_for_proof = ada.visit(CHANGE)["Location"]
    assert asked_for_proof == f"/accounts/reauthenticate/?next={CHANGE}"
    posted = ada.send(PROFILE, {"email": NEW}, to=CHANGE)
    assert posted["Location"] == asked_for_proof
    assert not OneTimeToken.objects.exists()


@pytest.mark.parametrize("method", ["get", "head", "options"])
@pytest.mark.parametrize("link", ["asked", "undoing"])
def test_a_mail_scanner_spends_no_link(request, pages, link, method):
    path = request.getfixturevalue(link)
    for _ in range(3):
        getattr(Pages().client, method)(path, secure=True)
    assert pages.send(path, to=path.partition("?")[0]).status_code == 302
    assert get_user_model().objects.get().email == (NEW if link == "asked" else OLD)


def test_the_undo_page_says_what_it_will_do_and_does_it(undoing, pages, mailbox):
    api = Api().login(NEW, transport="bearer")
    page = shown(pages.visit(undoing))
    for told in (OLD, "logs everybody out", "password useless", "choose a new one"):
        assert told in page
    assert NEW not in page

    assert pages.send(undoing, to=UNDO)["Location"] == LOGIN
    assert "Your former address is restored" in shown(pages.visit(LOGIN))
    assert api.get("/users/profile").status_code == 401
    assert secret(mailbox, OLD, RESET)


def test_who_undoes_it_where_they_are_logged_in_is_logged_out(undoing, pages):
    pages.log_in(NEW)
    assert pages.send(undoing, to=UNDO)["Location"] == LOGIN
    assert not pages.signed_in
    assert "Your former address is restored" in shown(pages.visit(LOGIN))


def test_a_dead_link_leads_to_where_one_can_go_on(asked, ada):
    ada.send(CHANGE, {"email": THIRD})
    assert ada.visit(asked)["Location"] == CHANGE
    assert "This link is not valid" in shown(ada.visit(CHANGE))
    for dead in ("?token=made-up", "?token=", "", f"?token={'x' * 5000}"):
        assert ada.visit(f"{CONFIRM}{dead}")["Location"] == CHANGE
        assert ada.visit(f"{UNDO}{dead}")["Location"] == FORGOT
    assert "This link is not valid" in shown(ada.visit(FORGOT))


def test_a_link_of_one_kind_opens_no_page_of_another(undoing, pages, mailbox):
    undo, confirming = undoing.partition("=")[2], asked_for(mailbox, at=NEW, to=THIRD)
    assert pages.visit(f"{UNDO}?token={confirming}")["Location"] == FORGOT
    assert pages.visit(f"{CONFIRM}?token={undo}")["Location"] == CHANGE
    assert pages.visit(f"{RESET}?token={undo}")["Location"] == FORGOT
    for path in (undoing, f"{CONFIRM}?token={confirming}"):
        assert pages.visit(path).status_code == 200


@pytest.mark.parametrize("extra", ["&next=//evil.example", "&next=https://evil.example/"])
def test_no_link_page_leads_to_a_foreign_site(asked, ada, mailbox, extra):
    assert ada.send(asked + extra, to=f"{CONFIRM}?{extra[1:]}")["Location"] == PROFILE
    undo = f"{UNDO}?token={secret(mailbox, OLD, UNDO)}"
    assert ada.send(undo + extra, to=f"{UNDO}?{extra[1:]}")["Location"] == LOGIN
