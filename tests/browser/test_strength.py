"""The meter below a new password: it helps whoever types, and contradicts no refusal."""

import re

import pytest
from playwright.sync_api import expect


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("weak", "4 more characters, an upper-case letter, a digit, a special character"),
        ("Engine1843Motor", "Still needed: a special character."),
        ("Aaaaaa1!", "Weak"),
        ("Analytical-Engine-1843", "Good|Strong"),
    ],
)
def test_the_meter_says_what_a_new_password_lacks(someone, typed, said):
    ada = someone()
    ada.open("/accounts/register/")
    ada.field("Password").press_sequentially(typed)
    words = ada.page.locator(".field [aria-live=polite]")
    expect(words).to_have_text(re.compile(said))


def test_only_a_new_password_is_measured(someone):
    ada = someone()
    ada.open("/accounts/login/")
    expect(ada.button("Show password")).to_be_visible()
    expect(ada.page.locator("meter")).to_have_count(0)


def test_without_script_the_rules_stand_there_and_the_server_says_what_is_missing(someone):
    ada = someone(java_script_enabled=False)
    ada.open("/accounts/register/")
    expect(ada.page.locator("meter")).to_have_count(0)
    expect(ada.page.get_by_text("Between 8 and 128 characters.")).to_be_visible()
    ada.fill(name="Ada", email_address="ada@example.com", password="weak")
    ada.press("Create account")
    for missing in ("At least 8 characters", "an upper-case letter", "a digit", "a special"):
        expect(ada.page.locator(".errorlist").get_by_text(missing)).to_be_visible()
