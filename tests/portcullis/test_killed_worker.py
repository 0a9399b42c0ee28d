"""A worker process that is killed in the middle of a mail, and the one that takes over."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.doors import Sink

EMAIL = "ada@example.com"
PROJECT = Path(__file__).resolve().parents[2]
PREPARE = """
import django
django.setup()
from django.core.management import call_command
from django.contrib.auth import get_user_model
from accounts.flows.password import request_reset
from portcullis.client import Client
call_command("migrate", verbosity=0)
get_user_model().objects.create_user("ada@example.com")
request_reset(email="ada@example.com", client=Client())
"""


class Hanging(Sink):
    """An SMTP server that takes the first mail's content and never answers."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.delivered = threading.Event(), threading.Event()

    async def handle_DATA(self, server, session, envelope) -> str:  # noqa: N802
        if not self.reached.is_set():
            self.reached.set()
            await server.loop.create_future()
        answer = await super().handle_DATA(server, session, envelope)
        self.delivered.set()
        return answer


@pytest.fixture
def processes(tmp_path, serve):
    """Start project processes on a database file of their own; none survives the test."""
    server = Hanging()
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.portcullis.worker_settings",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}",
        "CACHE_URL": "locmemcache://worker",
        "EMAIL_URL": f"smtp://127.0.0.1:{serve(server)}",
    }
    started: list[subprocess.Popen] = []

    def start(*arguments: str) -> subprocess.Popen:
        command = [sys.executable, *arguments]
        started.append(subprocess.Popen(command, cwd=PROJECT, env=environment))
        return started[-1]

    start.server = server
    yield start
    for process in started:
        process.kill()
        process.wait()


def test_a_worker_killed_in_the_middle_of_a_mail_loses_nothing(processes):
    worker = ("manage.py", "db_worker", "--interval", "0.1", "--no-startup-delay", "--no-reload")
    assert processes("-c", PREPARE).wait(timeout=60) == 0

    victim = processes(*worker)
    assert processes.server.reached.wait(timeout=30), "the first worker sent nothing"
    victim.send_signal(signal.SIGKILL)
    assert victim.wait(timeout=10) == -signal.SIGKILL
    assert processes.server.messages == []

    heir = processes(*worker)
    assert processes.server.delivered.wait(timeout=30), "nobody sent the mail again"
    heir.send_signal(signal.SIGTERM)
    assert heir.wait(timeout=10) == 0
    [mail] = processes.server.messages
    assert mail["To"] == EMAIL
    assert "?token=" in mail.get_body(("plain",)).get_content()
