"""Somebody at a browser of their own, who finds things by what is written on them."""

import re
import uuid
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page, Response, expect

from tests.browser.post import Post
from tests.browser.site import Site
from tests.browser.watch import Watch
from tests.doors import PASSWORD

NEW_PASSWORD = "Difference-Engine-1822"
LOGIN, PROFILE = "/accounts/login/", "/accounts/profile/"


def an_address() -> str:
    """Nobody else's, and as long as some are."""
    return f"ada.lovelace-{uuid.uuid4().hex}@difference-and-other-mills.example.com"


class Person:
    def __init__(self, context: BrowserContext, site: Site, post: Post) -> None:
        self.context = context
        self.page: Page = context.new_page()
        self.site, self.post = site, post
        self.watch = Watch(context, site.url)
        self.email = an_address()
        self.name = "Ada Lovelace"
        self.password = PASSWORD

    # What everybody does

    def open(self, path: str) -> Response:
        answer = self.page.goto(path if path.startswith("http") else self.site.url + path)
        assert answer is not None
        return answer

    def field(self, label: str) -> Locator:
        """Django's admin puts colons after its labels."""
        return self.page.get_by_label(re.compile(rf"^{re.escape(label)}:?$"))

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def fill(self, **fields: str) -> None:
        """Names are the labels in lower case, with underscores."""
        for label, text in fields.items():
            self.field(label.replace("_", " ").capitalize()).fill(text)

    def press(self, name: str) -> None:
        self.button(name).click()

    def is_at(self, place: str | re.Pattern[str]) -> None:
        """And all of the page is there: its address changes when its first bytes arrive."""
        expect(self.page).to_have_url(self.site.url + place if isinstance(place, str) else place)
        self.page.wait_for_load_state()

    def is_told(self, text: str) -> None:
        expect(self.page.get_by_role("status").filter(has_text=text)).to_be_visible()

    def sees(self, text: str) -> None:
        expect(self.page.get_by_role("main")).to_contain_text(text)

    def sees_nothing_private(self) -> None:
        expect(self.page.get_by_role("button", name="Log out")).to_have_count(0)
        self.page.wait_for_load_state()
        content = self.page.content()
        assert self.email not in content
        assert self.name not in content

    # Journeys

    def register(self) -> None:
        self.open("/accounts/register/")
        self.fill(name=self.name, email_address=self.email, password=self.password)
        self.press("Create account")
        self.is_told("a mail is on its way")

    def confirm(self) -> None:
        self.open(self.post.link(self.email))
        self.press("Confirm my address")
        self.is_told("Your address is confirmed")

    def try_to_log_in(self, password: str | None = None, *, to: str = "") -> None:
        self.open(f"{LOGIN}{to}")
        self.fill(email_address=self.email, password=password or self.password)
        self.press("Log in")

    def log_in(self, password: str | None = None) -> None:
        self.try_to_log_in(password)
        self.is_at(PROFILE)

    def log_out(self) -> None:
        self.press("Log out")
        self.is_told("You are logged out")

    def is_refused(self) -> None:
        self.is_at(LOGIN)
        expect(self.page.get_by_role("alert")).to_be_visible()

    def is_logged_out(self) -> None:
        self.open(PROFILE)
        self.is_at(f"{LOGIN}?next={PROFILE}")

    def is_logged_in(self) -> None:
        self.open(PROFILE)
        self.is_at(PROFILE)
        self.sees(self.email)

    # The short way, where the journey is not what a test is about

    def get_account(self) -> None:
        self.api("register", email=self.email, password=self.password, name=self.name)
        self.api("verify-email", token=self.post.link(self.email).partition("token=")[2])

    def api(self, path: str, **body: Any) -> None:
        answer = self.context.request.post(f"{self.site.url}/api/auth/{path}", data=body)
        assert answer.ok, answer.text()

    def proved_long_ago(self) -> None:
        """As if they had logged in yesterday: the row is changed, not the clock of the server."""
        self._run(
            "from datetime import timedelta; from django.utils import timezone\n"
            "from tokens.models import Session\n"
            f"Session.objects.filter(user__email={self.email!r})"
            ".update(proved_at=timezone.now() - timedelta(days=1))"
        )

    def has_a_known_password(self) -> None:
        """As if it had come to a list of those that attackers try."""
        self._run(
            "from accounts.models import User\n"
            f"User.objects.filter(email={self.email!r}).update(must_change_password=True)"
        )

    def has_no_password(self) -> None:
        """As if they had come by another site's login; they stay logged in."""
        self._run(
            "from accounts.models import User; from django.db.models import F\n"
            "from django.contrib.auth.hashers import make_password\n"
            f"User.objects.filter(email={self.email!r})"
            ".update(password=make_password(None), credential_epoch=F('credential_epoch'))"
        )

    def _run(self, code: str) -> None:
        self.site.manage("shell", "--no-imports", "-c", code)
