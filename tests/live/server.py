"""Gunicorn as production runs it, under a helper that does what a service manager does: whatever is
killed is started again at once. The helper ends when its standard input closes.
"""

import os
import select
import signal
import subprocess
import sys

from config import devserver

GLANCE = 0.02  # seconds


def main(port: str) -> None:
    while _killed(_gunicorn(port)):
        print("killed, starting again", file=sys.stderr, flush=True)


def _gunicorn(port: str) -> subprocess.Popen[bytes]:
    """At the head of a process group of its own, with its workers."""
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "tests.live.wsgi"),
            *("--config", "config/gunicorn.conf.py", "--bind", f"127.0.0.1:{port}"),
            *("--pid", os.environ["PID_FILE"], "--no-control-socket"),
        ],
        start_new_session=True,
        preexec_fn=devserver.die_with_parent,  # noqa: PLW1509 - there are no threads here
    )


def _killed(server: subprocess.Popen[bytes]) -> bool:
    """Whether it was, or else the test is over. In the end nothing of it is left."""
    try:
        while server.poll() is None:
            if select.select([sys.stdin], [], [], GLANCE)[0]:
                return False
        return server.returncode == -signal.SIGKILL
    finally:
        devserver.signal_group(server, signal.SIGKILL)
        server.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
