"""What happens to an account between its first and its last day, as its owner meets it."""

import json
from pathlib import Path

from django.urls import reverse
from playwright.sync_api import expect

from tests.browser.person import LOGIN, NEW_PASSWORD, PROFILE, Person, an_address

CHANGE_PASSWORD = "/accounts/password/change/"


def chooses_a_new_password(person: Person) -> None:
    """By the link in the next mail; then they log in with it."""
    person.open(person.post.link(person.email))
    person.field("New password").fill(NEW_PASSWORD)
    person.press("Save new password")
    person.is_told("Your password is changed")
    person.log_in(NEW_PASSWORD)


def test_whoever_is_invited_comes_in_by_the_mailed_link_alone(someone, staff):
    guest = someone(java_script_enabled=False)
    staff.log_in()
    staff.open(reverse("admin:accounts_invitation_add"))
    staff.fill(email_address=guest.email)
    staff.press("Save")

    guest.open(guest.post.link(guest.email))
    expect(guest.field("Email address")).to_have_value(guest.email)
    expect(guest.field("Email address")).not_to_be_editable()
    guest.fill(name=guest.name, password=guest.password)
    guest.press("Create account")
    guest.is_told("Your account is ready")
    guest.log_in()
    guest.sees(guest.email)


def test_the_profile_leads_to_all_that_can_be_done_with_an_account(member):
    for link, title in (
        ("Change your email address", "Change your email address"),
        ("Change your password", "Change your password"),
        ("Your sessions", "Your sessions"),
        ("Close your account", "Close your account?"),
    ):
        member.page.get_by_role("link", name=link, exact=True).click()
        expect(member.page.get_by_role("heading", level=1)).to_have_text(title)
        member.page.get_by_role("link", name="Profile", exact=True).click()
        member.is_at(PROFILE)

    with member.page.expect_download() as download:
        member.page.get_by_role("link", name="Download your data").click()
    stored = json.loads(Path(download.value.path()).read_text())
    assert member.email in json.dumps(stored)


def test_an_owner_takes_an_account_back_that_a_thief_moved_to_their_own_address(someone):
    owner, thief = someone(java_script_enabled=False), someone(java_script_enabled=False)
    owner.get_account()
    thief.email, wanted = owner.email, an_address()
    thief.log_in()
    thief.proved_long_ago()
    thief.open(PROFILE)
    thief.page.get_by_role("link", name="Change your email address").click()
    expect(thief.page.get_by_role("heading", name="Is it still you?")).to_be_visible()
    thief.fill(password=thief.password)
    thief.press("Go on")
    thief.fill(new_email_address=wanted)
    thief.press("Mail a link to the new address")
    thief.is_told("a mail is on its way")
    thief.sees(wanted)
    thief.open(thief.post.link(wanted))
    thief.press("Confirm my new address")
    thief.is_told("Your address is changed")
    thief.email = wanted
    thief.is_logged_in()

    assert "asked for" in owner.post.letter(owner.email)["Subject"]
    owner.open(owner.post.link(owner.email))
    owner.press("Restore my address")
    owner.is_told("Your former address is restored")
    thief.is_logged_out()
    owner.try_to_log_in()
    owner.is_refused()
    chooses_a_new_password(owner)
    owner.sees(owner.email)


def test_this_was_not_me_ends_what_a_thief_has_open(someone, member):
    owner = someone(like=member, java_script_enabled=False)
    member.fill(name="Mallory")
    member.press("Save")
    member.is_told("Your profile is saved")

    owner.open(owner.post.link(owner.email))
    owner.press("This wasn't me")
    owner.is_told("Everybody is logged out of your account")
    member.is_logged_out()
    chooses_a_new_password(owner)
    owner.sees(owner.email)


def test_a_password_that_attackers_know_is_changed_before_anything_else(someone):
    ada = someone(java_script_enabled=False)
    ada.get_account()
    ada.has_a_known_password()
    ada.try_to_log_in()
    ada.is_at(CHANGE_PASSWORD)
    ada.sees("attackers know")
    ada.open("/accounts/sessions/")
    ada.is_at(CHANGE_PASSWORD)

    ada.fill(current_password=ada.password, new_password=NEW_PASSWORD)
    ada.press("Change password")
    ada.is_told("Your password is changed")
    ada.is_at(PROFILE)
    ada.log_out()
    ada.is_at(LOGIN)
    ada.log_in(NEW_PASSWORD)
