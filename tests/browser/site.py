"""The real thing, as `make run` starts it: a server and a worker, on SQLite, in processes that end
with the test run.

They run under a helper process that stops them when its standard input closes. The kernel closes
it however pytest ends.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import create_server

from config import devserver, dotenv

PROJECT = Path(__file__).resolve().parents[2]
STARTS_WITHIN = 60  # seconds, on a machine that is busy


@dataclass(frozen=True)
class Site:
    url: str
    directory: Path
    environment: dict[str, str]

    def manage(self, *command: str, **environment: str) -> None:
        subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=PROJECT, env={**self.environment, **environment}, check=True,
        )  # fmt: skip

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def outbox(self) -> Path:
        return Path(self.environment["OUTBOX"])

    @property
    def log(self) -> Path:
        return self.directory / "log"


@contextmanager
def serve(directory: Path, *, smtp_port: int, **environment: str) -> Iterator[Site]:
    site = settle(
        directory,
        **{
            "DATABASE_URL": f"sqlite:///{directory / 'db.sqlite3'}",
            "EMAIL_URL": f"smtp://127.0.0.1:{smtp_port}",
            **environment,
        },
    )
    site.manage("migrate", "--verbosity", "0")
    with running(site, __name__):
        yield site


def settle(directory: Path, **environment: str) -> Site:
    """An address and secrets of its own; nothing runs yet. Nothing from the environment of the
    tests but what finds Python's programs."""
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://localhost:{port}"
    dotenv.write(directory / ".env")
    secrets = (directory / ".env").read_text().splitlines()
    site = Site(
        url,
        directory,
        {
            **dict(line.split("=", 1) for line in secrets if not line.startswith("#")),
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "tests.browser.settings",
            "BASE_URL": url,
            "OUTBOX": str(directory / "outbox"),
            **environment,
        },
    )
    site.outbox.mkdir()
    return site


@contextmanager
def running(site: Site, helper: str) -> Iterator[None]:
    """`python -m helper PORT`, which serves there and ends when its standard input closes."""
    with site.log.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", helper, str(site.port)],
            cwd=PROJECT, env=site.environment, stdin=subprocess.PIPE, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + STARTS_WITHIN
        while not devserver.answers(site.port):
            assert process.poll() is None, site.log.read_text()
            assert time.monotonic() < deadline, site.log.read_text()
            time.sleep(0.05)
        yield
    finally:
        process.communicate()  # closes its standard input, then waits


def main(port: str) -> None:
    """Like config.devserver, but without the reloader, which an edit would set off in a test."""
    children = [
        devserver.start("runserver", f"localhost:{port}", "--noreload"),
        devserver.start("db_worker", "--no-reload", "--no-startup-delay", "--interval", "0.1"),
    ]
    try:
        sys.stdin.read()
    finally:
        devserver.end(children)


if __name__ == "__main__":
    main(*sys.argv[1:])
