"""An SMTP server that keeps a letter box for each address."""

import re
from collections import defaultdict
from queue import Empty, SimpleQueue
from typing import Any

from tests.doors import Sink

ARRIVES_WITHIN = 30  # seconds


class Post(Sink):
    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port
        self._boxes: dict[str, SimpleQueue] = defaultdict(SimpleQueue)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        answer = await super().handle_DATA(server, session, envelope)
        for address in envelope.rcpt_tos:
            self._boxes[address].put(self.messages[-1])
        return answer

    def letter(self, address: str) -> Any:
        """The next one that has not been taken out yet; waits for it."""
        try:
            return self._boxes[address].get(timeout=ARRIVES_WITHIN)
        except Empty:
            raise AssertionError(f"no letter came to {address}") from None

    def link(self, address: str) -> str:
        """The one-time link in the next letter."""
        text = self.letter(address).get_body(("plain",)).get_content()
        found = re.search(r"http\S+\?token=\S+", text)
        assert found, text
        return found[0]
