"""What every test starts from: people, the doors they come through, their mail, the worker."""

import signal
import socket
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import time_machine as machine
from aiosmtpd.controller import Controller
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.utils import timezone
from django_tasks_db.management.commands import db_worker

from tests.doors import PASSWORD, Api, Mailbox, Pages, Sink

# A job in a shell's background inherits that it ignores Ctrl-C, and so would what tests start.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def clean_cache() -> Iterator[None]:
    yield
    cache.clear()


@pytest.fixture(scope="session")
def smtp() -> Iterator[Controller]:
    """A real SMTP server on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(Sink(), hostname="127.0.0.1", port=port)
    controller.start()
    yield controller
    controller.stop()


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Run all queued background tasks now, by the real worker, on the test's own connection."""

    def run() -> None:
        monkeypatch.setattr(db_worker, "close_old_connections", lambda: None)
        db_worker.Worker(
            queue_names=["default"],
            interval=0,
            batch=True,
            backend_name="default",
            startup_delay=False,
            max_tasks=None,
            worker_id="test",
            excluded_queue_names=[],
        ).run()

    return run


@pytest.fixture
def mailbox(smtp: Controller, settings, work: Callable[[], None]) -> Mailbox:
    """Mail as it arrives over SMTP: reading it runs the worker first."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = smtp.port
    smtp.handler.messages.clear()
    return Mailbox(smtp.handler, work)


@pytest.fixture
def shipped_hasher(settings) -> None:
    """From now on passwords are hashed as in production, and as slowly."""
    settings.PASSWORD_HASHERS = ["accounts.hashers.Argon2idHasher", *settings.PASSWORD_HASHERS[1:]]


@pytest.fixture
def make_user(db) -> Callable[..., object]:
    """A verified user with PASSWORD, unless told otherwise."""

    def make(email: str = "ada@example.com", **fields):
        fields = {"name": "Ada", "email_verified_at": timezone.now(), **fields}
        return get_user_model().objects.create_user(
            email, fields.pop("password", PASSWORD), **fields
        )

    return make


@pytest.fixture
def user(make_user):
    return make_user()


@pytest.fixture
def api() -> Api:
    """A client of the API that has not logged in: it keeps cookies as a browser does."""
    return Api()


@pytest.fixture
def pages() -> Pages:
    """A browser in which nobody has logged in."""
    return Pages()


@pytest.fixture(params=["cookie", "hybrid", "bearer"])
def transport(request) -> str:
    return request.param


@pytest.fixture
def door(user, transport) -> Api:
    """A client logged in as `user` through each of the three transports in turn."""
    return Api().login(transport=transport)


@pytest.fixture
def later() -> Iterator[Callable[..., None]]:
    """`later(days=1)` lets so much time pass, counted from the last call."""
    journeys: list[machine.travel] = []

    def move(**duration: float) -> None:
        journeys.append(machine.travel(timezone.now() + timedelta(**duration)))
        journeys[-1].start()

    yield move
    for journey in reversed(journeys):
        journey.stop()
