"""Delete what has expired in batches, beside live traffic: no run is long, locked or large."""

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import connections, transaction
from django.db.models import BooleanField, F, Func, Q, QuerySet, Subquery

from portcullis.registry import Expiring

BATCH_SIZE = 5000
"""Rows in one transaction. With 1,000,000 sessions in PostgreSQL the longest took 0.2 s."""
LET_OTHERS_WRITE = 0.05
"""Seconds between two batches where each locks the whole database, as in SQLite, whose writers
look only now and then whether it is free."""


class _AnyOf(Subquery):
    """PostgreSQL runs it once, before everything else. What it finds under IN, it may look for
    again with each row, beyond the LIMIT, or meet in a walk through the whole table."""

    template = "ANY(ARRAY(%(subquery)s))"


def purge(expiring: Expiring, *, now: datetime, batch_size: int = BATCH_SIZE) -> Iterator[int]:
    """Delete what had expired by `now`; yields the size of each batch once it is committed.

    A row that somebody else holds is left to the next run; one that was renewed since we looked
    has not expired. No batch starts over at the index entries that the former ones left dead.
    """
    rows = ahead = expiring.rows(now)
    while True:
        last = ahead.values_list(expiring.walk, flat=True)[batch_size - 1 : batch_size].first()
        deleted = _delete(ahead, batch_size)
        yield deleted
        if deleted < batch_size:
            return
        if last is not None:
            ahead = rows.filter(**{f"{expiring.walk}__gte": last})
        if not connections[rows.db].features.has_select_for_update:
            time.sleep(LET_OTHERS_WRITE)


def _delete(rows: QuerySet[Any], size: int) -> int:
    """One statement where nothing hangs on the rows; otherwise Django collects that too."""
    batch = rows.select_for_update(skip_locked=True).values("pk")[:size]
    with transaction.atomic(using=rows.db, durable=True):
        doomed = rows.model._base_manager.using(rows.db).filter(_among(batch))
        _, deleted = doomed.delete()
    return int(deleted.get(rows.model._meta.label, 0))


def _among(batch: QuerySet[Any]) -> Q | Func:
    if connections[batch.db].vendor != "postgresql":
        return Q(pk__in=batch)
    return Func(
        F("pk"),
        _AnyOf(batch),
        template="%(expressions)s",
        arg_joiner=" = ",
        output_field=BooleanField(),
    )
