"""One of the examples, as its README starts it: a process that listens on loopback."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from socket import create_server
from typing import Any

from config import devserver
from tests.browser.site import PROJECT

STARTS_WITHIN = 60  # seconds, on a machine that is busy
EXAMPLES = PROJECT / "docs" / "examples"
FILES = {"fastapi": "main.py", "flask": "app.py", "django": "service.py", "express": "server.js"}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Message
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Service:
    def __init__(self, name: str, *, issuer: str, log: Path, directory: Path | None = None) -> None:
        """`directory` is the example's own, or a copy in which its packages are installed."""
        with create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.log = log
        program = sys.executable if FILES[name].endswith(".py") else "node"
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(PROJECT),  # where the Django example finds the package
            "NODE_OPTIONS": "--dns-result-order=ipv4first",  # the issuer's localhost is 127.0.0.1
            "ISSUER": issuer,
            "PORT": str(self.port),
        }
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [program, FILES[name]], cwd=directory or EXAMPLES / name, env=environment,
                stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            )  # fmt: skip

    def wait(self) -> "Service":
        deadline = time.monotonic() + STARTS_WITHIN
        while not devserver.answers(self.port):
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)
        return self

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)

    def me(self, token: str | None) -> Answer:
        """What it answers to whoever sends that token."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/me", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                return Answer(response.status, response.headers, response.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read().decode())
