"""The whole way with Tab, Enter and Space alone, always seeing where one is."""

from itertools import pairwise

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.person import PROFILE, Person

MOST_STOPS = 40
WHERE = """
() => {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  const { outlineStyle, outlineWidth } = getComputedStyle(at);
  const { x, y, width, height } = at.getBoundingClientRect();
  const order = [...document.querySelectorAll("*")].indexOf(at);
  return {
    order, top: y + scrollY, bottom: y + scrollY + height,
    visible: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
    inside: width > 0 && height > 0 && x >= 0 && y >= 0 && x + width <= innerWidth,
    what: at.outerHTML.slice(0, 120),
  };
}
"""


class Keyboard:
    """Somebody's hands on the keys."""

    def __init__(self, person: Person) -> None:
        self.page = person.page

    def tab(self) -> dict | None:
        """To the next stop, which must show that it is one. None where the page begins anew."""
        self.page.keyboard.press("Tab")
        stop = self.page.evaluate(WHERE)
        if stop:
            assert stop["visible"], f"no focus to be seen: {stop['what']}"
            assert stop["inside"], f"focus outside of the page: {stop['what']}"
        return stop

    def reach(self, wanted: Locator) -> None:
        expect(wanted).to_be_visible()
        for _ in range(MOST_STOPS):
            if wanted.evaluate("element => element === document.activeElement"):
                return
            self.tab()
        raise AssertionError(f"Tab never came to {wanted}")

    def type(self, wanted: Locator, text: str) -> None:
        self.reach(wanted)
        self.page.keyboard.type(text)

    def press(self, key: str, on: Locator) -> None:
        self.reach(on)
        self.page.keyboard.press(key)

    def stops(self) -> list[dict]:
        """All of the page's, from its beginning to its end."""
        found = []
        while (stop := self.tab()) and len(found) < MOST_STOPS:
            found.append(stop)
        return found


def test_somebody_registers_confirms_logs_in_and_out_without_a_mouse(someone):
    ada = someone()
    keys = Keyboard(ada)
    ada.open("/accounts/login/")
    keys.press("Enter", on=ada.page.get_by_role("link", name="Create an account"))
    ada.is_at("/accounts/register/")
    keys.type(ada.field("Name"), ada.name)
    keys.type(ada.field("Email address"), ada.email)
    keys.type(ada.field("Password"), ada.password)
    keys.press("Enter", on=ada.button("Create account"))
    ada.is_told("a mail is on its way")

    ada.open(ada.post.link(ada.email))
    keys.press("Space", on=ada.button("Confirm my address"))
    ada.is_told("Your address is confirmed")

    keys.type(ada.field("Email address"), ada.email)
    keys.type(ada.field("Password"), ada.password)
    keys.press("Space", on=ada.field("Remember me on this device"))
    expect(ada.field("Remember me on this device")).to_be_checked()
    keys.press("Enter", on=ada.field("Remember me on this device"))
    ada.is_at(PROFILE)
    ada.sees(ada.email)

    keys.press("Enter", on=ada.button("Log out"))
    ada.is_told("You are logged out")


def test_somebody_closes_their_account_and_reopens_it_without_a_mouse(member):
    keys = Keyboard(member)
    keys.press("Enter", on=member.page.get_by_role("link", name="Close your account"))
    keys.press("Space", on=member.button("Close my account"))
    member.is_told("Your account is closed")

    keys.type(member.field("Email address"), member.email)
    keys.type(member.field("Password"), member.password)
    keys.press("Enter", on=member.button("Log in"))
    member.is_at("/accounts/reopen/")
    keys.press("Enter", on=member.button("Reopen my account"))
    member.is_told("your account is open again")
    member.is_logged_in()


def test_the_first_stop_skips_to_the_content(member):
    keys = Keyboard(member)
    member.open(PROFILE)
    skip = member.page.get_by_role("link", name="Skip to content")
    keys.tab()
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()

    member.page.keyboard.press("Enter")
    expect(member.page.get_by_role("main")).to_be_focused()
    keys.tab()
    expect(member.field("Name")).to_be_focused()


def test_a_password_is_shown_and_hidden_by_the_space_key(someone):
    ada = someone()
    keys = Keyboard(ada)
    ada.open("/accounts/login/")
    keys.type(ada.field("Password"), ada.password)
    for shown in ("true", "false"):
        keys.press("Space", on=ada.button("Show password"))
        expect(ada.button("Show password")).to_have_attribute("aria-pressed", shown)


@pytest.mark.parametrize(
    "path",
    ["/accounts/profile/", "/accounts/sessions/", "/accounts/password/change/", "/accounts/login/"],
)
def test_tab_goes_in_the_order_of_reading_and_leaves_the_page_at_its_end(member, path):
    member.open(path)
    stops = Keyboard(member).stops()
    assert 4 < len(stops) < MOST_STOPS
    order = [stop["order"] for stop in stops]
    assert order == sorted(order), [stop["what"] for stop in stops]
    for stop, after in pairwise(stops):
        assert after["bottom"] > stop["top"], f"up to {after['what']}"
    controls = member.page.locator("a[href], button, input:not([type=hidden]):not([tabindex])")
    assert len(stops) == controls.count()
