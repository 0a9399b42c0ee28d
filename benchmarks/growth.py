"""Latency as the table grows: the same requests with few sessions in it and with a million."""

import argparse
import dataclasses
import statistics
from collections.abc import Iterable, Iterator

from benchmarks import rows, side
from benchmarks.fleet import OPERATIONS
from benchmarks.processes import OURS, THEIRS, Sides, each, sides
from benchmarks.report import Measured, Target

FEW = 10_000
COMPARED = ("authenticated", "refresh")
LABELS = {OURS: "ours", THEIRS: "SimpleJWT"}

Latencies = dict[str, float]
"""Median milliseconds of a round's requests, by process."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Growth(Measured):
    part = "growth"
    few: int
    many: int
    clients: int
    rounds: dict[str, list[Latencies]]

    def table(self) -> Iterator[str]:
        rounds = len(self.rounds[COMPARED[0]])
        yield f"{rounds} rounds of {self.clients} requests, each of another client"
        yield "ms: wall clock with the database server's part; ratio: of the rounds (quartiles)"
        yield ""
        head = f"{self.few:,} sessions", f"{self.many:,} sessions"
        yield f"{'operation':<34}{head[0]:>18}{head[1]:>20}{'ratio':>9}"
        for operation in COMPARED:
            for name, label in LABELS.items():
                low, middle, high = statistics.quantiles(self._ratios(operation, name), n=4)
                few, many = (self._median(operation, it) for it in _pair(name))
                title = f"{OPERATIONS[operation].title}, {label}"
                yield f"{title:<34}{few:>18.3f}{many:>20.3f}{middle:>9.2f}  ({low:.2f}-{high:.2f})"

    def targets(self) -> Iterable[Target]:
        for operation in COMPARED:
            ratio = statistics.median(self._ratios(operation, OURS))
            yield Target(f"{OPERATIONS[operation].title}, many sessions over few", ratio, 1.2)

    def _ratios(self, operation: str, name: str) -> list[float]:
        few, many = _pair(name)
        return [waited[many] / waited[few] for waited in self.rounds[operation]]

    def _median(self, operation: str, process: str) -> float:
        return statistics.median(waited[process] for waited in self.rounds[operation])


def measure(database: str, url: str, options: argparse.Namespace) -> Growth:
    rounds = options.rounds + 1  # the first warms up
    with sides(url, {process: name for name in LABELS for process in _pair(name)}) as processes:
        for number, sessions in enumerate((FEW, options.rows)):
            alike = {_pair(name)[number] for name in LABELS}
            each({it: processes[it] for it in alike}, fill, sessions, rounds, options.clients)
        timed = [_round(processes, number, of=rounds) for number in range(rounds)]
        return Growth(
            database=database,
            versions=processes[_pair(OURS)[0]].call(side.versions),
            few=FEW,
            many=options.rows,
            clients=options.clients,
            rounds={operation: [it[operation] for it in timed[1:]] for operation in COMPARED},
        )


def _pair(name: str) -> tuple[str, str]:
    return f"{name}-few", f"{name}-many"


def _round(processes: Sides, number: int, *, of: int) -> dict[str, Latencies]:
    found: dict[str, Latencies] = {operation: {} for operation in COMPARED}
    for operation, waited in found.items():
        for name in reversed([*processes]) if number % 2 else processes:
            waited[name] = processes[name].call(visit, operation, number, of)
    return found


# In the side's process:


def fill(sessions: int, rounds: int, clients: int) -> None:
    """So many sessions, those of the fleet spread among them."""
    it = side.this()
    for numbers in rows.chunks(sessions, size=max(sessions // clients, 1)):
        it.side.fill(numbers)
        it.each(OPERATIONS["login"], it.sign_up(rounds))
    rows.settle()
    side.settle()


def visit(operation: str, number: int, rounds: int) -> float:
    """The median wait of the clients of that round, who were not there in another one."""
    it = side.this()
    return statistics.median(it.each(OPERATIONS[operation], it.fleet[number::rounds]))
