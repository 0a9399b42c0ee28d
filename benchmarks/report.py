"""What was measured, as a table to read and as JSON to keep."""

import dataclasses
import os
import platform
import statistics
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.operations import OPERATIONS

Round = dict[str, dict[str, float]]
"""Microseconds of CPU of a request, by operation and side."""

OURS, THEIRS = "portcullis", "simplejwt"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Measured:
    database: str
    clients: int
    refreshes: int
    rounds: list[Round]
    statements: dict[str, dict[str, tuple[int, int]]]
    rows: dict[str, int]
    versions: dict[str, str]

    def median(self, operation: str, side: str) -> float:
        return statistics.median(costs[operation][side] for costs in self.rounds)

    def ratios(self, operation: str) -> list[float]:
        """Of each round's pair: the machine may be slower in one round, then it is for both."""
        return [costs[operation][OURS] / costs[operation][THEIRS] for costs in self.rounds]

    def ratio(self, operation: str) -> float:
        return statistics.median(self.ratios(operation))

    def middleware(self) -> float:
        """What the shipped middleware costs over Django's seven, in microseconds."""
        return statistics.median(
            costs["bare"]["shipped"] - costs["bare"][OURS] for costs in self.rounds
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    title: str
    limit: float
    figure: Callable[[Measured], float]


TARGETS = (
    Target("authenticated request, ratio", 0.9, lambda it: it.ratio("authenticated")),
    Target("authenticated request, token's first, ratio", 0.9, lambda it: it.ratio("first")),
    Target("refresh, ratio", 0.4, lambda it: it.ratio("refresh")),
    Target("authenticated request, statements", 1, lambda it: sum(_ours(it, "authenticated"))),
    Target("refresh, statements with BEGIN and COMMIT", 3, lambda it: sum(_ours(it, "refresh"))),
    Target("token rows after a login and its refreshes", 1, lambda it: it.rows[OURS]),
    Target("shipped middleware over Django's seven, µs", 150, Measured.middleware),
)


def _ours(measured: Measured, operation: str) -> tuple[int, int]:
    return measured.statements[operation][OURS]


def table(measured: Measured) -> str:
    return "\n".join([*_head(measured), "", *_costs(measured), "", *_targets(measured), ""])


def _head(measured: Measured) -> Iterator[str]:
    version = measured.versions[measured.database]
    rounds = f"{len(measured.rounds)} rounds of {measured.clients} requests"
    yield f"{measured.database} {version}, {rounds}, under Django's own middleware"
    yield "µs: CPU of the Python process, median; ratio: median of the rounds' own (quartiles)"
    yield "statements: ours / SimpleJWT, and BEGIN and COMMIT behind the +"


def _costs(measured: Measured) -> Iterator[str]:
    yield f"{'operation':<38}{'ours':>7}{'SimpleJWT':>11}{'ratio':>8}{'':15}statements"
    for name, operation in OPERATIONS.items():
        low, middle, high = statistics.quantiles(measured.ratios(name), n=4)
        yield (
            f"{operation.title:<38}{measured.median(name, OURS):>7.0f}"
            f"{measured.median(name, THEIRS):>11.0f}{middle:>8.2f}  ({low:.2f}-{high:.2f})  "
            + " / ".join(_count(*measured.statements[name][side]) for side in (OURS, THEIRS))
        )
    rows = [measured.rows[side] for side in (OURS, THEIRS)]
    yield f"{f'token rows, login + {measured.refreshes} refreshes':<38}{rows[0]:>7}{rows[1]:>11}"


def _count(statements: int, frames: int) -> str:
    return f"{statements} +{frames}" if frames else f"{statements}"


def _targets(measured: Measured) -> Iterator[str]:
    yield f"{'target':<50}{'found':>9}{'limit':>8}"
    for target in TARGETS:
        found = target.figure(measured)
        verdict = "met" if found <= target.limit else "NOT met"
        yield f"{target.title:<50}{found:>9.3g}{target.limit:>8g}  {verdict}"


def document(found: list[Measured], now: datetime) -> dict[str, Any]:
    return {
        "at": now.isoformat(),
        "machine": {
            "platform": platform.platform(),
            "processor": _processor(),
            "cores": os.cpu_count(),
            "load": os.getloadavg(),
        },
        "targets": {
            measured.database: {
                target.title: {"found": target.figure(measured), "limit": target.limit}
                for target in TARGETS
            }
            for measured in found
        },
        "measured": [dataclasses.asdict(measured) for measured in found],
    }


def _processor() -> str:
    try:
        facts = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(": ")[1] for line in facts if line.startswith("model name")), "")
