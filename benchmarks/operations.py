"""CPU, statements and rows of each operation, ours beside SimpleJWT's."""

import argparse
import dataclasses
import statistics
from collections.abc import Iterable, Iterator

from benchmarks import side
from benchmarks.fleet import OPERATIONS
from benchmarks.processes import OURS, THEIRS, Sides, each, sides
from benchmarks.report import Measured, Target

SHIPPED = "shipped"
REFRESHES = 1000

Round = dict[str, dict[str, float]]
"""Microseconds of CPU of a request, by operation and side."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Operations(Measured):
    part = "operations"
    clients: int
    refreshes: int
    rounds: list[Round]
    statements: dict[str, dict[str, side.Statements]]
    rows: dict[str, int]

    def table(self) -> Iterator[str]:
        yield f"{len(self.rounds)} rounds of {self.clients} requests, under Django's own middleware"
        yield "µs: CPU of the Python process, median; ratio: median of the rounds' own (quartiles)"
        yield "statements: ours / SimpleJWT, and BEGIN and COMMIT behind the +"
        yield ""
        yield f"{'operation':<38}{'ours':>7}{'SimpleJWT':>11}{'ratio':>8}{'':15}statements"
        for name, operation in OPERATIONS.items():
            low, middle, high = statistics.quantiles(self._ratios(name), n=4)
            yield (
                f"{operation.title:<38}{self._median(name, OURS):>7.0f}"
                f"{self._median(name, THEIRS):>11.0f}{middle:>8.2f}  ({low:.2f}-{high:.2f})  "
                + " / ".join(_count(*self.statements[name][it]) for it in (OURS, THEIRS))
            )
        title = f"token rows, login + {self.refreshes} refreshes"
        yield f"{title:<38}{self.rows[OURS]:>7}{self.rows[THEIRS]:>11}"

    def targets(self) -> Iterable[Target]:
        statements = {name: sum(counted[OURS]) for name, counted in self.statements.items()}
        return (
            Target("authenticated request, ratio", self._ratio("authenticated"), 0.9),
            Target("authenticated request, token's first, ratio", self._ratio("first"), 0.9),
            Target("refresh, ratio", self._ratio("refresh"), 0.4),
            Target("authenticated request, statements", statements["authenticated"], 1),
            Target("refresh, statements with BEGIN and COMMIT", statements["refresh"], 3),
            Target("token rows after a login and its refreshes", self.rows[OURS], 1),
            Target("shipped middleware over Django's seven, µs", self._middleware(), 150),
        )

    def _median(self, operation: str, name: str) -> float:
        return statistics.median(costs[operation][name] for costs in self.rounds)

    def _ratios(self, operation: str) -> list[float]:
        """Of each round's pair: the machine may be slower in one round, then it is for both."""
        return [costs[operation][OURS] / costs[operation][THEIRS] for costs in self.rounds]

    def _ratio(self, operation: str) -> float:
        return statistics.median(self._ratios(operation))

    def _middleware(self) -> float:
        return statistics.median(
            costs["bare"][SHIPPED] - costs["bare"][OURS] for costs in self.rounds
        )


def measure(database: str, url: str, options: argparse.Namespace) -> Operations:
    with sides(url, {name: name for name in (OURS, THEIRS, SHIPPED)}) as processes:
        each(processes, side.sign_up, options.clients)
        each(processes, side.warm_up)
        rounds = [_round(processes, backwards=bool(it % 2)) for it in range(options.rounds)]
        compared = {name: processes[name] for name in (OURS, THEIRS)}
        return Operations(
            database=database,
            versions=processes[OURS].call(side.versions),
            clients=options.clients,
            refreshes=REFRESHES,
            rounds=rounds,
            statements={name: each(compared, side.statements, name) for name in OPERATIONS},
            rows=each(compared, side.rows, REFRESHES),
        )


def _round(processes: Sides, *, backwards: bool) -> Round:
    """Every operation once on every side, the sides next to each other and one at a time."""
    found: Round = {operation: {} for operation in OPERATIONS}
    for operation, costs in found.items():
        for name in reversed([*processes]) if backwards else processes:
            if name != SHIPPED or operation == "bare":
                costs[name] = processes[name].call(side.batch, operation)
    return found


def _count(statements: int, frames: int) -> str:
    return f"{statements} +{frames}" if frames else f"{statements}"
