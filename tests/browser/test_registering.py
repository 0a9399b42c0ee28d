"""From the first visit to one's own profile, with and without JavaScript."""

import pytest


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_somebody_registers_follows_the_mailed_link_logs_in_and_sees_their_profile(someone, script):
    ada = someone(java_script_enabled=script)
    ada.register()
    ada.sees_nothing_private()

    ada.try_to_log_in()
    ada.is_refused()

    ada.confirm()
    ada.sees_nothing_private()

    ada.log_in()
    ada.sees(ada.email)
    assert ada.field("Name").input_value() == ada.name


def test_a_link_that_was_used_says_so_and_leads_to_where_another_is_asked_for(someone):
    ada = someone()
    ada.register()
    link = ada.post.link(ada.email)
    ada.open(link)
    ada.press("Confirm my address")
    ada.is_told("Your address is confirmed")

    ada.open(link)
    ada.is_at("/accounts/verify-email/")
    ada.is_told("link")


def test_somebody_who_lost_the_mail_has_it_sent_again(someone):
    ada = someone()
    ada.register()
    lost = ada.post.link(ada.email)
    ada.fill(email_address=ada.email)
    ada.press("Send the link again")
    ada.is_told("a mail is on its way")
    again = ada.post.link(ada.email)
    assert again != lost

    ada.open(again)
    ada.press("Confirm my address")
    ada.log_in()


def test_whoever_changes_their_name_sees_the_new_one(member):
    member.fill(name="Ada King")
    member.press("Save")
    member.is_told("Your profile is saved")
    assert member.field("Name").input_value() == "Ada King"
