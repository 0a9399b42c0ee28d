"""`manage.py flushexpiredtokens` in a process of its own: what it took, as JSON."""

import contextlib
import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

from django.core.management import execute_from_command_line
from django.db import connection

MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024


class Stopwatch:
    """Wraps each statement (`connection.execute_wrapper`)."""

    def __init__(self) -> None:
        self.statements = 0
        self.longest = 0.0

    def __call__(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        started = time.perf_counter()
        try:
            return execute(*arguments)
        finally:
            self.statements += 1
            self.longest = max(self.longest, (time.perf_counter() - started) * 1e3)


def main() -> None:
    stopwatch = Stopwatch()
    started = time.perf_counter()
    with contextlib.redirect_stdout(sys.stderr), connection.execute_wrapper(stopwatch):
        execute_from_command_line(["manage.py", "flushexpiredtokens", "--skip-checks"])
    took = {
        "seconds": time.perf_counter() - started,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MAXRSS_BYTES / 1e6,
        "statements": stopwatch.statements,
        "longest": stopwatch.longest,
    }
    print(json.dumps(took))


if __name__ == "__main__":
    main()
