"""Whether an answer's time tells who has an account: known addresses beside unknown ones, on a real
server, while mail is delivered and while the mail server is down."""

import argparse
import dataclasses
import itertools
import random
import re
import statistics
from collections.abc import Callable, Iterable, Iterator

from benchmarks import site
from benchmarks.people import KINDS, OLDER_HASHES, PASSWORD, address
from benchmarks.report import Measured, Target
from benchmarks.web import Answer, Web

REQUESTS = 50
"""Of known addresses in a round, and as many of unknown ones."""
ROUNDS = 3
WARM_UP = 8
LIMIT = 1.1
WRONG = "Wrong-Engine-1843"

_numbers = itertools.count()


def login(web: Web, email: str, password: str) -> Answer:
    body = {"email": email, "password": password, "transport": "bearer"}
    return web.post("/auth/login", body)


def login_page(web: Web, email: str, password: str) -> Answer:
    return web.send("/accounts/login/", {"email": email, "password": password})


def register(web: Web, email: str, password: str) -> Answer:
    return web.post("/auth/register", {"email": email, "password": password, "name": "Ada"})


def forgot(web: Web, email: str, password: str) -> Answer:
    return web.post("/auth/forgot-password", {"email": email})


def forgot_page(web: Web, email: str, password: str) -> Answer:
    return web.send("/accounts/password/reset/", {"email": email})


def resend(web: Web, email: str, password: str) -> Answer:
    return web.post("/auth/resend-verification", {"email": email})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Case:
    """`known` names a kind of account; unknown addresses are always new ones."""

    title: str
    ask: Callable[[Web, str, str], Answer]
    known: str = "verified"
    password: str = WRONG
    page: str = ""
    same: bool = False
    """The same two addresses again and again, as somebody asks who suspects one."""


DAILY = (
    Case(title="login, wrong password", ask=login),
    Case(title="login page, wrong password", ask=login_page, page="/accounts/login/"),
    Case(title="register, taken", ask=register, password=PASSWORD),
    Case(title="register, taken, again", ask=register, password=PASSWORD, same=True),
    Case(title="register, registered already", ask=register, known="waiting", password=PASSWORD),
    Case(title="forgot", ask=forgot),
    Case(title="forgot, again", ask=forgot, same=True),
    Case(title="forgot page", ask=forgot_page, page="/accounts/password/reset/"),
    Case(title="forgot, inactive", ask=forgot, known="inactive"),
    Case(title="resend, unverified", ask=resend, known="unverified"),
    Case(title="resend, verified", ask=resend),
)
RARE = (
    Case(title="login, unverified, wrong", ask=login, known="unverified"),
    Case(title="login, unverified, right", ask=login, known="unverified", password=PASSWORD),
    Case(title="login, inactive, wrong", ask=login, known="inactive"),
    Case(title="login, inactive, right", ask=login, known="inactive", password=PASSWORD),
    Case(title="login, closed, wrong", ask=login, known="closed"),
    Case(title="login, no password", ask=login, known="unusable"),
)
OLDER = (
    Case(title="login, bcrypt_sha256, wrong", ask=login, known="bcrypt_sha256"),
    Case(title="login, pbkdf2_sha256, wrong", ask=login, known="pbkdf2_sha256"),
)
PEOPLE = 1000


@dataclasses.dataclass(frozen=True, kw_only=True)
class Round:
    """Milliseconds of each request."""

    known: list[float]
    unknown: list[float]
    answers: list[str]
    """All alike, or an outsider sees the difference."""

    @property
    def ratio(self) -> float:
        return statistics.median(self.known) / statistics.median(self.unknown)


Rounds = dict[str, list[Round]]
"""By the title of a case."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Uniform(Measured):
    part = "uniform"
    found: dict[str, Rounds]
    """By the state of the site."""
    differing: list[str]
    """Cases whose answers differ in more than their time."""

    def table(self) -> Iterator[str]:
        yield f"ms, medians of {REQUESTS} requests each, in random order; the ratio of each round"
        for state, cases in self.found.items():
            yield ""
            yield f"{state:<34}{'known':>9}{'unknown':>9}   ratios"
            for title, rounds in cases.items():
                known = statistics.median(itertools.chain(*(it.known for it in rounds)))
                unknown = statistics.median(itertools.chain(*(it.unknown for it in rounds)))
                ratios = "  ".join(f"{it.ratio:.2f}" for it in rounds)
                yield f"{title:<34}{known:>9.2f}{unknown:>9.2f}   {ratios}"

    def targets(self) -> Iterable[Target]:
        for state, cases in self.found.items():
            for title, rounds in cases.items():
                ratio = statistics.median(it.ratio for it in rounds)
                yield Target(f"{title}, {state}", max(ratio, 1 / ratio), LIMIT)
        differing = f"differ in status or body: {', '.join(self.differing) or 'none'}"
        yield Target(differing, len(self.differing), 0)


def measure(database: str, url: str, options: argparse.Namespace) -> Uniform:
    measuring = Measuring(1 if options.quick else ROUNDS)
    kinds = [kind for kind in KINDS if kind not in OLDER_HASHES]
    with site.running(url, *kinds, people=PEOPLE) as running, running.serving("worker"):
        with running.mail():
            measuring.measure("mail server up", running, DAILY + RARE)
        measuring.measure("mail server down", running, DAILY)
    with site.running(url, *OLDER_HASHES, people=PEOPLE) as running:
        measuring.rounds = 1  # for they make every failing login slow
        measuring.measure("beside older hashes", running, OLDER)
    return Uniform(
        database=database,
        versions=site.versions(url),
        found=measuring.found,
        differing=sorted(measuring.differing),
    )


class Measuring:
    def __init__(self, rounds: int) -> None:
        self.rounds = rounds
        self.found: dict[str, Rounds] = {}
        self.differing: set[str] = set()

    def measure(self, state: str, running: site.Site, cases: tuple[Case, ...]) -> None:
        self.found[state] = {case.title: self._measure(running.port, case) for case in cases}

    def _measure(self, port: int, case: Case) -> list[Round]:
        web = Web(port)
        if case.page:
            web.visit(case.page)
        _round(web, case, WARM_UP)
        found = [_round(web, case, REQUESTS) for _ in range(self.rounds)]
        if len(set().union(*(it.answers for it in found))) > 1:
            self.differing.add(case.title)
        return found


def _round(web: Web, case: Case, requests: int) -> Round:
    found = Round(known=[], unknown=[], answers=[])
    order = [True, False] * requests
    random.shuffle(order)
    for known in order:
        number = 0 if case.same else next(_numbers)
        kind, count = (case.known, PEOPLE) if known else ("unknown", 10**9)
        email = address(kind, number % count)
        answer = case.ask(web, email, case.password)
        found.answers.append(f"{answer.status} {_alike(answer.body, email)!r}")
        (found.known if known else found.unknown).append(answer.ms)
    found.answers[:] = sorted(set(found.answers))
    return found


def _alike(body: bytes, email: str) -> bytes:
    """Without what belongs to this request: the address that it named, and its CSRF token."""
    return re.sub(rb'value="\w{64}"', b"", body.replace(email.encode(), b""))
