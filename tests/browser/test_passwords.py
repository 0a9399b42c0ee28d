"""Forgetting a password, changing it, looking at it while typing."""

import pytest
from playwright.sync_api import expect

from tests.browser.person import NEW_PASSWORD


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_somebody_who_forgot_their_password_chooses_a_new_one_by_mail(someone, member, script):
    old, ada = member.password, someone(like=member, java_script_enabled=script)
    ada.open("/accounts/login/")
    ada.page.get_by_role("link", name="Forgot your password?").click()
    ada.fill(email_address=ada.email)
    ada.press("Send reset link")
    ada.is_told("a mail is on its way")
    member.is_logged_in()

    ada.open(ada.post.link(ada.email))
    ada.field("New password").fill(NEW_PASSWORD)
    ada.press("Save new password")
    ada.is_told("Your password is changed")

    member.is_logged_out()
    ada.try_to_log_in(old)
    ada.is_refused()
    ada.log_in(NEW_PASSWORD)
    ada.is_logged_in()


def test_changing_the_password_keeps_this_browser_in_and_the_others_out(someone, member):
    elsewhere = someone(like=member)
    elsewhere.log_in()

    member.open("/accounts/password/change/")
    member.fill(current_password=member.password, new_password=NEW_PASSWORD)
    member.press("Change password")
    member.is_told("Your password is changed")
    member.is_logged_in()

    elsewhere.is_logged_out()
    elsewhere.log_in(NEW_PASSWORD)


def test_a_button_shows_what_is_typed_and_tells_its_state(someone):
    ada = someone()
    ada.open("/accounts/login/")
    ada.fill(password=ada.password)
    button = ada.button("Show password")
    expect(button).to_have_attribute("aria-pressed", "false")
    expect(ada.field("Password")).to_have_attribute("type", "password")

    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(ada.field("Password")).to_have_attribute("type", "text")
    expect(ada.field("Password")).to_have_value(ada.password)

    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    expect(ada.field("Password")).to_have_attribute("type", "password")


def test_each_new_password_can_be_shown_on_its_own(member):
    member.open("/accounts/password/change/")
    expect(member.button("Show password")).to_have_count(2)
    for button, label in zip(
        member.button("Show password").all(), ("Current password", "New password"), strict=True
    ):
        inner, outer = button.bounding_box(), member.field(label).bounding_box()
        assert outer["y"] < inner["y"] < outer["y"] + outer["height"]
        assert outer["x"] < inner["x"] < outer["x"] + outer["width"]
    member.button("Show password").last.click()
    expect(member.field("New password")).to_have_attribute("type", "text")
    expect(member.field("Current password")).to_have_attribute("type", "password")


def test_without_script_there_is_no_such_button(someone):
    ada = someone(java_script_enabled=False)
    ada.open("/accounts/login/")
    expect(ada.field("Password")).to_have_attribute("type", "password")
    expect(ada.button("Show password")).to_have_count(0)
