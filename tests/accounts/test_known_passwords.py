"""A login with a right password that attackers know leads to where another is chosen."""

import pytest
from django.contrib.auth import get_user_model

from accounts.flows.log_in import _mark_if_known
from tests.doors import Api, Pages, codes
from tests.tokens.carrying import PROFILE

pytestmark = pytest.mark.django_db

KNOWN, NEW = "P@ssw0rd2026!", "Difference-Engine-1822"
CHANGE = {"current_password": KNOWN, "new_password": NEW}


@pytest.fixture
def weak(make_user):
    """Whose password was set before the list knew it, or by a shell."""
    return make_user(password=KNOWN)


def test_it_is_changed_before_anything_else(weak, transport):
    api = Api().login(password=KNOWN, transport=transport)
    assert api.answer["session"]["restriction"] == "change_password"
    assert api.get(PROFILE).status_code == 403
    api.take(api.post("/auth/change-password", CHANGE))
    assert api.get(PROFILE).status_code == 200
    again = Api().login(password=NEW, transport=transport)
    assert again.answer["session"]["restriction"] is None


def test_another_known_one_does_not_do(weak):
    api = Api().login(password=KNOWN, transport="bearer")
    answer = api.post("/auth/change-password", {**CHANGE, "new_password": "Qwerty123!"})
    assert (answer.status_code, codes(answer)) == (400, ["password_too_common"])


def test_a_page_leads_to_the_change_and_on(weak):
    browser = Pages()
    assert browser.log_in(password=KNOWN).url == "/accounts/password/change/"
    assert browser.visit("/accounts/profile/").url == "/accounts/password/change/"
    browser.send("/accounts/password/change/", CHANGE)
    assert browser.signed_in


def test_only_the_right_password_says_so(weak):
    assert Api().try_login(password="Qwerty123!").status_code == 401
    assert not get_user_model().objects.get().must_change_password


def test_it_costs_one_statement_once(weak, django_assert_num_queries):
    with django_assert_num_queries(1):
        _mark_if_known(weak, KNOWN)
    with django_assert_num_queries(0):
        _mark_if_known(weak, KNOWN)


def test_a_password_that_was_just_changed_is_not_marked(weak):
    other = get_user_model().objects.get()
    other.set_password(NEW)
    other.save()
    _mark_if_known(weak, KNOWN)
    assert not get_user_model().objects.get().must_change_password
