"""What Django's sessions and the task queue leave behind: rows that nobody else enters."""

from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module

from django.apps import apps
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db.models import Q
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from portcullis.conf import conf
from portcullis.registry import Expiring

RESULTS_KEPT = timedelta(days=14)


def expiring() -> Iterator[Expiring]:
    yield _task_results()
    if apps.is_installed("django.contrib.sessions"):
        store = import_module(settings.SESSION_ENGINE).SessionStore
        if issubclass(store, DatabaseStore):
            yield Expiring(store.get_model_class(), "expire_date")


def _task_results() -> Expiring:
    """Once they are finished for so long that a failed one is not tried again. The moment is not
    indexed: a run goes through the table once."""
    finished = Q(status__in=[TaskResultStatus.SUCCESSFUL, TaskResultStatus.FAILED])
    kept = max(RESULTS_KEPT, timedelta(seconds=conf().TASK_RETRY_FOR))
    return Expiring(DBTaskResult, "finished_at", after=kept, only=finished, along="pk")
