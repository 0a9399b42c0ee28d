"""The purge of expired rows, while clients refresh live sessions in the same table."""

import argparse
import dataclasses
import statistics
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from benchmarks import rows, side
from benchmarks.fleet import OPERATIONS, Client
from benchmarks.processes import OURS, THEIRS, Side, each, sides
from benchmarks.report import Measured, Target

LIVE = 10_000
CLIENTS = 4
PAUSE = 0.05  # seconds between two refreshes of a client
QUIET = 5.0  # seconds of refreshes with no purge beside them


@dataclasses.dataclass(frozen=True, kw_only=True)
class Refreshes:
    waited: list[float]
    """Milliseconds."""
    refused: int

    def __str__(self) -> str:
        if len(self.waited) < 2:
            return "none"
        last = statistics.quantiles(self.waited, n=100)[-1]
        return f"{statistics.median(self.waited):.1f} / {last:.1f} / {max(self.waited):.1f}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Purged:
    rows: int
    left: int
    seconds: float
    peak: float
    """Megabytes of the command's process."""
    statements: int
    longest: float
    """Milliseconds of its longest statement."""
    quiet: Refreshes
    beside: Refreshes

    @property
    def speed(self) -> float:
        return (self.rows - self.left) / self.seconds


ROWS = {
    "expired rows": lambda it: f"{it.rows:,}",
    "left over": lambda it: f"{it.left:,}",
    "seconds": lambda it: f"{it.seconds:.1f}",
    "rows per second": lambda it: f"{it.speed:,.0f}",
    "peak memory, MB": lambda it: f"{it.peak:,.0f}",
    "statements": lambda it: f"{it.statements:,}",
    "longest statement, ms": lambda it: f"{it.longest:,.0f}",
    "refresh alone, ms": lambda it: str(it.quiet),
    "refresh beside the purge, ms": lambda it: str(it.beside),
    "refreshes beside the purge": lambda it: f"{len(it.beside.waited):,}",
    "refused of these": lambda it: f"{it.beside.refused:,}",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Purge(Measured):
    part = "purge"
    ours: Purged
    theirs: Purged

    def table(self) -> Iterator[str]:
        yield f"{LIVE:,} live sessions stay, {CLIENTS} clients refresh theirs meanwhile"
        yield "refresh: median / 99th percentile / longest wait of a client"
        yield ""
        yield f"{'':<30}{'ours':>24}{'SimpleJWT':>24}"
        for title, text in ROWS.items():
            yield f"{title:<30}{text(self.ours):>24}{text(self.theirs):>24}"

    def targets(self) -> Iterable[Target]:
        return (
            Target("time for a row, ratio", self.theirs.speed / self.ours.speed, 1),
            Target("peak memory, MB", self.ours.peak, 150),
            Target("expired rows left over", self.ours.left, 0),
            Target("refreshes refused beside the purge", self.ours.beside.refused, 0),
        )


def measure(database: str, url: str, options: argparse.Namespace) -> Purge:
    with sides(url, {name: name for name in (OURS, THEIRS)}) as processes:
        each(processes, fill, options.rows)
        return Purge(
            database=database,
            versions=processes[OURS].call(side.versions),
            ours=_purge(processes[OURS]),
            theirs=_purge(processes[THEIRS]),
        )


def _purge(process: Side) -> Purged:
    before = process.call(expired)
    with _refreshing(process) as quiet:
        time.sleep(QUIET)
    with _refreshing(process) as beside:
        took = process.run("benchmarks.flush")
    return Purged(rows=before, left=process.call(expired), quiet=quiet[0], beside=beside[0], **took)


@contextmanager
def _refreshing(process: Side) -> Iterator[list[Refreshes]]:
    """What clients met who refreshed meanwhile, once it is over."""
    found: list[Refreshes] = []
    process.call(start_refreshing)
    try:
        yield found
    finally:
        found.append(process.call(stop_refreshing))


# In the side's process:

_running: "Refreshing"


def fill(count: int) -> None:
    it = side.this()
    for numbers in rows.chunks(LIVE):
        it.side.fill(numbers)
    it.side.fill_with_expired(count)
    it.each(OPERATIONS["login"], it.sign_up(CLIENTS))
    rows.settle()


def expired() -> int:
    return side.this().side.expired()


def start_refreshing() -> None:
    global _running  # noqa: PLW0603
    _running = Refreshing(side.this().fleet)


def stop_refreshing() -> Refreshes:
    return _running.stop()


class Refreshing:
    """Threads, one for each client, that refresh until they are stopped."""

    def __init__(self, fleet: list[Client]) -> None:
        self.over = threading.Event()
        self.waited: list[float] = []
        self.refused = 0
        self.threads = [threading.Thread(target=self._run, args=[client]) for client in fleet]
        for thread in self.threads:
            thread.start()

    def stop(self) -> Refreshes:
        self.over.set()
        for thread in self.threads:
            thread.join()
        return Refreshes(waited=self.waited, refused=self.refused)

    def _run(self, client: Client) -> None:
        from django.db import connections

        while not self.over.wait(PAUSE):
            started = time.perf_counter()
            status, body = side.this().serve(client.rotate())
            self.waited.append((time.perf_counter() - started) * 1e3)
            if status.startswith("200"):
                client.take(body)
            else:
                self.refused += 1
        connections.close_all()
