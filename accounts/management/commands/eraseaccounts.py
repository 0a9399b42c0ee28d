"""`manage.py eraseaccounts`: accounts that have been closed for so long are deleted."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from accounts.flows.erasure import due, erase_account
from portcullis.interrupts import Interrupts
from portcullis.progress import Progress

BATCH_SIZE = 500
LARGEST_BATCH = 100_000


class Command(BaseCommand):
    help = (
        "Erase the accounts that were closed ACCOUNTS['ERASE_AFTER'] ago, each in a transaction of "
        "its own. It can be stopped at any time and run again, also beside itself."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--batch-size",
            type=int,
            default=BATCH_SIZE,
            help="accounts looked up by one statement (default: %(default)s)",
        )
        parser.add_argument("--dry-run", action="store_true", help="count, and erase nothing")

    def handle(self, *, batch_size: int, dry_run: bool, **options: Any) -> None:
        if not 1 <= batch_size <= LARGEST_BATCH:
            said = f"--batch-size must be from 1 to {LARGEST_BATCH:,}, not {batch_size:,}."
            raise CommandError(said, returncode=2)
        now = timezone.now()
        if dry_run:
            self.stdout.write(f"Accounts to erase: {due(now).count():,}.")
        elif kept := self._erase(now, batch_size):
            raise CommandError(f"{kept:,} not erased, see above. The next run tries again.")

    def _erase(self, now: datetime, batch_size: int) -> int:
        """Returns how many had to be kept."""
        total = due(now).count() if self.stdout.isatty() else None
        progress, erased, kept = Progress(self.stdout, "Accounts", total=total), 0, 0
        with Interrupts() as interrupts:
            try:
                for user_id in _due_ids(now, batch_size):
                    try:
                        erased += erase_account(user_id, now=now)
                    except Exception as error:  # noqa: BLE001  (an eraser's own; the others go on)
                        kept += 1
                        self._report(user_id, error)
                    progress.show(erased)
                    if interrupts.received:
                        break
            finally:
                progress.clear()
                self.stdout.write(f"Accounts erased: {erased:,}.")
            interrupts.raise_received("stopped. Run it again for the rest.")
        return kept

    def _report(self, user_id: Any, error: Exception) -> None:
        """Its first line: the others quote the row, and a ProtectedError the objects."""
        said = str(error.args[0] if error.args else "").partition("\n")[0]
        self.stderr.write(f"{user_id}: {type(error).__name__}: {said}")
        if isinstance(error, OperationalError | InterfaceError):
            connection.close_if_unusable_or_obsolete()


def _due_ids(now: datetime, batch_size: int) -> Iterator[Any]:
    """In the order of their keys: one that was kept is not met again."""
    ahead = due(now).order_by("pk")
    while batch := list(ahead.values_list("pk", flat=True)[:batch_size]):
        yield from batch
        ahead = due(now).order_by("pk").filter(pk__gt=batch[-1])
