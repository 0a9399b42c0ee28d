"""What a site consists of, each in processes of its own that end when standard input closes:
`python -m benchmarks.serving gunicorn` or `worker` or `smtp`, in the site's environment."""

import os
import subprocess
import sys
from urllib.parse import urlsplit

from config import devserver


def gunicorn() -> None:
    """As production runs it."""
    _until_closed(
        subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "config.wsgi"),
                *("--config", "config/gunicorn.conf.py"),
                *("--bind", f"127.0.0.1:{os.environ['PORT']}", "--pid", os.environ["PID_FILE"]),
            ],
            start_new_session=True,
            preexec_fn=devserver.die_with_parent,  # noqa: PLW1509 - there are no threads here
        )
    )


def worker() -> None:
    _until_closed(devserver.start("db_worker", "--no-reload", "--no-startup-delay"))


def smtp() -> None:
    """A mail server that takes everything and keeps nothing."""
    from aiosmtpd.controller import Controller
    from aiosmtpd.handlers import Sink

    place = urlsplit(os.environ["EMAIL_URL"])
    controller = Controller(Sink(), hostname=place.hostname, port=place.port)
    controller.start()
    sys.stdin.read()
    controller.stop()


def _until_closed(child: "subprocess.Popen[bytes]") -> None:
    try:
        sys.stdin.read()
    finally:
        devserver.end([child])


if __name__ == "__main__":
    {"gunicorn": gunicorn, "worker": worker, "smtp": smtp}[sys.argv[1]]()
