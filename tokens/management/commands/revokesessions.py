"""`manage.py revokesessions`: somebody's sessions are ended, or everybody's, or the old ones."""

from datetime import UTC, datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from portcullis.interrupts import Interrupts
from portcullis.progress import Progress
from tokens.flows import revoke_in_batches
from tokens.models import RevokeReason, Session, SessionQuerySet


class Command(BaseCommand):
    help = (
        "End sessions: their access is refused from the next request. Which ones, --user, --before "
        "(or both) or --all must say. Nothing is asked."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", metavar="EMAIL", help="the sessions of this account")
        parser.add_argument("--before", metavar="TIME", help="sessions opened before it (ISO 8601)")
        parser.add_argument(
            "--all", action="store_true", dest="everybody", help="every session of everybody"
        )

    def handle(
        self, *, user: str | None, before: str | None, everybody: bool, **options: Any
    ) -> None:
        if everybody == (user is not None or before is not None):
            said = "Say which sessions: --user and --before (one or both), or else --all."
            raise CommandError(said, returncode=2)
        sessions = Session.objects.filter(revoked_at=None, expires_at__gt=timezone.now())
        if before is not None:
            sessions = sessions.filter(created_at__lt=_moment(before))
        if user is not None:
            sessions = sessions.filter(user=_account(user))
        self._revoke(sessions)

    def _revoke(self, sessions: SessionQuerySet) -> None:
        total = sessions.count() if self.stdout.isatty() else None
        progress, ended = Progress(self.stdout, "Sessions", total=total), 0
        with Interrupts() as interrupts:
            try:
                for batch in revoke_in_batches(sessions, reason=RevokeReason.OPERATOR):
                    ended += batch
                    progress.show(ended)
                    if interrupts.received:
                        break
            finally:
                progress.clear()
                self.stdout.write(f"Sessions ended: {ended:,}.")
            interrupts.raise_received("stopped. Run it again for the rest.")


def _moment(said: str) -> datetime:
    try:
        given = datetime.fromisoformat(str(said))
        return (given if given.tzinfo else given.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        hint = "is no time like 2030-01-31T18:00 (UTC) or 2030-01-31T18:00+02:00."
        raise CommandError(f"{said!r} {hint}", returncode=2) from error


def _account(email: str) -> Any:
    users = get_user_model()
    try:
        return users._default_manager.get_by_natural_key(email)
    except users.DoesNotExist as error:
        raise CommandError("No account has that address. Nothing was done.") from error
