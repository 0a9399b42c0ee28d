"""Runs the development server and a background worker until a signal comes or either ends."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress

DEFAULT_PORT = 8000
GRACE = 1.5  # seconds to finish a request or a task before the kill


def main(port: int = DEFAULT_PORT) -> int:
    url = f"http://localhost:{port}"
    if answers(port):
        print(f"{url} is taken already; try: make run PORT={port + 1}", file=sys.stderr)
        return 1
    if port != DEFAULT_PORT:
        os.environ.setdefault("BASE_URL", url)

    stopping = False

    def stop(_signum: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True

    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, stop)
    die_with_parent()

    children = [
        start("runserver", f"localhost:{port}"),
        start("db_worker", "--no-reload", "--no-startup-delay", "--interval", "0.5"),
    ]
    announced = False
    while not stopping and all(child.poll() is None for child in children):
        if not announced and answers(port):
            announced = True
            places = f"(mail: {url}/outbox/, API: {url}/api/docs)"
            print(f"Portcullis is running at {url}  {places}", flush=True)
        time.sleep(0.1)

    end(children)
    return 0 if stopping else 1


def start(*command: str) -> subprocess.Popen[bytes]:
    """Start a command of manage.py at the head of a process group, which its reloader joins."""
    return subprocess.Popen(  # noqa: S603 - our own commands
        [sys.executable, "manage.py", *command],
        start_new_session=True,
        preexec_fn=die_with_parent,  # noqa: PLW1509 - there are no threads here
    )


def end(children: list[subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + GRACE
    for child in children:
        signal_group(child, signal.SIGTERM)
    while time.monotonic() < deadline and any(child.poll() is None for child in children):
        time.sleep(0.05)
    for child in children:
        signal_group(child, signal.SIGKILL)
        child.wait()


def signal_group(child: subprocess.Popen[bytes], signum: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signum)


def answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("localhost", port)) == 0


def die_with_parent() -> None:
    """Have the kernel end this process with its parent, even after kill -9; only Linux can."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
