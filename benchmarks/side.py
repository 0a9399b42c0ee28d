"""What runs in the process of one side: it serves a batch and says what that cost.

Requests go straight into Django's WSGI application, as gunicorn hands them over: that is all of
the server's work (signals, middleware, routing, view, answer) and nothing of a client's, where
`django.test.Client` would cost more than the server.
"""

import collections
import functools
import gc
import importlib
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any, NamedTuple, TypeVar

from benchmarks.fleet import OPERATIONS, PASSWORD, Client, Environ, Operation

Answer = tuple[str, bytes]
Statements = tuple[int, int]

COUNTED = 5
FRAMES = {"BEGIN", "COMMIT", "ROLLBACK"}
T = TypeVar("T")

_process: "Process"


class Cost(NamedTuple):
    """Microseconds of a call: the CPU of this process, and the clock on the wall."""

    cpu: float
    wall: float


def timed(calls: Sequence[Callable[[], T]]) -> tuple[Cost, list[T]]:
    """What each call costs, and what each answers."""
    gc.collect()  # what an earlier batch left is not this one's cost; its own garbage is
    cpu, wall = time.process_time(), time.perf_counter()
    answers = [call() for call in calls]
    spent = time.process_time() - cpu, time.perf_counter() - wall
    return Cost(*(it / len(calls) * 1e6 for it in spent)), answers


def start(environment: dict[str, str]) -> None:
    """Become a process of that side: its settings, a fresh database of its own."""
    os.environ.update(environment)
    from django.core.wsgi import get_wsgi_application
    from django.db import connection

    application = get_wsgi_application()
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    global _process  # noqa: PLW0603  (one process is one side)
    _process = Process(application)


def this() -> "Process":
    return _process


def sign_up(clients: int) -> None:
    _process.sign_up(clients)


def warm_up() -> None:
    """Twice, so that everything that is made once is made; then all of it is out of gc's way."""
    for operation in [*OPERATIONS.values()] * 2:
        _process.batch(operation)
    settle()


def settle() -> None:
    gc.collect()
    gc.freeze()


def batch(name: str) -> float:
    return _process.batch(OPERATIONS[name]).cpu


def statements(name: str) -> Statements:
    return _process.statements(OPERATIONS[name])


def rows(refreshes: int) -> int:
    return _process.rows(refreshes)


def count(call: Callable[[], T]) -> tuple[Statements, T]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        answer = call()
    kinds = collections.Counter(query["sql"].split()[0] in FRAMES for query in captured)
    return (kinds[False], kinds[True]), answer


def versions() -> dict[str, str]:
    from django.db import connection

    found = {"python": platform.python_version()}
    for package in ("django", "djangorestframework", "djangorestframework-simplejwt", "pyjwt"):
        found[package] = version(package)
    server = ".".join(map(str, connection.get_database_version()))
    return {**found, connection.vendor: server}


class Process:
    def __init__(self, application: Any) -> None:
        from django.conf import settings

        self.application = application
        self.side = importlib.import_module(settings.ROOT_URLCONF)
        self.fleet: list[Client] = []

    def sign_up(self, clients: int) -> list[Client]:
        """New users, who join the fleet."""
        taken = len(self.fleet)
        names = [f"client-{taken + number}@example.com" for number in range(clients)]
        self.fleet += [self._sign_up(name) for name in names]
        return self.fleet[taken:]

    def _sign_up(self, username: str) -> Client:
        from django.contrib.auth import get_user_model

        user_model = get_user_model()
        user = user_model.objects.create_user(username, password=PASSWORD, **self.side.USER_FIELDS)
        return Client(user_model.USERNAME_FIELD, username, self._log_browser_in(user))

    def _log_browser_in(self, user: Any) -> str:
        from django.conf import settings
        from django.contrib import auth
        from django.contrib.sessions.backends.db import SessionStore

        store = SessionStore()
        store[auth.SESSION_KEY] = str(user.pk)
        store[auth.BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        store[auth.HASH_SESSION_KEY] = user.get_session_auth_hash()
        self.side.tie(store, user)
        store.create()
        return f"{settings.SESSION_COOKIE_NAME}={store.session_key}"

    def batch(self, operation: Operation, of: list[Client] | None = None) -> Cost:
        """Every client does it, or those."""
        clients = (self.fleet if of is None else of) * operation.repeat
        requests = [getattr(client, operation.request)() for client in clients]
        rotations = self.side.rotations() if operation.rotates else 0

        cost, answers = timed([functools.partial(self.serve, request) for request in requests])

        self._check(operation, clients, answers)
        if operation.rotates:
            assert self.side.rotations() - rotations == len(clients), "a refresh did not rotate"
        return cost

    def each(self, operation: Operation, clients: list[Client]) -> list[float]:
        """Those clients do it one after the other; how long each waits, in milliseconds."""
        requests = [getattr(client, operation.request)() for client in clients]
        gc.collect()
        answers, waited = [], []
        for request in requests:
            started = time.perf_counter()
            answers.append(self.serve(request))
            waited.append((time.perf_counter() - started) * 1e3)
        self._check(operation, clients, answers)
        return waited

    def statements(self, operation: Operation, of: list[Client] | None = None) -> Statements:
        """Statements of one request, and BEGIN and COMMIT apart.

        The commonest of a few: the key ring's look at the database, once in ten seconds of a
        process, would else be counted by chance.
        """
        return statistics.mode(
            self._count(operation, client) for client in (of or self.fleet)[:COUNTED]
        )

    def _count(self, operation: Operation, client: Client) -> Statements:
        request = getattr(client, operation.request)()
        counted, answer = count(lambda: self.serve(request))
        self._check(operation, [client], [answer])
        return counted

    def rows(self, refreshes: int) -> int:
        """Rows in the token tables that one login with so many refreshes leaves."""
        client = self._sign_up("regular@example.com")
        before = self._stored()
        for operation in (OPERATIONS["login"], *[OPERATIONS["refresh"]] * refreshes):
            answer = self.serve(getattr(client, operation.request)())
            self._check(operation, [client], [answer])
        return self._stored() - before

    def _stored(self) -> int:
        return sum(table.objects.count() for table in self.side.TOKEN_TABLES)

    def serve(self, environ: Environ) -> Answer:
        head: list[str] = []
        response = self.application(environ, lambda status, headers: head.append(status))
        body = b"".join(response)
        response.close()
        return head[0], body

    def _check(self, operation: Operation, clients: list[Client], answers: list[Answer]) -> None:
        for client, (status, body) in zip(clients, answers, strict=True):
            assert status[:3] in {"200", "204"}, (operation.title, status, body[:500])
            if operation.gives_tokens:
                client.take(body)
