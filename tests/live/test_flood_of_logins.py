"""What clients notice of more logins at once than the server hashes, and how it reads requests."""

import fcntl
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from itertools import islice

import pytest

from tests.doors import PASSWORD
from tests.live.client import PATIENCE
from tests.live.database import copy_of, url_of
from tests.live.site import USERS, LiveSite
from tests.live.traffic import WORKERS
from tests.tokens.carrying import PROFILE

pytestmark = pytest.mark.postgresql

LOGIN = "/api/auth/login"
LOGINS = 16
IN_LINE = 2  # tests/live/held.py
SILENT = 40  # more than the processes have threads
SAFE = {"X-Request-ID", "Retry-After", "X-Content-Type-Options", "Content-Security-Policy"}


@pytest.fixture(scope="module")
def site(migrated: tuple[str, LiveSite]) -> Iterator[LiveSite]:
    template, site = migrated
    with copy_of(template) as name:
        more = {
            "DATABASE_URL": url_of(name),
            "DJANGO_SETTINGS_MODULE": "tests.live.held",
            "GUNICORN_CMD_ARGS": "--keep-alive 1",
            "HELD": str(site.directory / "held"),
        }
        (site.directory / "held").touch()
        here = LiveSite(site.url, site.directory, site.environment | more)
        with here.serving() as serving:
            yield serving


@contextmanager
def held(site: LiveSite) -> Iterator[None]:
    """Nobody's hashing ends meanwhile."""
    with open(site.environment["HELD"]) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def body_of(number: int, password: str = PASSWORD) -> bytes:
    email = f"user{number % USERS}@example.com"
    return json.dumps({"email": email, "password": password, "transport": "bearer"}).encode()


def connect(site: LiveSite) -> HTTPConnection:
    return HTTPConnection("127.0.0.1", site.port, timeout=PATIENCE)


def ask(site: LiveSite, path: str, body: bytes) -> tuple[HTTPResponse, bytes]:
    with closing(connect(site)) as connection:
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer, answer.read()


def log_in(site: LiveSite, number: int, *, path: str = LOGIN, padding: int = 0):
    password = PASSWORD if number % 2 else "Wrong-Engine-1822"
    return ask(site, path, body_of(number, password) + b" " * padding)


@pytest.mark.parametrize(
    ("path", "padding"),
    [(LOGIN, 0), ("/api/auth/%6cogin", 0), (LOGIN, 9000)],
    ids=["plain", "encoded", "large"],
)
def test_who_finds_the_line_full_is_refused_and_nobody_else_notices(site, path, padding):
    [client] = site.log_in(1)
    with ThreadPoolExecutor(LOGINS) as threads:
        with held(site):
            asking = [
                threads.submit(log_in, site, number, path=path, padding=padding)
                for number in range(LOGINS)
            ]
            refusing = islice(as_completed(asking, PATIENCE), LOGINS - WORKERS * IN_LINE)
            refused = [each.result() for each in refusing]
            assert client.get(PROFILE).status_code == 200
        statuses = {each.result()[0].status for each in asking}
    for answer, content in refused:
        assert (answer.status, json.loads(content)["errors"][0]["code"]) == (503, "unavailable")
        assert set(answer.headers) >= SAFE
        assert answer.headers["Content-Type"] == "application/json"
    assert len({answer.headers["X-Request-ID"] for answer, _ in refused}) == len(refused)
    assert statuses <= {200, 401, 503}
    assert statuses & {200, 401}
    assert ask(site, LOGIN, body_of(1))[0].status == 200


@pytest.mark.parametrize("cut", [9, 40, -20], ids=["line", "head", "body"])
def test_a_request_may_come_in_two_parts(site, cut):
    body = body_of(1)
    lines = (
        f"POST {LOGIN} HTTP/1.1",
        f"Host: localhost:{site.port}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
    )
    request = "\r\n".join([*lines, "", ""]).encode() + body
    with socket.create_connection(("127.0.0.1", site.port), PATIENCE) as connection:
        connection.sendall(request[:cut])
        assert ask(site, LOGIN, body_of(2))[0].status == 200
        connection.sendall(request[cut:])
        answer = HTTPResponse(connection, method="POST")
        answer.begin()
        assert (answer.status, "access" in str(answer.read())) == (200, True)


def test_a_connection_may_be_used_again(site):
    with closing(connect(site)) as connection:
        connection.connect()
        first = connection.sock
        for number in (1, 2):
            connection.request("POST", LOGIN, body_of(number), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            assert (answer.status, bool(answer.read())) == (200, True)
            assert connection.sock is first


def is_shown_out(connection: socket.socket) -> bool:
    """Waits for it. Whoever had said something may find it reset."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


HEAD = f"POST {LOGIN} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n".encode()


@pytest.mark.parametrize("sent", [b"", HEAD], ids=["nothing", "no body"])
def test_who_does_not_go_on_holds_nobody_up_and_is_shown_out(site, sent):
    with ExitStack() as open_:
        silent = [
            open_.enter_context(socket.create_connection(("127.0.0.1", site.port), PATIENCE))
            for _ in range(SILENT)
        ]
        for each in silent:
            each.sendall(sent)
        [client] = site.log_in(1)
        assert client.get(PROFILE).status_code == 200
        assert all(map(is_shown_out, silent))
