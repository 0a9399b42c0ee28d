"""Closing, taking along what is stored, and reopening, as pages."""

import json

import pytest
from django.utils import timezone

from tests.doors import PASSWORD, Api, Pages, shown
from tokens.models import Session

pytestmark = pytest.mark.django_db

CLOSE, REOPEN = "/accounts/close/", "/accounts/reopen/"
PROFILE, EXPORT = "/accounts/profile/", "/accounts/profile/export/"
PROVE, LOGIN = "/accounts/reauthenticate/", "/accounts/login/"


@pytest.mark.parametrize("path", [CLOSE, EXPORT, REOPEN])
def test_a_visitor_is_led_to_the_login_page(pages, path):
    assert pages.visit(path)["Location"] == f"{LOGIN}?next={path}"


@pytest.mark.parametrize(("path", "back"), [(CLOSE, CLOSE), (EXPORT, "/accounts/profile/")])
def test_a_recent_proof_is_asked_for_and_leads_back(ada, later, path, back):
    """From a download to the page whose link it is: a file is nothing to come back to."""
    later(minutes=11)
    asked = ada.visit(path)["Location"]
    assert asked == f"{PROVE}?next={back}"
    assert ada.send(asked, {"password": PASSWORD})["Location"] == back
    assert ada.visit(path).status_code == 200


def test_a_form_that_was_left_open_closes_nothing(ada, user, later):
    page = ada.visit(CLOSE)
    assert page.status_code == 200
    later(minutes=11)
    assert ada.send(PROFILE, {}, to=CLOSE)["Location"] == f"{PROVE}?next={CLOSE}"
    user.refresh_from_db()
    assert user.closed_at is None


def test_an_account_is_closed_by_one_button_and_reopened_by_another(ada, user):
    page = shown(ada.visit(PROFILE))
    assert "Close your account" in page

    response = ada.send(CLOSE)

    assert response["Location"] == LOGIN
    assert "Your account is closed." in shown(ada.visit(LOGIN))
    assert not ada.signed_in
    assert ada.log_in()["Location"] == REOPEN
    assert ada.visit(PROFILE)["Location"] == REOPEN
    assert "You closed your account." in shown(ada.visit(REOPEN))

    assert ada.send(REOPEN)["Location"] == PROFILE

    assert "your account is open again" in shown(ada.visit(PROFILE))
    user.refresh_from_db()
    assert user.closed_at is None
    assert ada.visit(REOPEN)["Location"] == PROFILE


def test_whoever_stays_away_logs_out_of_the_page_that_reopens(ada, user):
    ada.send(CLOSE)
    ada.log_in()
    assert ada.send(REOPEN, to="/accounts/logout/")["Location"] == LOGIN
    assert Session.objects.open().count() == 0
    user.refresh_from_db()
    assert user.closed_at is not None


def test_a_page_that_was_left_open_goes_on_when_another_has_reopened_it(ada, user):
    ada.send(CLOSE)
    ada.log_in()
    Api().login(transport="bearer").post("/auth/reopen")
    assert "open again already" in shown(ada.visit(REOPEN))
    assert ada.send(REOPEN)["Location"] == PROFILE
    assert ada.signed_in


def test_a_session_that_ends_while_it_is_reopened_is_led_to_the_login(ada, user):
    ada.send(CLOSE)
    ada.log_in()
    page = ada.visit(REOPEN)
    assert page.status_code == 200
    Session.objects.update(revoked_at=timezone.now())
    assert ada.send(LOGIN, to=REOPEN)["Location"] == f"{LOGIN}?next={REOPEN}"
    user.refresh_from_db()
    assert user.closed_at is not None


def test_the_last_superuser_is_told_why_not(ada, user):
    type(user).objects.update(is_staff=True, is_superuser=True)
    response = ada.send(CLOSE)
    assert response.status_code == 409
    assert "the last active superuser" in shown(response)
    assert ada.signed_in


def test_the_export_is_a_file_that_no_cache_keeps(ada, user):
    response = ada.visit(EXPORT)
    assert response["Content-Disposition"] == 'attachment; filename="account.json"'
    assert response["Content-Type"] == "application/json"
    assert "no-store" in response["Cache-Control"]
    assert json.loads(response.content)["account"]["email"] == user.email
    assert Pages().visit(EXPORT).status_code == 302
