"""Races whose order is decided: others run until they wait for a lock that the test holds."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

# Of this database alone: another test may run on the same server.
WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@contextmanager
def holding(lock: Callable[[], Any]) -> Iterator[Callable[..., Future[Any]]]:
    """Take locks in a transaction, for the length of the block.

    Inside, `start(action)` runs the action in a thread and comes back when it waits for a lock.
    """
    started: list[Future[Any]] = []

    def closing(action: Callable[[], Any]) -> Any:
        try:
            return action()
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=8) as threads, transaction.atomic():

        def start(action: Callable[[], Any]) -> Future[Any]:
            started.append(threads.submit(closing, action))
            _until_waiting(started)
            return started[-1]

        lock()
        yield start


def _until_waiting(started: list[Future[Any]]) -> None:
    deadline = time.monotonic() + 20
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute("SELECT pg_stat_clear_snapshot()")  # a transaction sees one picture
            cursor.execute(WAITING)
            if cursor.fetchone()[0] >= len(started):
                return
            finished = [action for action in started if action.done()]
            assert not finished, f"it did not wait: {finished[0].result()}"
    raise AssertionError("nobody waits")
