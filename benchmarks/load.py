"""Every endpoint for clients of accounts and tokens under a bounded load on a real server."""

import argparse
import collections
import dataclasses
import itertools
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from benchmarks import site
from benchmarks.people import PASSWORD, address
from benchmarks.report import Measured, Target
from benchmarks.web import NO_ANSWER, Answer, Web, bearer

CLIENTS = 8
REQUESTS = 240
"""To each endpoint, from all clients together."""
BUDGET = 10.0
"""Seconds for each endpoint; what has not been sent by then is not sent."""
PEOPLE = 1000
PATIENCE = 20  # logins of a client before the load that may be refused

_numbers = itertools.count()


@dataclasses.dataclass(slots=True)
class Person:
    """A client with a session and an account of its own."""

    web: Web
    email: str
    password: str = PASSWORD
    access: str = ""
    refresh_token: str = ""

    def log_in(self, email: str = "", password: str = "") -> Answer:
        body = {"email": email or self.email, "password": password or self.password}
        return self.web.post("/auth/login", {**body, "transport": "bearer"})

    def enter(self) -> "Person":
        answers = (self._keep(self.log_in()) for _ in range(PATIENCE))
        assert any(answer.status == 200 for answer in answers), "no login"
        return self

    def log_in_wrong(self) -> Answer:
        return self.log_in(_somebody(), "Wrong-Engine-1843")

    def log_in_right(self) -> Answer:
        return self.log_in(_somebody(), PASSWORD)

    def register(self) -> Answer:
        email = f"new-{next(_numbers)}@example.com"
        body = {"email": email, "password": PASSWORD, "name": "Ada"}
        return self.web.post("/auth/register", body)

    def forgot(self) -> Answer:
        return self.web.post("/auth/forgot-password", {"email": _somebody()})

    def resend(self) -> Answer:
        email = address("waiting", next(_numbers) % PEOPLE)
        return self.web.post("/auth/resend-verification", {"email": email})

    def verify(self) -> Answer:
        return self.web.post("/auth/verify-email", {"token": "x" * 43})

    def refresh(self) -> Answer:
        return self._keep(self.web.post("/auth/refresh", {"refresh": self.refresh_token}))

    def profile(self) -> Answer:
        return self.web.get("/users/profile", **bearer(self.access))

    def sessions(self) -> Answer:
        return self.web.get("/auth/sessions", **bearer(self.access))

    def reauthenticate(self) -> Answer:
        return self._keep(self._post("/auth/reauthenticate", {"password": self.password}))

    def change_password(self) -> Answer:
        new = f"{PASSWORD}-{next(_numbers)}"
        body = {"current_password": self.password, "new_password": new}
        answer = self._keep(self._post("/auth/change-password", body))
        if answer.status == 200:
            self.password = new
        return answer

    def _post(self, path: str, body: dict[str, str]) -> Answer:
        return self.web.post(path, body, **bearer(self.access))

    def _keep(self, answer: Answer) -> Answer:
        if answer.status == 200:
            tokens = answer.json()
            self.access, self.refresh_token = tokens["access"], tokens["refresh"]
        return answer


# What succeeds, and by which status.
ENDPOINTS: dict[str, tuple[Callable[[Person], Answer], int]] = {
    "login, right": (Person.log_in_right, 200),
    "login, wrong": (Person.log_in_wrong, 401),
    "register": (Person.register, 202),
    "forgot-password": (Person.forgot, 202),
    "resend-verification": (Person.resend, 202),
    "verify-email, bad token": (Person.verify, 400),
    "refresh": (Person.refresh, 200),
    "users/profile": (Person.profile, 200),
    "sessions": (Person.sessions, 200),
    "reauthenticate": (Person.reauthenticate, 200),
    "change-password": (Person.change_password, 200),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Endpoint:
    expected: int
    seconds: float
    waited: list[float]
    """Milliseconds of each request."""
    statuses: dict[int, int]

    def __str__(self) -> str:
        asked = len(self.waited)
        last = statistics.quantiles(self.waited, n=100)
        figures = "".join(f"{last[percent - 1]:>8.1f}" for percent in (50, 95, 99))
        counted = ", ".join(f"{times} x {status}" for status, times in self.statuses.items())
        return f"{asked:>9}{asked / self.seconds:>8.0f}{figures}   {counted}"

    @property
    def failed(self) -> int:
        """Server errors, or no answer at all; 503 is a refusal in time."""
        return sum(
            times
            for status, times in self.statuses.items()
            if status == NO_ANSWER or (status >= 500 and status != 503)
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Load(Measured):
    part = "load"
    clients: int
    endpoints: dict[str, Endpoint]

    def table(self) -> Iterator[str]:
        yield f"{self.clients} clients at once; ms until the whole answer is there"
        yield ""
        head = "".join(f"{it:>8}" for it in ("p50", "p95", "p99"))
        yield f"{'endpoint':<26}{'requests':>9}{'per s':>8}{head}   statuses"
        yield from (f"{title:<26}{endpoint}" for title, endpoint in self.endpoints.items())

    def targets(self) -> Iterable[Target]:
        failed = sum(endpoint.failed for endpoint in self.endpoints.values())
        yield Target("server errors but 503, and no answers", failed, 0)

    @property
    def failed(self) -> bool:
        return any(endpoint.failed for endpoint in self.endpoints.values())


def measure(database: str, url: str, options: argparse.Namespace) -> Load:
    requests = REQUESTS // 6 if options.quick else REQUESTS
    with (
        site.running(url, "verified", "waiting", people=PEOPLE) as running,
        running.serving("worker"),
        running.mail(),
    ):
        people = [
            Person(Web(running.port), address("verified", PEOPLE - 1 - number)).enter()
            for number in range(CLIENTS)
        ]
        return Load(
            database=database,
            versions=site.versions(url),
            clients=CLIENTS,
            endpoints={title: _load(people, title, requests) for title in ENDPOINTS},
        )


def _load(people: list[Person], title: str, requests: int) -> Endpoint:
    ask, expected = ENDPOINTS[title]
    left = iter(range(requests))
    started = time.perf_counter()

    def work(person: Person) -> list[Answer]:
        return [ask(person) for _ in left if time.perf_counter() - started < BUDGET]

    with ThreadPoolExecutor(len(people)) as threads:
        answers = list(itertools.chain(*threads.map(work, people)))
    return Endpoint(
        expected=expected,
        seconds=time.perf_counter() - started,
        waited=[answer.ms for answer in answers],
        statuses=dict(collections.Counter(answer.status for answer in answers).most_common()),
    )


def _somebody() -> str:
    return address("verified", next(_numbers) % (PEOPLE - CLIENTS))
