"""Background tasks that survive failure: a sweep puts failed and lost ones back in the queue.

A task row is written in the transaction of the action that wants it (an outbox): an action that
rolls back mails nothing, a killed process loses nothing. Tasks run at least once, and they carry
ids, never secrets.
"""

import logging
import threading
from datetime import datetime, timedelta

from django.db import DatabaseError, close_old_connections
from django.utils import timezone
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from portcullis.conf import conf

logger = logging.getLogger("portcullis.tasks")

FIRST_RETRY = timedelta(seconds=2)
LONGEST_PAUSE = timedelta(minutes=5)


def sweep(now: datetime | None = None) -> int:
    """Requeue failed tasks (with growing pauses) and those whose worker died; returns how many.

    Each row moves by one conditional update on the state it was read in, so that any number of
    sweeps may run beside each other and beside the workers.
    """
    return _retry_failed(now or timezone.now()) + _recover_lost(now or timezone.now())


def _retry_failed(now: datetime) -> int:
    young = now - timedelta(seconds=conf().TASK_RETRY_FOR)
    moved = 0
    for task in DBTaskResult.objects.failed().filter(enqueued_at__gt=young):
        pause = min(FIRST_RETRY * 2 ** min(len(task.worker_ids) - 1, 10), LONGEST_PAUSE)
        moved += DBTaskResult.objects.filter(
            pk=task.pk, status=TaskResultStatus.FAILED, finished_at=task.finished_at
        ).update(
            status=TaskResultStatus.READY,
            run_after=max(now, (task.finished_at or now) + pause),
        )
    return moved


def _recover_lost(now: datetime) -> int:
    stalled = now - timedelta(seconds=conf().TASK_STALLED_AFTER)
    moved = (
        DBTaskResult.objects.running()
        .filter(started_at__lt=stalled)
        .update(status=TaskResultStatus.READY, run_after=now)
    )
    if moved:
        logger.warning("recovered %d tasks whose worker was lost", moved)
    return moved


class Sweeper:
    """Sweeps in a thread of its own while a worker runs, also while that one waits for SMTP."""

    def __init__(self, interval: float = 1.0) -> None:
        self._interval = interval
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="task-sweep", daemon=True)

    def __enter__(self) -> "Sweeper":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stop.wait(self._interval):
            try:
                sweep()
            except DatabaseError:
                logger.exception("task sweep failed; trying again")
            finally:
                close_old_connections()
