"""What expires: each app enters its own rows, and `flushexpiredtokens` walks the list."""

import dataclasses
from datetime import datetime, timedelta
from typing import Any

from django.db import router
from django.db.models import Model, Q, QuerySet


@dataclasses.dataclass(frozen=True, slots=True)
class Expiring:
    """Rows that are of no use `after` so long from the moment in `column`, where `only` holds too.

    They are walked along `column`, or else along `along`: whichever it is needs an index.
    """

    model: type[Model]
    column: str
    after: timedelta = timedelta(0)
    only: Q = dataclasses.field(default_factory=Q)
    along: str = ""

    def rows(self, now: datetime) -> QuerySet[Any]:
        """Those that have expired by `now`, in the order of the walk."""
        expired = {f"{self.column}__lte": now - self.after}
        rows = self.model._base_manager.using(router.db_for_write(self.model))
        return rows.filter(self.only, **expired).order_by(self.walk)

    @property
    def walk(self) -> str:
        return self.along or self.column

    def __str__(self) -> str:
        return self.model._meta.label


_expiring: list[Expiring] = []


def expires(*entries: Expiring) -> None:
    """Enter what expires; to be called from `AppConfig.ready`."""
    _expiring.extend(entries)


def expiring() -> tuple[Expiring, ...]:
    return tuple(_expiring)
