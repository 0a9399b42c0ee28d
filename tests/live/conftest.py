"""A live site for each test, on a database of its own."""

from collections.abc import Iterator

import pytest

from tests.browser.site import settle
from tests.live.database import copy_of, url_of
from tests.live.site import MAKE_USERS, LiveSite


@pytest.fixture(scope="session")
def migrated(tmp_path_factory) -> Iterator[tuple[str, LiveSite]]:
    """The name of a database with users in it, and the site that can read what is sealed there."""
    directory = tmp_path_factory.mktemp("live")
    with copy_of("template1") as name:
        site = settle(
            directory,
            DATABASE_URL=url_of(name),
            PID_FILE=str(directory / "pid"),
            WITHOUT_DEBUG="1",
        )
        site.manage("migrate", "--verbosity", "0")
        site.manage("shell", "--verbosity", "0", "--command", MAKE_USERS)
        yield name, LiveSite(site.url, site.directory, site.environment)


@pytest.fixture
def live(migrated: tuple[str, LiveSite]) -> Iterator[LiveSite]:
    template, site = migrated
    with copy_of(template) as name:
        environment = {**site.environment, "DATABASE_URL": url_of(name)}
        with LiveSite(site.url, site.directory, environment).serving() as live:
            yield live
    print(live.log.read_text()[-8000:])  # shown beside a failure
