"""What the worker recognises of a request before it is parsed."""

import socket
from types import SimpleNamespace

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import InvalidHeader
from gunicorn.http.parser import RequestParser
from gunicorn.workers.gthread import TConn

from config.worker import LOOK, _path_that_hashes, _peek, _refuse, _size

LOGIN = b"/api/auth/login"
BODY = b"Content-Length: 2\r\n\r\n{}"


def head(path: bytes, rest: bytes = BODY, *, method: bytes = b"POST") -> bytes:
    return method + b" " + path + b" HTTP/1.1\r\nHost: a\r\n" + rest


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (LOGIN, "/api/auth/login"),
        (LOGIN + b"?next=/api", "/api/auth/login"),
        (b"/%61pi/auth/login", "/api/auth/login"),
        (b"/accounts/login/", "/accounts/login/"),
        (b"/api/users/profile", ""),
        (b"/" + LOGIN, ""),
        (b"http://host" + LOGIN, ""),
        (b"*", ""),
        (b"", ""),
        (b"/api/auth/login\x00", ""),
        (b"/api/auth/login%00", ""),
        (b"/api/auth/login%0a", ""),
        (b"/%ff%fe%", ""),
        (b"/\xff\xfe", ""),
        (b"/" + b"9" * 8000, ""),
        (b"/admin/accounts/user/" + b"9" * 7000 + b"/password/", ""),
        (LOGIN + b"\nX", ""),
        (LOGIN + b" " + LOGIN, ""),
    ],
)
def test_which_paths_hash(path, found):
    assert _path_that_hashes(head(path)) == found


@pytest.mark.parametrize(
    "garbage",
    [
        *(b"", b" ", b"\r\n\r\n", b"POST", b"POST ", b"POST /", b"POST " * 1600),
        *(b"\x00" * LOOK, bytes(range(256)) * 32),
        *(head(LOGIN)[:-5], head(LOGIN, method=b"GET"), head(LOGIN, method=b"post")),
    ],
    ids=range(12),
)
def test_nothing_else_is_taken_for_one(garbage):
    assert _path_that_hashes(garbage) == ""


@pytest.mark.parametrize(
    ("rest", "whole"),
    [
        (b"Content-Length: 2\r\n\r\n{}", True),
        (b"content-length:2\r\n\r\n{}", True),
        (b"CONTENT-LENGTH: \t0 \r\n\r\n", True),
        (b"Content-Length: 3\r\n\r\n{}", False),
        (b"Content-Length: 9000\r\n\r\n{}", False),
        (b"Content-Length: 2\r\n{}", False),
        (b"Content-Length: -2\r\n\r\n{}", False),
        (b"Content-Length: \r\n\r\n{}", False),
        (b"Content-Length: 2, 2\r\n\r\n{}", False),
        (b"Content-Length: 123456789012345678901234567890\r\n\r\n{}", False),
        (b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", False),
        (b"\r\n\r\nContent-Length: 2\r\n", False),
        (b"X-Content-Length: 2\r\n\r\n{}", False),
    ],
)
def test_which_requests_are_whole(rest, whole):
    request = head(LOGIN, rest)
    assert (0 < _size(request) <= len(request)) is whole


@pytest.mark.parametrize(
    "rest",
    [b"Content-Length: 9\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"],
    ids=["two lengths", "chunked too"],
)
def test_whom_the_line_takes_by_mistake_the_parser_refuses_unread(rest):
    """Nobody waits in the lane for a body that does not come."""
    request = head(LOGIN, b"Content-Length: 0\r\n" + rest)
    assert _path_that_hashes(request)
    with pytest.raises(InvalidHeader):
        next(RequestParser(Config(), iter([request]), ("127.0.0.1", 1)))


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield TConn(Config(), ours, ("127.0.0.1", 1), ("127.0.0.1", 2)), theirs


def test_what_was_said_is_seen_and_left_there(pair):
    conn, client = pair
    assert _peek(conn) is None
    client.sendall(b"POST")
    assert _peek(conn) == _peek(conn) == b"POST"
    assert conn.sock.recv(9) == b"POST"
    client.close()
    assert _peek(conn) == b""
    conn.sock.close()
    assert _peek(conn) == b""


def test_a_socket_that_cannot_be_peeked_into_goes_the_ordinary_way(pair):
    """As ssl.SSLSocket."""

    def recv(size: int, flags: int) -> bytes:
        raise ValueError("non-zero flags not allowed in calls to recv()")

    conn, _ = pair
    conn.sock = SimpleNamespace(recv=recv)
    assert _peek(conn) == b""


def test_a_refusal_waits_for_nobody_and_arrives_whole(pair):
    conn, client = pair
    client.sendall(head(LOGIN))
    _refuse(conn.sock, lambda: b"refused")
    assert client.recv(99) == b"refused"
    assert client.recv(99) == b""


@pytest.mark.parametrize("size", [1, 10**8], ids=["gone", "does not read"])
def test_who_takes_no_refusal_is_left(pair, size):
    conn, client = pair
    if size == 1:
        client.close()
    _refuse(conn.sock, lambda: b"x" * size)
    assert conn.sock.fileno() == -1


def test_a_refusal_that_fails_leaves_no_connection_open(pair):
    conn, _ = pair
    with pytest.raises(ZeroDivisionError):
        _refuse(conn.sock, lambda: bytes(1 // 0))
    assert conn.sock.fileno() == -1


def test_urls_of_a_host_that_fail_do_not_end_the_worker(monkeypatch):
    def resolve(path: str) -> None:
        raise RuntimeError(path)

    monkeypatch.setattr("accounts.middleware.resolve", resolve)
    assert _path_that_hashes(head(b"/of/a/host")) == ""
