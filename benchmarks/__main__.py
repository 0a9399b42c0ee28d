"""Run it: `python -m benchmarks --help`."""

import argparse
import json
import multiprocessing
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import report, side
from benchmarks.operations import OPERATIONS
from benchmarks.report import Measured

HERE = Path(__file__).resolve().parent
DATABASES = ("sqlite", "postgresql")
SIDES = (report.OURS, report.THEIRS, "shipped")
REFRESHES = 1000

Sides = dict[str, ProcessPoolExecutor]


def main() -> None:
    options = _options()
    chosen = DATABASES if options.database == "both" else (options.database,)
    found = []
    for name in chosen:
        measured = _measure(name, rounds=options.rounds, clients=options.clients)
        print(report.table(measured), flush=True)
        found.append(measured)
    print(f"Raw rounds: {_save(found)}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--database", choices=[*DATABASES, "both"], default="both")
    parser.add_argument("--rounds", type=int, default=21, help="of A B, B A (default: 21)")
    parser.add_argument("--clients", type=int, default=25, help="requests in a batch (default: 25)")
    parser.add_argument("--quick", action="store_true", help="3 rounds of 10: does it run?")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.clients = 3, 10
    if options.rounds < 2 or options.clients < side.COUNTED:
        parser.error(f"no median without 2 rounds or more, of {side.COUNTED} requests or more")
    return options


def _measure(database: str, *, rounds: int, clients: int) -> Measured:
    with _server(database) as url, ExitStack() as running:
        sides = {
            name: running.enter_context(
                ProcessPoolExecutor(  # of one: a process that keeps its state between calls
                    max_workers=1,
                    mp_context=multiprocessing.get_context("spawn"),
                    initializer=side.start,
                    initargs=(name, url, clients),
                )
            )
            for name in SIDES
        }
        _each(sides, side.warm_up)
        timed = [_round(sides, backwards=bool(number % 2)) for number in range(rounds)]
        compared = {name: sides[name] for name in (report.OURS, report.THEIRS)}
        return Measured(
            database=database,
            clients=clients,
            refreshes=REFRESHES,
            rounds=timed,
            statements={name: _each(compared, side.statements, name) for name in OPERATIONS},
            rows=_each(compared, side.rows, REFRESHES),
            versions=sides[report.OURS].submit(side.versions).result(),
        )


def _each(sides: Sides, function: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
    """What each side answers; not for what is timed, since they work at the same time."""
    asked = {name: process.submit(function, *arguments) for name, process in sides.items()}
    return {name: answer.result() for name, answer in asked.items()}


def _round(sides: Sides, *, backwards: bool) -> report.Round:
    """Every operation once on every side, the sides next to each other and one at a time."""
    found: report.Round = {operation: {} for operation in OPERATIONS}
    for operation, costs in found.items():
        for name in reversed(sides) if backwards else sides:
            if name != "shipped" or operation == "bare":
                costs[name] = sides[name].submit(side.batch, operation).result()
    return found


@contextmanager
def _server(database: str) -> Iterator[str]:
    """The suite's own, from a wheel: it ends with us, however we end."""
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.services", database],
        cwd=HERE.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as helper:
        assert helper.stdout is not None
        yield json.loads(helper.stdout.readline())[0]


def _save(found: list[Measured]) -> Path:
    now = datetime.now(UTC)
    path = HERE / "results" / f"{now:%Y%m%dT%H%M%SZ}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(report.document(found, now), indent=1))
    return path.relative_to(HERE.parent)


if __name__ == "__main__":
    main()
