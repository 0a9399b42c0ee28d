"""A real site for one run: gunicorn as production runs it, its worker, a mail server."""

import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from socket import create_server

import psycopg
from environ import Env

from benchmarks.processes import PROJECT, services
from config import devserver, dotenv

HOST = "portcullis.test"
STARTS_WITHIN = 60  # seconds, on a machine that is busy


@dataclass(frozen=True)
class Site:
    port: int
    smtp_port: int
    directory: Path
    environment: dict[str, str]

    def run(self, *command: str) -> None:
        """`python ...`, beside the site."""
        subprocess.run([sys.executable, *command], cwd=PROJECT, env=self.environment, check=True)

    @contextmanager
    def serving(self, what: str, port: int | None = None) -> Iterator[None]:
        """A part of benchmarks.serving, which ends with the block; reachable if it has a port."""
        log = self.directory / f"{what}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.serving", what],
                cwd=PROJECT, env=self.environment, stdin=subprocess.PIPE, stdout=file, stderr=file,
            )  # fmt: skip
        try:
            deadline = time.monotonic() + STARTS_WITHIN
            while port and not devserver.answers(port):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
            yield
        finally:
            process.communicate()  # closes its standard input, then waits

    @contextmanager
    def mail(self) -> Iterator[None]:
        with self.serving("smtp", self.smtp_port):
            yield

    def memory(self) -> float:
        """Megabytes that gunicorn's processes have resident together."""
        master = int((self.directory / "pid").read_text())
        return sum(map(_resident, (master, *_children(master))))


@contextmanager
def running(url: str, *kinds: str, people: int) -> Iterator[Site]:
    """A migrated site with so many more accounts of each of these kinds, and its server."""
    with tempfile.TemporaryDirectory(prefix="site-") as directory, services("valkey") as [cache]:
        site = _settle(Path(directory), DATABASE_URL=url, CACHE_URL=cache)
        site.run("manage.py", "migrate", "--verbosity", "0")
        site.run("-m", "benchmarks.people", str(people), *kinds)
        with site.serving("gunicorn", site.port):
            yield site


def _settle(directory: Path, **environment: str) -> Site:
    """Ports and secrets of its own. It believes that an HTTPS proxy stands before it, as in
    production, so that every request may come from another address."""
    port, smtp_port = _free_port(), _free_port()
    dotenv.write(directory / ".env")
    secrets = (directory / ".env").read_text().splitlines()
    return Site(
        port,
        smtp_port,
        directory,
        {
            **dict(line.split("=", 1) for line in secrets if not line.startswith("#")),
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "benchmarks.production",
            "DEBUG": "false",
            "BASE_URL": f"https://{HOST}",
            "TRUSTED_PROXIES": "127.0.0.1",
            "EMAIL_URL": f"smtp://127.0.0.1:{smtp_port}",
            "PORT": str(port),
            "PID_FILE": str(directory / "pid"),
            **environment,
        },
    )


def _free_port() -> int:
    with create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def versions(url: str) -> dict[str, str]:
    packages = ("django", "djangorestframework", "gunicorn", "argon2-cffi")
    place = Env.db_url_config(url)
    with psycopg.connect(host=place["HOST"], user=place["USER"], dbname=place["NAME"]) as database:
        server = database.info.parameter_status("server_version") or ""
    found = {package: version(package) for package in packages}
    return {"python": platform.python_version(), **found, "postgresql": server.split()[0]}


def _children(pid: int) -> list[int]:
    return [int(it) for it in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _resident(pid: int) -> float:
    """Zero for a process that has just ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
