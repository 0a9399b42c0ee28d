"""One step of a diagnosis, and how it puts things: no token, no address, nothing for a terminal."""

import dataclasses
import enum
import json
import re
from datetime import datetime
from typing import Any

UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
ADDRESS = re.compile(r"[^\s@\"]+@[^\s@\"]+")
UNPRINTABLE = re.compile(r"[^ -~]")
READ = 400
"""Characters of a text that are searched for addresses, which takes the square of their number."""
SHOWN = 80


class Outcome(enum.StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """`reason` says what was found, `advice` what to do about it, in printable ASCII."""

    name: str
    outcome: Outcome
    reason: str
    advice: str = ""

    def __post_init__(self) -> None:
        """Whatever a text quotes: it is for terminals and for pages."""
        for field in ("reason", "advice"):
            object.__setattr__(self, field, UNPRINTABLE.sub(_escaped, getattr(self, field)))


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def judged(name: str, problems: list[str], *, fine: str, advice: str = "") -> Step:
    """Failed if there are problems; else passed, and it says `fine`."""
    return failed(name, "; ".join(problems), advice) if problems else passed(name, fine)


def passed(name: str, reason: str) -> Step:
    return Step(name, Outcome.PASSED, reason)


def failed(name: str, reason: str, advice: str = "") -> Step:
    return Step(name, Outcome.FAILED, reason, advice)


def skipped(name: str, reason: str) -> Step:
    return Step(name, Outcome.SKIPPED, reason)


def shown(value: Any) -> str:
    """What a token says, fit to be read: short, without control characters or addresses."""
    try:
        return brief(json.dumps(value))
    except RecursionError:
        return "(nested too deeply)"


def brief(text: str) -> str:
    """Short and without addresses, for what may quote a token."""
    text = ADDRESS.sub("(an address)", text[:READ])
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def away(seconds: float) -> str:
    """`in 3 minutes`, `2 hours ago`: of any size, for a token may say anything."""
    for unit, size in UNITS:
        if count := int(abs(seconds) // size):
            span = f"{count} {unit}{'s' * (count != 1)}"
            return f"in {span}" if seconds > 0 else f"{span} ago"
    return "now"


def until(moment: datetime, now: datetime) -> str:
    return away((moment - now).total_seconds())
