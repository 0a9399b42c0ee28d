"""Many clients at the same moment: real threads, each with a database connection of its own."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection

CONNECTED = 6
"""So many threads connect before they start: the pool has eight, and the main thread needs one."""


def all_at_once(*actions: Callable[[], Any]) -> list[Any]:
    """Start the actions together and return what they returned, in order.

    What one of them raised is raised here.
    """
    start = threading.Barrier(len(actions))
    results: list[Any] = [None] * len(actions)
    errors: list[BaseException] = []

    def run(number: int, action: Callable[[], Any]) -> None:
        try:
            if len(actions) <= CONNECTED:
                connection.ensure_connection()
            start.wait()
            results[number] = action()
        except BaseException as error:  # noqa: BLE001  (raised again in the main thread)
            errors.append(error)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=run, args=(number, action)) for number, action in enumerate(actions)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results


def statuses(responses: Sequence[Any]) -> list[int]:
    return sorted(response.status_code for response in responses)
