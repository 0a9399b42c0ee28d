"""A program that talks to a live site: every request over a connection of its own, so that any of
the site's processes may answer it."""

import json
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from http.cookies import SimpleCookie
from typing import Any

from tests.browser.site import Site
from tests.doors import Api

PATIENCE = 30  # seconds, on a machine that is busy
NO_ANSWER = (OSError, HTTPException)


class LiveApi(Api):
    """What a request raises where it got no whole answer is one of NO_ANSWER."""

    def __init__(self, site: Site) -> None:
        super().__init__(Origin=site.url)
        self.client = Wire(site.port)


@dataclass(frozen=True)
class Answer:
    status_code: int
    content: bytes
    worker: str

    def json(self) -> Any:
        return json.loads(self.content)


class Wire:
    """Django's test client, as far as Api uses it, over the network."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies = SimpleCookie()

    def _encode_json(self, data: Any, content_type: str) -> str:
        return json.dumps(data)

    def generic(
        self, method: str, path: str, data: str, *,
        content_type: str, secure: bool, headers: dict[str, str],
    ) -> Answer:  # fmt: skip
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            sent = {"Content-Type": content_type, **self._carried(), **headers}
            connection.request(method, path, data.encode(), sent)
            response = connection.getresponse()
            answer = Answer(response.status, response.read(), response.headers["X-Worker"])
        finally:
            connection.close()
        for cookie in response.headers.get_all("Set-Cookie", []):
            self.cookies.load(cookie)
        return answer

    def _carried(self) -> dict[str, str]:
        if not self.cookies:
            return {}
        pairs = (f"{name}={morsel.value}" for name, morsel in self.cookies.items())
        return {"Cookie": "; ".join(pairs), "X-CSRFToken": self.cookies["csrftoken"].value}
