"""Hundreds of logins at once: their answers, their memory, and what somebody who is logged in waits
for meanwhile."""

import argparse
import collections
import dataclasses
import itertools
import json
import multiprocessing
import selectors
import socket
import statistics
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager

from benchmarks import site
from benchmarks.people import PASSWORD, address
from benchmarks.report import Measured, Target
from benchmarks.site import HOST
from benchmarks.web import NO_ANSWER, PATIENCE, Answer, Web, bearer

LOGINS = 200
FLOODS = 10
PAUSE = 3.0  # seconds between two floods
SETTLED = 0.1  # seconds before a flood, whose requests may still wait when it comes
RATE = 50  # authenticated requests in a second
PROBES = 64  # of them that may wait at once
GLANCE = 0.01  # seconds between two looks at the memory
MOST = 5  # times the idle p99


@dataclasses.dataclass(frozen=True, kw_only=True)
class Probe:
    """An authenticated request: when it was due, and its answer's status and milliseconds."""

    due: float
    status: int
    ms: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Flooded:
    seconds: float
    statuses: dict[int, int]
    waited: list[float]
    """Milliseconds of each login."""
    peak: float
    """Megabytes."""
    recovered: float
    """Seconds from its last answer until a login succeeds."""
    idle: list[Probe]
    beside: list[Probe]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Flood(Measured):
    part = "flood"
    logins: int
    floods: list[Flooded]
    before: float
    after: float

    def table(self) -> Iterator[str]:
        yield f"{self.logins} logins at once, half of them right, {len(self.floods)} times"
        yield ""
        yield f"{'seconds':>9}{'peak MB':>9}{'p50 ms':>9}{'p99 ms':>9}{'recovery':>10}   statuses"
        for it in self.floods:
            percents = statistics.quantiles(it.waited, n=100)
            counted = ", ".join(f"{times} x {status}" for status, times in it.statuses.items())
            yield (
                f"{it.seconds:>9.2f}{it.peak:>9.0f}{percents[49]:>9.0f}{percents[98]:>9.0f}"
                f"{it.recovered:>10.2f}   {counted}"
            )
        yield f"resident before {self.before:.0f} MB, after {self.after:.0f} MB"
        yield ""
        yield f"{'authenticated request, ms':<28}{'requests':>9}{'p50':>8}{'p95':>8}{'p99':>8}"
        yield _line("idle", self._probes("idle"))
        yield _line("beside the floods", self._probes("beside"))

    def targets(self) -> Iterable[Target]:
        statuses = self._statuses()
        refused = sum(it.status != 200 for it in self._probes("beside"))
        return (
            Target("authenticated p99 beside, over idle", self._ratio(), MOST),
            Target("authenticated requests refused", refused, 0),
            Target("logins answered but by 200, 401, 503", statuses.total(), 0),
        )

    def _ratio(self) -> float:
        return _percent(self._probes("beside"), 99) / _percent(self._probes("idle"), 99)

    def _probes(self, when: str) -> list[Probe]:
        return [*itertools.chain(*(getattr(flood, when) for flood in self.floods))]

    def _statuses(self) -> "collections.Counter[int]":
        found: collections.Counter[int] = collections.Counter()
        for flood in self.floods:
            found.update(
                {int(it): n for it, n in flood.statuses.items() if it not in {200, 401, 503}}
            )
        return found


def measure(database: str, url: str, options: argparse.Namespace) -> Flood:
    floods = 2 if options.quick else FLOODS
    with (
        site.running(url, "verified", people=LOGINS) as running,
        _process() as flooding,
        _process() as probing,
    ):
        token = warm_up(running.port)
        before = running.memory()
        found = [_flooded(running, flooding, probing, token) for _ in range(floods)]
        return Flood(
            database=database,
            versions=site.versions(url),
            logins=LOGINS,
            floods=found,
            before=before,
            after=running.memory(),
        )


def warm_up(port: int) -> str:
    """Have every thread of every process serve somebody; the access token of a client."""
    token: str = log_in(Web(port), 0, PASSWORD).json()["access"]
    with ThreadPoolExecutor(PROBES) as threads:
        assert {it.status for it in threads.map(ask, *[[port] * 200, [token] * 200])} == {200}
    return token


def _flooded(
    running: site.Site, flooding: ProcessPoolExecutor, probing: ProcessPoolExecutor, token: str
) -> Flooded:
    """After a while without one, which is what idle means: other work on the machine slows both."""
    with _probing(probing, running.port, token) as probes, _peak(running) as peak:
        time.sleep(PAUSE)
        started, ended, answers = flooding.submit(flood, running.port).result()
    while log_in(Web(running.port), 0, PASSWORD).status != 200:
        assert time.monotonic() < ended + PATIENCE, "nobody can log in any more"
        time.sleep(GLANCE)
    statuses = collections.Counter(answer.status for answer in answers)
    return Flooded(
        seconds=ended - started,
        statuses=dict(statuses.most_common()),
        waited=[answer.ms for answer in answers],
        peak=max(peak),
        recovered=time.monotonic() - ended,
        idle=[probe for probe in probes if probe.due < started - SETTLED],
        beside=[probe for probe in probes if started <= probe.due <= ended],
    )


@contextmanager
def _process() -> Iterator[ProcessPoolExecutor]:
    """A client of its own, whose threads are in nobody's way here."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        yield process


@contextmanager
def _probing(process: ProcessPoolExecutor, port: int, token: str) -> Iterator[list[Probe]]:
    """What authenticated requests met meanwhile, once it is over."""
    found: list[Probe] = []
    process.submit(start_probing, port, token).result()
    try:
        yield found
    finally:
        found += process.submit(stop_probing).result()


@contextmanager
def _peak(running: site.Site) -> Iterator[list[float]]:
    """The memory of the site, again and again until the block ends."""
    found = [running.memory()]
    over = threading.Event()

    def look() -> None:
        while not over.wait(GLANCE):
            found.append(running.memory())

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield found
    finally:
        over.set()
        looking.join()


def log_in(web: Web, number: int, password: str) -> Answer:
    body = {"email": address("verified", number), "password": password, "transport": "bearer"}
    return web.post("/auth/login", body)


def ask(port: int, token: str) -> Answer:
    """Over a connection of its own: it waits in line as a newcomer does."""
    web = Web(port)
    try:
        return web.get("/users/profile", **bearer(token))
    finally:
        web.http.close()


# In the processes of the clients:

_running: "Probing"


def flood(port: int) -> tuple[float, float, list[Answer]]:
    """All at the same moment; when the first was sent and the last was answered. By bare sockets,
    for whatever the client spends is missing to the server, which has the same cores."""
    requests = [_login(number) for number in range(LOGINS)]
    answers: list[Answer] = []
    started = time.monotonic()
    with selectors.DefaultSelector() as waiting:
        for request in requests:
            connection = socket.create_connection(("127.0.0.1", port))
            connection.sendall(request)
            waiting.register(connection, selectors.EVENT_READ)
        while waiting.get_map():
            for key, _ in waiting.select(PATIENCE):
                waiting.unregister(key.fileobj)
                answers.append(_answer(key.fileobj, started))
    return started, time.monotonic(), answers


def _login(number: int) -> bytes:
    password = PASSWORD if number % 2 else "Wrong-1843"
    body = {"email": address("verified", number), "password": password, "transport": "bearer"}
    sent = json.dumps(body)
    head = {
        "Host": HOST,
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": f"10.1.2.{number}",
        "Content-Type": "application/json",
        "Content-Length": len(sent),
    }
    lines = ("POST /api/auth/login HTTP/1.1", *(f"{name}: {it}" for name, it in head.items()))
    return "\r\n".join((*lines, "", sent)).encode()


def _answer(connection: socket.socket, started: float) -> Answer:
    """Its status stands in the first packet."""
    with connection:
        try:
            head = connection.recv(2**16)
        except OSError:
            head = b""
    status = int(head.split()[1]) if head else NO_ANSWER
    return Answer(status, b"", (time.monotonic() - started) * 1e3)


def start_probing(port: int, token: str) -> None:
    global _running  # noqa: PLW0603
    _running = Probing(port, token)


def stop_probing() -> list[Probe]:
    return _running.stop()


class Probing:
    """Requests at a steady rate. Each is timed from when it was due, so that one that has to wait
    for its turn is not counted as quick."""

    def __init__(self, port: int, token: str) -> None:
        self.port, self.token = port, token
        self.over = threading.Event()
        self.threads = ThreadPoolExecutor(PROBES)
        self.asked: list[Future[Probe]] = []
        self.pace = threading.Thread(target=self._run)
        self.pace.start()

    def stop(self) -> list[Probe]:
        self.over.set()
        self.pace.join()
        self.threads.shutdown()
        return [it.result() for it in self.asked]

    def _run(self) -> None:
        due = time.monotonic()
        while not self.over.wait(max(due - time.monotonic(), 0)):
            self.asked.append(self.threads.submit(self._ask, due))
            due += 1 / RATE

    def _ask(self, due: float) -> Probe:
        answer = ask(self.port, self.token)
        return Probe(due=due, status=answer.status, ms=(time.monotonic() - due) * 1e3)


def _line(title: str, probes: list[Probe]) -> str:
    figures = "".join(f"{_percent(probes, it):>8.1f}" for it in (50, 95, 99))
    return f"{title:<28}{len(probes):>9}{figures}"


def _percent(probes: list[Probe], percent: int) -> float:
    return statistics.quantiles([it.ms for it in probes], n=100, method="inclusive")[percent - 1]
