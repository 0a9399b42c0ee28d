"""Somebody else's project in a virtual environment of its own, and a browser that visits it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

from tests.doors import PASSWORD
from tests.package.readme import PROJECT, Block

# What a README calls pip is uv here: from its cache where that suffices, else from the registry.
PIP = """#!/bin/sh
{uv} pip "$@" --quiet --offline --constraint {lock} || {uv} pip "$@" --quiet --constraint {lock}
"""


class Host:
    """An empty directory, in which a README's blocks are run and written."""

    def __init__(self, directory: Path, uv: str) -> None:
        self.directory = directory
        self.servers: list[subprocess.Popen[str]] = []
        venv = directory / ".venv"
        subprocess.run(
            [uv, "venv", "--quiet", "--offline", "--python", sys.executable, venv], check=True
        )
        pip = venv / "bin" / "pip"
        pip.write_text(PIP.format(uv=uv, lock=PROJECT / "requirements.txt"))
        pip.chmod(0o755)
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        ours = {"DJANGO_SETTINGS_MODULE", "PYTHONPATH"}
        self.environment = {name: said for name, said in os.environ.items() if name not in ours}
        self.environment |= {
            "PATH": f"{venv / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "VIRTUAL_ENV": str(venv),
            "PYTHONUNBUFFERED": "1",
            "BASE_URL": self.url,
        }

    def write(self, block: Block) -> None:
        """As a file, or at the end of one that Django has written for settings."""
        assert block.path, block.text
        path = self.directory / block.path
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text() if path.name == "settings.py" else ""
        path.write_text(before + block.text)

    def run(self, script: str) -> str:
        """In bash, at a terminal where whoever is asked for a password types PASSWORD. What the
        script exports stays."""
        terminal, theirs = os.openpty()
        command = ["bash", "-euc", f"{script}\nenv -0 > .environment"]
        with subprocess.Popen(
            command, cwd=self.directory, env=self.environment, start_new_session=True,
            stdin=theirs, stdout=theirs, stderr=theirs,
        ) as process:  # fmt: skip
            os.close(theirs)
            said = _converse(terminal)
        assert process.returncode == 0, said
        exported = (self.directory / ".environment").read_text().rstrip("\0").split("\0")
        self.environment |= dict(line.split("=", 1) for line in exported)
        return said

    def serve(self, command: str) -> subprocess.Popen[str]:
        """Until `stop`, in a group of its own: both servers have children that reload them."""
        process = subprocess.Popen(
            ["bash", "-euc", f"exec {command}"], cwd=self.directory, env=self.environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        self.servers.append(process)
        return process

    def stop(self) -> None:
        for process in self.servers:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def heard(process: subprocess.Popen[str], pattern: str) -> str:
    """Wait until a line of what a server says matches; what it matches."""
    assert process.stdout
    lines = []
    for line in process.stdout:
        lines.append(line)
        if found := re.search(pattern, line):
            return found[0]
    raise AssertionError("".join(lines))


class Browser:
    """Keeps cookies; sends Origin with whatever it posts, as browsers do."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.jar = CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))

    def get(self, path: str, **headers: str) -> "Answer":
        return self._ask(path, None, headers)

    def submit(self, page: str, **fields: str) -> "Answer":
        """Fill in the first form of a page, which brings its hidden fields along, and send it to
        where it says."""
        found = re.search(r"<form[^>]*>.*?</form>", self.get(page).text, re.DOTALL)
        assert found, f"{page} has no form"
        action = re.search(r'<form[^>]* action="([^"]+)"', found[0])
        hidden = re.findall(r'<input type="hidden" name="([\w-]+)"(?: value="([^"]*)")?', found[0])
        typed = urllib.parse.urlencode({**dict(hidden), **fields}).encode()
        to = action[1] if action else page
        return self._ask(to, typed, {"Content-Type": "application/x-www-form-urlencoded"})

    def post(self, path: str, body: Any, **headers: str) -> "Answer":
        cookies = {cookie.name: cookie.value or "" for cookie in self.jar}
        sent = {"Content-Type": "application/json", "X-CSRFToken": cookies.get("csrftoken", "")}
        return self._ask(path, json.dumps(body).encode(), {**sent, **headers})

    def _ask(self, path: str, data: bytes | None, headers: dict[str, str]) -> "Answer":
        sent = {"Origin": self.url, **headers} if data is not None else headers
        request = urllib.request.Request(urllib.parse.urljoin(self.url, path), data, sent)
        try:
            with self._opener.open(request, timeout=20) as response:
                return Answer(response)
        except urllib.error.HTTPError as error:
            return Answer(error)


class Answer:
    def __init__(self, response: Any) -> None:
        self.status: int = response.status
        self.path = urllib.parse.urlsplit(response.url).path
        self.text: str = response.read().decode()

    @property
    def json(self) -> Any:
        return json.loads(self.text)


def _converse(terminal: int) -> str:
    said = b""
    answered = 0
    while chunk := _read(terminal):
        said += chunk
        if said.count(b"assword") > answered and said.endswith(b": "):
            answered = said.count(b"assword")
            os.write(terminal, PASSWORD.encode() + b"\n")
    os.close(terminal)
    return said.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # how Linux says that nobody is at the other end any more
        return b""


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port
