"""Run it: `python -m benchmarks --help`."""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import benchmarks
from benchmarks import flood, growth, load, operations, purge, report, roles, side, uniform
from benchmarks.processes import PROJECT, server

PARTS = {
    "operations": operations,
    "growth": growth,
    "purge": purge,
    "roles": roles,
    "load": load,
    "uniform": uniform,
    "flood": flood,
}
DATABASES = ("sqlite", "postgresql")
LIVE = {"load", "uniform", "flood"}
"""Parts against a real site, as production runs it: on PostgreSQL."""


def main() -> None:
    options = _options()
    found: list[report.Measured] = []
    for part in options.parts:
        for database in _databases(part, options.database):
            with server(database) as url:
                found.append(PARTS[part].measure(database, url, options))
            print(found[-1], flush=True)
    print(f"Raw figures: {_save(found)}")
    sys.exit(any(measured.failed for measured in found))


def _databases(part: str, wanted: str) -> tuple[str, ...]:
    if part in LIVE:
        return ("postgresql",)
    return DATABASES if wanted == "both" else (wanted,)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=benchmarks.__doc__)
    parser.add_argument(
        "parts", nargs="*", metavar="PART", default=["operations", "growth"],
        help=f"of {', '.join(PARTS)} and all (default: operations growth)",
    )  # fmt: skip
    parser.add_argument("--database", choices=[*DATABASES, "both"], default="both")
    parser.add_argument("--rounds", type=int, default=21, help="of A B, B A (default: 21)")
    parser.add_argument("--clients", type=int, default=25, help="requests in a batch (default: 25)")
    parser.add_argument(
        "--rows", type=int, default=1_000_000, help="to purge, and to grow to (default: 1000000)"
    )
    parser.add_argument("--quick", action="store_true", help="few and small: does it run?")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.clients, options.rows = 3, 10, 20_000
    if "all" in options.parts:
        options.parts = [*PARTS]
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(unknown)}")
    if options.rounds < 2 or options.clients < side.COUNTED:
        parser.error(f"no median without 2 rounds or more, of {side.COUNTED} requests or more")
    return options


def _save(found: list[report.Measured]) -> Path:
    now = datetime.now(UTC)
    path = PROJECT / "benchmarks" / "results" / f"{now:%Y%m%dT%H%M%SZ}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(report.document(found, now), indent=1))
    return path.relative_to(PROJECT)


if __name__ == "__main__":
    main()
