"""Tables filled by SQL: a million rows through the ORM would take longer than what is measured."""

from collections.abc import Iterator
from typing import Any

CHUNK = 50_000  # each statement stays below the project's own timeout

NUMBERS = """WITH RECURSIVE numbers(n) AS (
    SELECT {first} UNION ALL SELECT n + {step} FROM numbers WHERE n < {last}
)"""
EARLIER = {
    "postgresql": "{column} - n * interval '1 second'",
    "sqlite": "datetime({column}, '-' || n || ' seconds')",
}


def chunks(count: int, *, size: int = CHUNK) -> Iterator[range]:
    """The numbers from 1 to `count`, in pieces."""
    for first in range(1, count + 1, size):
        yield range(first, min(first + size, count + 1))


def copy(template: Any, numbers: range, **columns: str) -> None:
    """Insert a copy of a row for each number `n`, but for the columns that SQL makes from `n`.

    Without a value of its own the key of a copy is the next of its sequence.
    """
    from django.db import connection

    meta = template._meta
    fields = [it for it in meta.concrete_fields if not it.primary_key or it.column in columns]
    into = ", ".join(f'"{field.column}"' for field in fields)
    values = ", ".join(columns.get(field.column, f'model."{field.column}"') for field in fields)
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{meta.db_table}" ({into}) '
            f"{NUMBERS.format(first=numbers[0], step=numbers.step, last=numbers[-1])} "
            f'SELECT {values} FROM numbers, "{meta.db_table}" AS model '
            f'WHERE model."{meta.pk.column}" = %s',
            [meta.pk.get_db_prep_value(template.pk, connection)],
        )


def uuid_from(text: str) -> str:
    """SQL for an id that depends on a text and on nothing else."""
    from django.db import connection, models

    return f"CAST(MD5({text}) AS {models.UUIDField().db_type(connection)})"


def earlier(column: str) -> str:
    """SQL for a time of the model's, `n` seconds earlier."""
    from django.db import connection

    return EARLIER[connection.vendor].format(column=f'model."{column}"')


def settle() -> None:
    """What the database would do sooner or later: better not while something is timed."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
        if connection.vendor == "postgresql":
            cursor.execute("CHECKPOINT")
