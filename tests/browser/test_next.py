"""Login leads on to where one wanted to go, but to no other site."""

from urllib.parse import quote

import pytest

from tests.browser.person import PROFILE

SESSIONS = "/accounts/sessions/"
EVIL = [
    "https://evil.example",
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "///evil.example",
    "/\t/evil.example",
    "http:evil.example",
    "javascript:document.title='evil'",
]


def test_login_leads_to_the_page_that_asked_for_it(someone):
    ada = someone()
    ada.get_account()
    ada.open(SESSIONS)
    ada.fill(email_address=ada.email, password=ada.password)
    ada.press("Log in")
    ada.is_at(SESSIONS)


def test_a_wrong_password_on_the_way_does_not_lose_it(someone):
    ada = someone()
    ada.get_account()
    ada.try_to_log_in("Wrong-Password-1", to=f"?next={SESSIONS}")
    ada.fill(password=ada.password)
    ada.press("Log in")
    ada.is_at(SESSIONS)


@pytest.mark.parametrize("evil", EVIL)
def test_login_leads_to_no_other_site(someone, evil):
    ada = someone()
    ada.get_account()
    ada.try_to_log_in(to=f"?next={quote(evil, safe='')}")
    ada.is_at(PROFILE)
    assert "evil" not in ada.page.title()
