"""Run it: `python -m benchmarks --help`."""

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

import benchmarks
from benchmarks import growth, operations, purge, report, roles, side
from benchmarks.processes import PROJECT, server

PARTS = {"operations": operations, "growth": growth, "purge": purge, "roles": roles}
DATABASES = ("sqlite", "postgresql")


def main() -> None:
    options = _options()
    found: list[report.Measured] = []
    for part in options.parts:
        for database in DATABASES if options.database == "both" else (options.database,):
            with server(database) as url:
                found.append(PARTS[part].measure(database, url, options))
            print(found[-1], flush=True)
    print(f"Raw figures: {_save(found)}")


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
