"""`db_worker`: the task worker of django-tasks-db, with retries and recovery beside it."""

from typing import Any

from django_tasks_db.management.commands.db_worker import Command as DatabaseWorker

from portcullis.tasks import Sweeper, sweep


class Command(DatabaseWorker):
    help = "Sends mail and does other background work; failed and lost tasks are tried again."

    def handle(self, *args: Any, worker_id: str, **options: Any) -> None:
        sweep()
        with Sweeper(worker_id):
            super().handle(worker_id=worker_id, **options)
