"""What apps enter, from `AppConfig.ready`: the rows that expire, which `flushexpiredtokens` walks,
and the permissions that their code asks for, which `migrate` makes."""

import dataclasses
import enum
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
    """Enter what expires; to be called from `AppConfig.ready`. Twice is once."""
    _expiring.extend(entry for entry in entries if entry not in _expiring)


def expiring() -> tuple[Expiring, ...]:
    return tuple(_expiring)


class Danger(enum.StrEnum):
    """What somebody could do with a permission who should not have it."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclasses.dataclass(frozen=True, slots=True)
class Declared:
    """A permission that code asks for, as `app.codename`.

    `label` is what people read; without one, what its model says. `on` is the model that it is
    filed under, if it is no model's own and not about the app's first. `roles` are the system roles
    that hold it when it is new.
    """

    code: str
    label: str = ""
    danger: Danger = Danger.LOW
    roles: tuple[str, ...] = ()
    on: str = ""

    @property
    def app_label(self) -> str:
        return self.code.partition(".")[0]

    @property
    def codename(self) -> str:
        return self.code.partition(".")[2]


_declared: dict[str, Declared] = {}


def declare(*permissions: Declared) -> None:
    """Enter permissions; to be called from `AppConfig.ready`. The last one of a code counts, so
    that a project may label an app's permissions anew. Raises ValueError for what is no code."""
    for each in permissions:
        if not (each.app_label.isidentifier() and each.codename.isidentifier()):
            raise ValueError(f"{each.code!r} is no permission: write app.codename")
        _declared[each.code] = each


def declared() -> dict[str, Declared]:
    return dict(_declared)
