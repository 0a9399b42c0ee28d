"""`manage.py flushexpiredtokens`: expired rows of every app are deleted, beside live traffic."""

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error, connections, router
from django.utils import timezone

from portcullis import registry
from portcullis.interrupts import Interrupts
from portcullis.progress import Progress
from portcullis.purge import BATCH_SIZE, purge
from portcullis.registry import Expiring

LARGEST_BATCH = 100_000


class Command(BaseCommand):
    help = (
        "Delete expired sessions, signing keys, one-time links, pending logins, Django sessions "
        "and results of tasks. It can be stopped at any time and run again, also beside itself."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--batch-size",
            type=int,
            default=BATCH_SIZE,
            help="rows deleted in one transaction (default: %(default)s)",
        )
        parser.add_argument("--dry-run", action="store_true", help="count, and delete nothing")

    def handle(self, *, batch_size: int, dry_run: bool, **options: Any) -> None:
        if not 1 <= batch_size <= LARGEST_BATCH:
            said = f"--batch-size must be from 1 to {LARGEST_BATCH:,}, not {batch_size:,}."
            raise CommandError(said, returncode=2)
        now, failed = timezone.now(), 0
        with Interrupts() as interrupts:
            for expiring in registry.expiring():
                try:
                    if dry_run:
                        self._count(expiring, now)
                    else:
                        self._flush(expiring, now, batch_size, interrupts)
                except Error as error:
                    failed += 1
                    self._report(expiring, error)
                interrupts.raise_received("stopped. Run it again for the rest.")
        if failed:
            raise CommandError(f"{failed} failed, see above. Run it again for the rest.")

    def _count(self, expiring: Expiring, now: datetime) -> None:
        self.stdout.write(f"{expiring}: {expiring.rows(now).count():,} to delete")

    def _flush(
        self, expiring: Expiring, now: datetime, batch_size: int, interrupts: Interrupts
    ) -> None:
        total = expiring.rows(now).count() if self.stdout.isatty() else None
        progress, deleted = Progress(self.stdout, str(expiring), total=total), 0
        try:
            for batch in purge(expiring, now=now, batch_size=batch_size):
                deleted += batch
                progress.show(deleted)
                if interrupts.received:
                    break
        finally:
            progress.clear()
            self.stdout.write(f"{expiring}: {deleted:,} deleted")

    def _report(self, expiring: Expiring, error: Error) -> None:
        """Its first line: the others quote the row, and a ProtectedError the objects."""
        said = str(error.args[0] if error.args else "").partition("\n")[0]
        self.stderr.write(f"{expiring}: {type(error).__name__}: {said}")
        connections[router.db_for_write(expiring.model)].close_if_unusable_or_obsolete()
