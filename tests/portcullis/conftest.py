"""What the tests of the ground floor share: SMTP servers with a will of their own."""

import socket
from collections.abc import Callable, Iterator

import pytest
from aiosmtpd.controller import Controller


@pytest.fixture
def serve() -> Iterator[Callable[[object], int]]:
    """Run an SMTP server on loopback; returns its port."""
    running = []

    def start(handler) -> int:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        running.append(Controller(handler, hostname="127.0.0.1", port=port))
        running[-1].start()
        return port

    yield start
    for controller in running:
        controller.stop()
