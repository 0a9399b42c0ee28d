"""What roles cost beside Django's groups, with few and many permissions and users."""

import argparse
import dataclasses
import statistics
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from benchmarks import holders, side
from benchmarks.holders import ASKED
from benchmarks.processes import OURS, THEIRS, Sides, each, sides
from benchmarks.report import Measured, Target

SOME = 1_000
PERMISSIONS = (10, SOME, 10_000)
USERS = 1_000
LABELS = {OURS: "ours", THEIRS: "Django, SimpleJWT"}


class Installation(NamedTuple):
    permissions: int
    users: int

    def process(self, name: str) -> str:
        return f"{name}-{self.permissions}-{self.users}"


Costs = dict[str, dict[str, side.Cost]]
"""Of a round, by question and process."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Roles(Measured):
    part = "roles"
    installations: list[Installation]
    clients: int
    rounds: list[Costs]
    statements: dict[str, dict[str, side.Statements]]
    searches: dict[str, tuple[side.Cost, int, side.Statements]]

    def table(self) -> Iterator[str]:
        yield f"{len(self.rounds)} rounds of {self.clients} calls, each of another client"
        yield f"{holders.HOLDERS} roles, which a client holds by one assignment through five levels"
        yield "µs: CPU of the Python process / wall clock; ratio: of the rounds, likewise"
        yield ""
        head = f"{'permissions':>13}{'users':>11}{'ours':>17}{'Django, SimpleJWT':>19}"
        yield f"{'':<38}{head}{'ratio':>13}   statements"
        for asked, it in ASKED.items():
            for installation in self.installations:
                yield f"{it.title:<38}{self._row(asked, installation)}"
        yield ""
        yield f"{'with_perm, counted':<38}{'users':>11}{'found':>11}{'ms':>9}   statements"
        for name, (cost, having, counted) in self.searches.items():
            users = name.rpartition("-")[2]
            yield f"{name:<38}{users:>11}{having:>11,}{cost.wall / 1e3:>9,.1f}   {sum(counted)}"

    def targets(self) -> Iterable[Target]:
        some, many = self._by_users()[0], self._by_users()[-1]
        for asked in ("has_perm", "refresh"):
            grown = [
                costs[asked][many.process(OURS)].wall / costs[asked][some.process(OURS)].wall
                for costs in self.rounds
            ]
            title = f"{ASKED[asked].title}, many users over few"
            yield Target(title, statistics.median(grown), 1.2)
        for asked, limit in (("has_perm", 1), ("again", 0), ("permitted", 2)):
            counted = max(
                sum(self.statements[asked][it.process(OURS)]) for it in self.installations
            )
            yield Target(f"{ASKED[asked].title}, statements", counted, limit)

    def _by_users(self) -> list[Installation]:
        return sorted(it for it in self.installations if it.permissions == SOME)

    def _row(self, asked: str, installation: Installation) -> str:
        ours, theirs = (installation.process(name) for name in LABELS)
        pairs = [(costs[asked][ours], costs[asked][theirs]) for costs in self.rounds]
        cpu = statistics.median(our.cpu / their.cpu for our, their in pairs)
        wall = statistics.median(our.wall / their.wall for our, their in pairs)
        counted = " / ".join(str(sum(self.statements[asked][it])) for it in (ours, theirs))
        spent = "".join(f"{_both(it):>18}" for it in zip(*pairs, strict=True))
        return (
            f"{installation.permissions:>13,}{installation.users:>11,}{spent}"
            f"{cpu:>8.2f} /{wall:>5.2f}   {counted}"
        )


def _both(costs: Iterable[side.Cost]) -> str:
    cpu, wall = (statistics.median(it) for it in zip(*costs, strict=True))
    return f"{cpu:,.{_digits(cpu)}f} / {wall:,.{_digits(wall)}f}"


def _digits(microseconds: float) -> int:
    return 2 if microseconds < 10 else 0


def measure(database: str, url: str, options: argparse.Namespace) -> Roles:
    rounds = options.rounds + 1  # the first warms up
    clients = max(options.clients // 2, side.COUNTED)
    installations = [
        *(Installation(permissions, USERS) for permissions in PERMISSIONS),
        *(Installation(SOME, users) for users in (options.rows // 10, options.rows)),
    ]
    names = {it.process(name): name for it in installations for name in LABELS}
    with sides(url, names) as processes:
        for it in installations:
            alike = {it.process(name): processes[it.process(name)] for name in LABELS}
            each(alike, holders.fill, *it, rounds, clients)
        timed = [_round(processes, number, of=rounds) for number in range(rounds)]
        return Roles(
            database=database,
            versions=processes[installations[0].process(OURS)].call(side.versions),
            installations=installations,
            clients=clients,
            rounds=timed[1:],
            statements={asked: each(processes, holders.statements, asked) for asked in ASKED},
            searches={name: processes[name].call(holders.search) for name in _searched(names)},
        )


def _searched(names: Iterable[str]) -> Iterator[str]:
    """Not Django's own among many users: it looks at the group's members again for each user."""
    return (
        it for it in names if it.startswith(OURS) or it == Installation(SOME, USERS).process(THEIRS)
    )


def _round(processes: Sides, number: int, *, of: int) -> Costs:
    found: Costs = {asked: {} for asked in ASKED}
    for asked, costs in found.items():
        for name in reversed([*processes]) if number % 2 else processes:
            costs[name] = processes[name].call(holders.batch, asked, number, of)
    return found
