"""`db_worker`: the task worker of django-tasks-db, with retries and recovery beside it."""

from typing import Any

from django.utils.crypto import get_random_string
from django_tasks_db.management.commands.db_worker import Command as DatabaseWorker

from portcullis.tasks import Sweeper, sweep


class Command(DatabaseWorker):
    help = "Sends mail and does other background work; failed and lost tasks are tried again."

    def handle(self, *args: Any, worker_id: str, **options: Any) -> None:
        # Each process its own name: one that is started again under the name of a dead one would
        # else renew that one's tasks for ever.
        worker_id = f"{worker_id[:40]}-{get_random_string(16)}"
        sweep()
        with Sweeper(worker_id):
            super().handle(worker_id=worker_id, **options)
