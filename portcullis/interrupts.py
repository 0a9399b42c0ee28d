"""SIGINT and SIGTERM between two steps instead of in the middle of one."""

import signal
import threading
from types import FrameType
from typing import Any, Self

from django.core.management.base import CommandError


class Interrupts:
    """Within the block the first signal is only noted; a second one does what it always did."""

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self._former: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():  # others cannot, and get none
            for each in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(each) not in (signal.SIG_IGN, None):  # these stay as they are
                    self._former[each] = signal.signal(each, self._note)
        return self

    def __exit__(self, *exc: object) -> None:
        for each, handler in self._former.items():
            signal.signal(each, handler)

    def raise_received(self, said: str) -> None:
        """End the command as the shell has it, with 128 and the signal's number."""
        if self.received:
            message = f"{self.received.name}: {said}"
            raise CommandError(message, returncode=128 + self.received)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.received = signal.Signals(number)
        self.__exit__()
