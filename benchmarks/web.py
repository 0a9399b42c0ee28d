"""A client of a real site: whose requests come from everywhere, and what each waited for."""

import json
import random
import re
import time
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlencode

from benchmarks.site import HOST

NO_ANSWER = 0
"""The status of a request that got none."""
PATIENCE = 60  # seconds
RESTED = 3  # seconds, before the server ends a connection that nobody uses


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    ms: float

    def json(self) -> Any:
        return json.loads(self.body)


class Web:
    """One connection, kept open as a browser keeps it."""

    def __init__(self, port: int) -> None:
        self.http = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self.form: dict[str, str] = {}
        self.cookie = ""
        self.used = 0.0

    def post(self, path: str, body: dict[str, Any], **headers: str) -> Answer:
        """To the API."""
        sent = {"Content-Type": "application/json", **headers}
        return self.ask("POST", f"/api{path}", json.dumps(body).encode(), sent)

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", f"/api{path}", b"", headers)

    def visit(self, page: str) -> None:
        """Keep the hidden field and the cookie that its form needs."""
        answer = self.ask("GET", page, b"", {})
        [token] = re.findall(rb'name="csrfmiddlewaretoken" value="(\w+)"', answer.body)[:1]
        self.form = {"csrfmiddlewaretoken": token.decode()}

    def send(self, page: str, fields: dict[str, str]) -> Answer:
        """The form of a page that was visited."""
        body = urlencode({**self.form, **fields}).encode()
        kind = "application/x-www-form-urlencoded"
        return self.ask("POST", page, body, {"Content-Type": kind, "Cookie": self.cookie})

    def ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        sent = {
            "Host": HOST,
            "Origin": f"https://{HOST}",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-For": ".".join(str(random.randint(1, 250)) for _ in range(4)),
            **headers,
        }
        if time.perf_counter() - self.used > RESTED:
            self.http.close()
        self.used = started = time.perf_counter()
        try:
            self.http.request(method, path, body, sent)
            response = self.http.getresponse()
            content = response.read()
        except (OSError, HTTPException):
            self.http.close()
            return Answer(NO_ANSWER, b"", (time.perf_counter() - started) * 1e3)
        ms = (time.perf_counter() - started) * 1e3
        if csrf := re.search(r"__Host-csrftoken=\w+", str(response.headers)):
            self.cookie = csrf[0]
        return Answer(response.status, content, ms)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
