"""Background tasks that survive failure: a sweep puts failed and lost ones back in the queue.

A task row is written in the transaction of the action that wants it (an outbox): an action that
rolls back mails nothing, a killed process loses nothing. Tasks run at least once, and they carry
ids, never secrets.
"""

import logging
import threading
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ParamSpec, TypeVar

from django.db import close_old_connections
from django.db.models import Q, QuerySet
from django.utils import timezone
from django_tasks import TaskResultStatus, task
from django_tasks.base import Task
from django_tasks_db.models import DBTaskResult, get_date_max

from portcullis.conf import conf

logger = logging.getLogger("portcullis.tasks")

FIRST_RETRY = timedelta(seconds=2)
LONGEST_PAUSE = timedelta(minutes=5)

Params = ParamSpec("Params")
Result = TypeVar("Result")

_retried: set[str] = set()


def retried(function: Callable[Params, Result]) -> Task[Params, Result]:
    """Make a task that may safely run twice. The sweep touches no others: a host project's own
    tasks may not bear it."""
    made: Task[Params, Result] = task()(function)
    _retried.add(made.module_path)
    return made


def sweep(now: datetime | None = None) -> int:
    """Requeue failed tasks (with growing pauses) and those whose worker died; returns how many.

    Each row moves by one conditional update on the state it was read in, so that any number of
    sweeps may run beside each other and beside the workers.
    """
    return _retry_failed(now or timezone.now()) + _recover_lost(now or timezone.now())


def ours() -> QuerySet[Any]:
    """The rows of the tasks that may run twice."""
    return DBTaskResult.objects.filter(task_path__in=_retried)


def postponed(now: datetime) -> Q:
    """Queued again, but for later. What may run at once stands at a moment that never comes."""
    later = Q(run_after__gt=now) & ~Q(run_after=get_date_max())
    return later & Q(status=TaskResultStatus.READY)


def given_up(now: datetime) -> Q:
    """Failed for so long that no sweep tries them again."""
    old = now - timedelta(seconds=conf().TASK_RETRY_FOR)
    return Q(status=TaskResultStatus.FAILED, enqueued_at__lte=old)


def try_again(pk: uuid.UUID) -> bool:
    """Queue a failed or postponed task for now, one that was given up too; False if it is neither.

    One conditional update, as in a sweep: a task that a worker has is left to it.
    """
    now = timezone.now()
    waits = Q(status=TaskResultStatus.FAILED) | postponed(now)
    return bool(ours().filter(waits, pk=pk).update(status=TaskResultStatus.READY, run_after=now))


def renew(worker_id: str) -> None:
    """Say that this worker still has the tasks it runs: a slow mail is not a lost one."""
    running = DBTaskResult.objects.running().filter(task_path__in=_retried)
    for pk, workers in running.values_list("pk", "worker_ids"):
        if workers and workers[-1] == worker_id:
            DBTaskResult.objects.running().filter(pk=pk, worker_ids=workers).update(
                started_at=timezone.now()
            )


def _retry_failed(now: datetime) -> int:
    young = now - timedelta(seconds=conf().TASK_RETRY_FOR)
    failed = DBTaskResult.objects.failed().filter(task_path__in=_retried, enqueued_at__gt=young)
    moved = 0
    for pk, workers, finished_at in failed.values_list("pk", "worker_ids", "finished_at"):
        pause = min(FIRST_RETRY * 2 ** min(len(workers) - 1, 10), LONGEST_PAUSE)
        moved += DBTaskResult.objects.filter(
            pk=pk, status=TaskResultStatus.FAILED, finished_at=finished_at
        ).update(status=TaskResultStatus.READY, run_after=max(now, (finished_at or now) + pause))
    return moved


def _recover_lost(now: datetime) -> int:
    stalled = now - timedelta(seconds=conf().TASK_STALLED_AFTER)
    moved = (
        DBTaskResult.objects.running()
        .filter(task_path__in=_retried, started_at__lt=stalled)
        .update(status=TaskResultStatus.READY, run_after=now)
    )
    if moved:
        logger.warning("recovered %d tasks whose worker was lost", moved)
    return moved


class Sweeper:
    """Renews and sweeps in a thread of its own while a worker runs, also while that one waits for
    SMTP."""

    def __init__(self, worker_id: str, interval: float = 1.0) -> None:
        self._worker_id = worker_id
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
                renew(self._worker_id)
                sweep()
            except Exception:
                logger.exception("task sweep failed; trying again")
            finally:
                close_old_connections()
