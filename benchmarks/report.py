"""What was measured, as a table to read and as JSON to keep."""

import dataclasses
import os
import platform
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    title: str
    found: float
    limit: float

    def __str__(self) -> str:
        verdict = "met" if self.found <= self.limit else "NOT met"
        return f"{self.title:<50}{self.found:>9.3g}{self.limit:>8g}  {verdict}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Measured(ABC):
    """What a part found on one database."""

    part: ClassVar[str]
    database: str
    versions: dict[str, str]

    @abstractmethod
    def table(self) -> Iterator[str]: ...

    @abstractmethod
    def targets(self) -> Iterable[Target]: ...

    @property
    def failed(self) -> bool:
        """Whether the run has, whatever its targets: the exit code says so."""
        return False

    def __str__(self) -> str:
        head = f"{self.part}: {self.database} {self.versions[self.database]}"
        targets = [f"{'target':<50}{'found':>9}{'limit':>8}", *map(str, self.targets())]
        return "\n".join([head, *self.table(), "", *targets, ""])


def document(found: list[Measured], now: datetime) -> dict[str, Any]:
    return {
        "at": now.isoformat(),
        "machine": {
            "platform": platform.platform(),
            "processor": _processor(),
            "cores": os.cpu_count(),
            "load": os.getloadavg(),
        },
        "measured": [
            {
                "part": measured.part,
                **dataclasses.asdict(measured),
                "targets": [dataclasses.asdict(target) for target in measured.targets()],
            }
            for measured in found
        ],
    }


def _processor() -> str:
    try:
        facts = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(": ")[1] for line in facts if line.startswith("model name")), "")
