"""The browser, the site that it visits, and people at it."""

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.person import Person
from tests.browser.post import Post
from tests.browser.site import Site, serve
from tests.doors import PASSWORD

WAIT = 15_000  # milliseconds
STAFF = "staff@example.com"

expect.set_options(timeout=WAIT)


@pytest.fixture(scope="session")
def post() -> Iterator[Post]:
    """A real SMTP server on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        post = Post(free.getsockname()[1])
    controller = Controller(post, hostname="127.0.0.1", port=post.port)
    controller.start()
    yield post
    controller.stop()


@pytest.fixture(scope="session")
def site(chromium: str, post: Post, tmp_path_factory) -> Iterator[Site]:
    with serve(tmp_path_factory.mktemp("site"), smtp_port=post.port) as running:
        yield running


@pytest.fixture(scope="session")
def site_without_debug(chromium: str, post: Post, tmp_path_factory) -> Iterator[Site]:
    """For pages of errors, in whose place DEBUG shows the code. One needs an invitation there."""
    directory = tmp_path_factory.mktemp("site")
    with serve(directory, smtp_port=post.port, WITHOUT_DEBUG="1", REGISTRATION="invite") as running:
        yield running


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Browser]:
    """Not for longer than this package's tests: meanwhile an event loop runs in this thread, where
    Django then refuses to use the database."""
    arguments = ["--no-sandbox", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=arguments,
            ignore_default_args=["--disable-back-forward-cache"],  # people's browsers have it
        )
        yield browser
        browser.close()


@pytest.fixture
def someone(browser: Browser, site: Site, post: Post) -> Iterator[Callable[..., Person]]:
    """`someone()` sits down at a browser of their own; `like` is the same person at another one.

    The test fails if any of their pages did what no page may do.
    """
    people: list[Person] = []

    def sit_down(*, at: Site = site, like: Person | None = None, **options: Any) -> Person:
        context = browser.new_context(**{"reduced_motion": "reduce", **options})
        context.set_default_timeout(WAIT)
        person = Person(context, at, post)
        if like:
            person.email, person.name, person.password = like.email, like.name, like.password
        people.append(person)
        return person

    yield sit_down
    for person in people:
        person.context.close()
    complaints = [line for person in people for line in person.watch.complaints]
    assert not complaints, "\n".join([*complaints, site.log.read_text()[-4000:]])


@pytest.fixture
def member(someone: Callable[..., Person]) -> Person:
    """Somebody who has an account and is logged in."""
    person = someone()
    person.get_account()
    person.log_in()
    return person


@pytest.fixture(scope="session")
def staff_account(site: Site) -> str:
    """The address of an administrator, made once."""
    site.manage(
        "createsuperuser", "--noinput", "--email", STAFF,
        DJANGO_SUPERUSER_PASSWORD=PASSWORD, DJANGO_SUPERUSER_NAME="Grace Hopper",
    )  # fmt: skip
    return STAFF


@pytest.fixture
def staff(someone: Callable[..., Person], staff_account: str) -> Person:
    """An administrator, who has not logged in yet."""
    person = someone()
    person.email, person.name = staff_account, "Grace Hopper"
    return person
