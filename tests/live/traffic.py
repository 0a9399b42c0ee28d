"""Clients that use their sessions without pause, each in a thread."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from tests.live.client import Answer, LiveApi
from tests.live.site import until
from tests.tokens.carrying import PROFILE

WORKERS = 2  # config/gunicorn.conf.py


@contextmanager
def traffic(clients: Sequence[LiveApi]) -> Iterator[list[Answer]]:
    """For the length of the block; all answers, as they come in."""
    answers: list[Answer] = []
    enough = threading.Event()

    def use(client: LiveApi) -> None:
        while not enough.is_set():
            answers.extend(client.get(PROFILE) for _ in range(9))
            answers.append(refreshed := client.refresh())
            client.take(refreshed)

    with ThreadPoolExecutor(len(clients)) as threads:
        working = [threads.submit(use, client) for client in clients]
        try:
            yield answers
        finally:
            enough.set()
    for work in working:
        work.result()


def refused(answers: Sequence[Answer]) -> list[Answer]:
    """The first of them, to be shown."""
    return [answer for answer in answers if answer.status_code != 200][:3]


def from_each_worker(ask: Callable[[], Answer]) -> list[Answer]:
    """All answers until each worker has given one."""
    answers: list[Answer] = []

    def all_heard() -> bool:
        answers.append(ask())
        return len({answer.worker for answer in answers}) == WORKERS

    until(all_heard)
    return answers
