"""How far a long command is: a bar on a terminal, elsewhere a line every few seconds."""

import shutil
import time

from django.core.management.base import OutputWrapper

BAR_EVERY = 0.1
LINE_EVERY = 5.0
ERASE = "\r\x1b[K"


class Progress:
    def __init__(self, out: OutputWrapper, label: str, *, total: int | None) -> None:
        """`total` is of use on a terminal only; without it there is no bar there either."""
        self._out, self._label, self._total = out, label, total
        self._pause = LINE_EVERY if total is None else BAR_EVERY
        self._shown_at = time.monotonic()

    def show(self, done: int) -> None:
        if time.monotonic() - self._shown_at < self._pause:
            return
        self._shown_at = time.monotonic()
        if self._total is None:
            self._out.write(f"{self._label}: {done:,} so far")
        else:
            width = shutil.get_terminal_size().columns
            self._draw(bar(self._label, done, self._total, width=width))

    def clear(self) -> None:
        """Make room for the line that says how it ended."""
        if self._total is not None:
            self._draw("")

    def _draw(self, line: str) -> None:
        self._out.write(ERASE + line, ending="")
        self._out.flush()


def bar(label: str, done: int, total: int, *, width: int) -> str:
    """One line of a terminal that is `width` wide."""
    share = min(done / total, 1) if total else 1
    figures = f"{share:4.0%}  {done:,} of {total:,}"
    room = max(width - len(label) - len(figures) - 6, 0)
    full = round(share * room)
    return f"{label} [{'#' * full}{'.' * (room - full)}] {figures}"[: width - 1]
