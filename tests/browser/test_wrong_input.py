"""What is wrong stands beside its field, is announced, and is where one continues."""

import re

from playwright.sync_api import expect

from tests.browser.person import Person


def is_marked_wrong(person: Person, label: str, text: str) -> None:
    """To the eye (an error beside the field) and to a screen reader (a description of it)."""
    field = person.field(label)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile(re.escape(text)))
    error = person.page.locator(".errorlist").filter(has_text=text)
    expect(error).to_be_visible()
    above, box = error.bounding_box(), field.bounding_box()
    gap = box["y"] - (above["y"] + above["height"])
    assert 0 <= gap < 20, f"the error stands {gap} px from its field"


def test_an_empty_form_names_each_field_and_starts_at_the_first(someone):
    ada = someone()
    ada.open("/accounts/register/")
    ada.press("Create account")

    is_marked_wrong(ada, "Name", "Enter your name.")
    is_marked_wrong(ada, "Email address", "Enter your email address.")
    is_marked_wrong(ada, "Password", "Choose a password.")
    expect(ada.field("Name")).to_be_focused()
    assert ada.page.title().startswith("Error: ")


def test_what_was_typed_stays_but_for_the_password(someone):
    ada = someone()
    ada.open("/accounts/register/")
    ada.fill(name=ada.name, email_address="ada@nowhere", password=ada.password)
    ada.press("Create account")

    is_marked_wrong(ada, "Email address", "Enter a valid email address.")
    expect(ada.field("Email address")).to_be_focused()
    expect(ada.field("Email address")).to_have_value("ada@nowhere")
    expect(ada.field("Name")).to_have_value(ada.name)
    expect(ada.field("Name")).not_to_have_attribute("aria-invalid", "true")
    expect(ada.field("Password")).to_have_value("")
    assert ada.password not in ada.page.content()


def test_a_weak_password_is_explained_beside_it(someone):
    ada = someone()
    ada.open("/accounts/register/")
    ada.fill(name=ada.name, email_address=ada.email, password="short")
    ada.press("Create account")

    is_marked_wrong(ada, "Password", "8")
    expect(ada.field("Password")).to_be_focused()
    expect(ada.field("Email address")).to_have_value(ada.email)


def test_a_refused_login_is_announced_and_keeps_the_address(someone):
    ada = someone()
    ada.try_to_log_in("Wrong-Password-1")

    ada.is_refused()
    expect(ada.page.get_by_role("alert")).to_be_focused()
    expect(ada.field("Email address")).to_have_value(ada.email)
    expect(ada.field("Password")).to_have_value("")


def test_a_wrong_current_password_is_told_beside_it(member):
    member.open("/accounts/password/change/")
    member.fill(current_password="Wrong-Password-1", new_password="Difference-Engine-1822")
    member.press("Change password")

    expect(member.field("Current password")).to_have_attribute("aria-invalid", "true")
    expect(member.field("Current password")).to_be_focused()
    expect(member.field("New password")).to_have_value("")
    member.is_logged_in()
