"""Statements compiled once per process: the ORM writes the SQL, each call only fills the holes.

Building and compiling a query is most of what the ORM costs on a hot path whose SQL never changes.
So it is compiled with a sentinel value in each hole, and the sentinels are found again among the
parameters. Adapting values stays with Django's fields, quoting with the driver.
"""

import dataclasses
import datetime
import uuid
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.core.signals import setting_changed
from django.db import connections, models

Field = models.Field[Any, Any]

SENTINELS: dict[str, Any] = {
    "UUIDField": uuid.UUID("00000000-dead-beef-dead-000000000000"),
    "DateTimeField": datetime.datetime(2001, 2, 3, 4, 5, 6, 789, tzinfo=datetime.UTC),
    "PositiveIntegerField": 1_234_567_891,
    "CharField": "a sentinel and no value",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Hole:
    """Where a value goes. Holes of the same type need sentinels `shift`ed apart."""

    field: Field
    shift: int = 0

    @property
    def sentinel(self) -> Any:
        value = SENTINELS[self.field.get_internal_type()]
        if isinstance(value, datetime.datetime):
            return value + datetime.timedelta(days=self.shift)
        return value


@dataclasses.dataclass(frozen=True, slots=True)
class Statement:
    sql: str
    parameters: tuple[Any, ...]
    holes: Mapping[str, Field]

    def fill(self, alias: str, **values: Any) -> list[Any]:
        """The parameters with `values` in their holes, adapted as their fields adapt them."""
        connection = connections[alias]
        adapted = {
            name: field.get_db_prep_value(values[name], connection)
            for name, field in self.holes.items()
        }
        return [adapted[value.name] if type(value) is _Name else value for value in self.parameters]


@dataclasses.dataclass(frozen=True, slots=True)
class _Name:
    name: str


def compile_statement(alias: str, compiler: Any, holes: Mapping[str, Hole]) -> Statement:
    """Raises AssertionError if the ORM left a hole out: its SQL then depends on the value."""
    sql, parameters = compiler.as_sql()
    connection = connections[alias]
    names = {
        hole.field.get_db_prep_value(hole.sentinel, connection): _Name(name)
        for name, hole in holes.items()
    }
    found = tuple(names.get(value, value) for value in parameters)
    if missing := set(names.values()) - {value for value in found if isinstance(value, _Name)}:
        raise AssertionError(f"holes without a parameter: {missing}")
    return Statement(sql, found, {name: hole.field for name, hole in holes.items()})


Made = TypeVar("Made")


def once_per_database(build: Callable[[str], Made]) -> Callable[[str], Made]:
    """Keep what `build(alias)` made, until a setting changes (in tests)."""
    kept: dict[str, Made] = {}

    def get(alias: str) -> Made:
        if alias not in kept:
            kept[alias] = build(alias)
        return kept[alias]

    def forget(**changed: Any) -> None:
        kept.clear()

    setting_changed.connect(forget, weak=False)
    return get
