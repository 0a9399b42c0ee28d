"""Being logged in at two places, ending one of them, and what is left behind after leaving."""

from playwright.sync_api import expect

from tests.browser.person import LOGIN, PROFILE

SESSIONS = "/accounts/sessions/"


def test_somebody_sees_both_their_sessions_and_ends_the_other(someone, member):
    elsewhere = someone(like=member)
    elsewhere.log_in()

    member.open(SESSIONS)
    rows = member.page.get_by_role("main").get_by_role("listitem")
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text="this device")).to_have_count(1)
    rows.filter(has_not_text="this device").get_by_role("button", name="End session").click()
    member.is_told("ended")
    expect(rows).to_have_count(1)

    elsewhere.page.get_by_role("link", name="Sessions", exact=True).click()
    elsewhere.is_at(f"{LOGIN}?next={SESSIONS}")
    elsewhere.sees_nothing_private()
    member.is_logged_in()


def test_somebody_ends_all_others_after_proving_it_again(someone, member):
    elsewhere = someone(like=member)
    elsewhere.log_in()
    member.proved_long_ago()

    member.open(SESSIONS)
    member.press("End all other sessions")
    expect(member.page.get_by_role("heading", name="Is it still you?")).to_be_visible()
    member.fill(password=member.password)
    member.press("Go on")
    member.is_at(SESSIONS)
    member.press("End all other sessions")
    member.is_told("All other sessions are ended.")

    elsewhere.page.get_by_role("link", name="Sessions", exact=True).click()
    elsewhere.is_at(f"{LOGIN}?next={SESSIONS}")
    member.is_logged_in()


def test_whoever_finds_a_stranger_there_is_led_to_a_new_password(someone, member):
    stranger = someone(like=member)
    stranger.log_in()

    member.open(SESSIONS)
    member.page.get_by_role("button", name="This wasn").click()
    member.is_at("/accounts/password/change/")
    member.is_told("may know your password")

    stranger.page.get_by_role("link", name="Sessions", exact=True).click()
    stranger.sees_nothing_private()


def test_after_logout_neither_back_button_nor_reload_shows_anything_private(member):
    seen = [SESSIONS, "/accounts/password/change/", PROFILE]
    for path in seen:
        assert "no-store" in member.open(path).headers["cache-control"]
    member.log_out()
    member.sees_nothing_private()

    for path in reversed(seen):
        member.page.evaluate("history.back()")
        member.is_at(f"{LOGIN}?next={path}")
        member.sees_nothing_private()
    member.page.reload()
    member.sees_nothing_private()
    member.is_logged_out()


def test_whoever_logs_in_at_the_same_browser_ends_the_session_of_who_was_there(someone, member):
    elsewhere, successor = someone(like=member), someone()
    elsewhere.log_in()
    successor.get_account()

    at_the_same_browser, former = member, member.email
    at_the_same_browser.email = successor.email
    at_the_same_browser.log_in()
    assert former not in at_the_same_browser.page.content()

    elsewhere.open(SESSIONS)
    expect(elsewhere.page.get_by_role("main").get_by_role("listitem")).to_have_count(1)


def test_the_session_in_use_can_be_left_from_the_list_too(member):
    member.open(SESSIONS)
    member.page.get_by_role("main").get_by_role("button", name="Log out").click()
    expect(member.page.get_by_role("heading", name="Log in")).to_be_visible()
    member.is_logged_out()
