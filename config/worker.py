"""Gunicorn's threads, with a lane of their own for whoever wants a password hashed."""

import re
import socket
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ
from typing import Any
from urllib.parse import unquote
from weakref import WeakSet

from django.utils.module_loading import import_string
from gunicorn.util import close
from gunicorn.workers.gthread import TConn, ThreadWorker

LANE = 4
"""Threads of it: one that hashes in each process, and who asks the breach service meanwhile."""
LOOK = 8192
"""Bytes in which such a request has room, its body too."""
SWITCH = 0.0005
"""Seconds for which a thread computes while others want to: they ask many times a request."""
POST = re.compile(rb"POST (/[^\s?]*)\S* HTTP/1\.[01]\r\n")
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,5})[ \t]*\r\n", re.IGNORECASE)


class Worker(ThreadWorker):  # type: ignore[misc] # gunicorn publishes no types
    """A pool serves first who comes first: whoever is logged in would wait behind each login of a
    flood. Here these wait in a line of their own, no longer than admission allows, and who comes
    then is refused unparsed. Nobody holds a thread before they have said something."""

    wsgi: Callable[..., Any]

    def init_process(self) -> None:
        sys.setswitchinterval(SWITCH)
        self.in_line = 0
        self.awaited: WeakSet[TConn] = WeakSet()
        self.lane = ThreadPoolExecutor(LANE, "lane")
        self.refusing = ThreadPoolExecutor(1, "refusing")
        super().init_process()

    def load_wsgi(self) -> None:
        """Only now is there a project to import from."""
        super().load_wsgi()
        self.places: int = import_string("accounts.admission.places")()
        self.refusal = partial(import_string("accounts.wsgi.refusal"), self.wsgi)
        bounded = import_string("accounts.wsgi.Bounded")
        self.wsgi = bounded(self.wsgi, self.cfg.threads // 2, apart="lane")

    def enqueue_req(self, conn: TConn) -> None:
        """On the thread that serves nobody else if it fails."""
        head = _peek(conn)
        if head is None:
            self._wait_for(conn)
        elif not (path := _path_that_hashes(head)):
            super().enqueue_req(conn)
        elif (size := _size(head)) > len(head) and conn not in self.awaited:
            self._await_body(conn, size)
        elif self.in_line < self.places:
            self.in_line += 1
            self._then(self._left, conn, self.lane.submit(self.handle, conn))
        else:
            answer = partial(self.refusal, path, head)
            self._then(self._refused, conn, self.refusing.submit(_refuse, conn.sock, answer))

    def _then(self, follow: Callable[..., None], conn: TConn, future: "Future[Any]") -> None:
        future.add_done_callback(lambda done: self.method_queue.defer(follow, conn, done))

    def _left(self, conn: TConn, done: "Future[Any]") -> None:
        self.in_line -= 1
        self.finish_request(conn, done)

    def _refused(self, conn: TConn, done: "Future[Any]") -> None:
        self.nr_conns -= 1
        if error := done.exception():
            self.log.error("Nobody could say what a refusal looks like", exc_info=error)

    def _await_body(self, conn: TConn, size: int) -> None:
        """Many clients send it in a packet of its own; the poller says when all of it is there."""
        self.awaited.add(conn)
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size)
        self._wait_for(conn)

    def on_pending_socket_readable(self, conn: TConn, client: Any) -> None:
        if conn in self.awaited:
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
        super().on_pending_socket_readable(conn, client)
        self.awaited.discard(conn)

    def _wait_for(self, conn: TConn) -> None:
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + self.cfg.keepalive
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))


def _refuse(sock: socket.socket, answer: Callable[[], bytes]) -> None:
    """Waits for nobody. The request is there as a whole: were it left unread, closing would cut
    the answer off."""
    try:
        said = answer()
        sock.setblocking(False)
        with suppress(OSError):
            sock.recv(LOOK)
        with suppress(OSError):
            sock.sendall(said)
            sock.shutdown(socket.SHUT_WR)
    finally:
        close(sock)


def _peek(conn: TConn) -> bytes | None:
    """How its next request begins; None if that has not come yet."""
    if conn.parser is not None and (read := conn.parser.unreader.buf.getvalue()):
        return bytes(read[:LOOK])
    try:
        return bytes(conn.sock.recv(LOOK, socket.MSG_PEEK | socket.MSG_DONTWAIT))
    except BlockingIOError:
        return None
    except (OSError, ValueError):  # gone, or behind TLS of gunicorn's own, which cannot peek
        return b""


def _path_that_hashes(head: bytes) -> str:
    """The path of a small request that wants a password hashed."""
    line = POST.match(head)
    if line is None or not 0 < _size(head) <= LOOK:
        return ""
    path = unquote(line[1])
    return path if import_string("accounts.wsgi.hashes")(path) else ""


def _size(head: bytes) -> int:
    """Of the request, in bytes; 0 if its head does not say."""
    end = head.find(b"\r\n\r\n")
    length = LENGTH.search(head, 0, end + 2)
    return end + 4 + int(length[1]) if end > 0 and length else 0
