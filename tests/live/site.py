"""A live site as a test uses it: people log in to it, it is killed, its rows are looked at."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config import devserver
from tests.browser.site import Site, running
from tests.doors import PASSWORD
from tests.live.client import LiveApi
from tests.live.database import connected

USERS = 6
EACH = 8  # sessions of one user; there may be ten
MAKE_USERS = f"""
from django.contrib.auth.hashers import make_password
from accounts.models import User
from django.utils import timezone
password = make_password("{PASSWORD}")
User.objects.bulk_create(
    User(email=f"user{{number}}@example.com", password=password, email_verified_at=timezone.now())
    for number in range({USERS})
)
"""


@dataclass(frozen=True)
class LiveSite(Site):
    @contextmanager
    def serving(self) -> Iterator["LiveSite"]:
        with running(self, "tests.live.server"):
            yield self

    def log_in(self, count: int, *, transport: str = "bearer") -> list[LiveApi]:
        """So many clients, each with a session of its own."""

        def one(number: int) -> LiveApi:
            client = LiveApi(self)
            client.login(f"user{number // EACH}@example.com", transport=transport)
            return client

        with ThreadPoolExecutor(8) as threads:
            return list(threads.map(one, range(count)))

    def kill(self) -> None:
        """SIGKILL for the master and its workers at once; back when their successors answer."""
        killed = self.pid_file.read_text()
        os.killpg(int(killed), signal.SIGKILL)
        until(lambda: self.pid_file.read_text() != killed and self.answers())

    def answers(self) -> bool:
        return devserver.answers(self.port)

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with connected(self.environment["DATABASE_URL"]) as database:
            cursor = database.execute(query, parameters)
            return cursor.fetchall() if cursor.description else []

    @property
    def pid_file(self) -> Path:
        return Path(self.environment["PID_FILE"])


def until(reached: Callable[[], Any], *, within: float = 30) -> Any:
    """What `reached` returns, as soon as that is true."""
    deadline = time.monotonic() + within
    while not (result := reached()):
        assert time.monotonic() < deadline, f"not within {within} s: {reached}"
        time.sleep(0.05)
    return result
