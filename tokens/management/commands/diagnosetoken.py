"""`manage.py diagnosetoken`: why a token is accepted or not, step by step."""

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error, InterfaceError, OperationalError, connections, router
from django.db.migrations.executor import MigrationExecutor

from tokens.diagnosis import LONGEST, Outcome, Step, diagnose, failures, read_pasted
from tokens.models import Session

MARKS = {Outcome.PASSED: "ok", Outcome.FAILED: "NO", Outcome.SKIPPED: "--"}
STANDARD_INPUT = "-"
USAGE = 2
TRY_LATER = 75  # sysexits.h: EX_TEMPFAIL


class Command(BaseCommand):
    help = (
        "Says of each step that a token goes through whether it passes, and why not. Exits with 0 "
        "if the token is accepted, with 1 if not, with 75 if the database does not answer. A token "
        "on the command line stays in the shell's history: give - and it is read from standard "
        "input."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("token", help="an access or a refresh token; - reads standard input")
        parser.add_argument("--origin", help="also: may a page of this origin send it?")
        parser.add_argument("--cookie", action="store_true", help="also: would its cookie travel?")

    def handle(self, *, token: str, origin: str | None, cookie: bool, **options: Any) -> None:
        if origin == "":
            raise CommandError("--origin is empty: is a variable unset?", returncode=USAGE)
        text = self._read() if token == STANDARD_INPUT else token
        if len(text) > LONGEST:
            raise CommandError(f"No token has over {LONGEST:,} characters.", returncode=USAGE)
        pasted = read_pasted(text)
        try:
            steps = diagnose(pasted.token, origin=origin, cookie=cookie)
        except Error as error:
            if explained := _explained(error):
                raise explained from error
            raise
        around = f"    Left out around the token: {', '.join(pasted.removed)}."
        self._print([*([around] if pasted.removed else []), *map(self._line, steps)])
        if failed := failures(steps):
            raise CommandError(f"Not accepted: {', '.join(failed)}.", returncode=1)

    def _read(self) -> str:
        if sys.stdin.isatty():
            self.stderr.write("Paste the token, then Ctrl-D.", str)
        return sys.stdin.buffer.read(LONGEST + 1).decode(errors="backslashreplace")

    def _print(self, lines: list[str]) -> None:
        """Whoever has read enough, as `head` has, may leave: the exit code is the same."""
        try:
            self.stdout.write("\n".join(lines))
            self.stdout.flush()
        except BrokenPipeError:
            with open(os.devnull, "w") as nowhere:
                os.dup2(nowhere.fileno(), self.stdout.fileno())

    def _line(self, step: Step) -> str:
        mark = MARKS[step.outcome]
        style = {Outcome.PASSED: self.style.SUCCESS, Outcome.FAILED: self.style.ERROR}
        advice = f". {step.advice}" if step.advice else ""
        painted = style.get(step.outcome, str)(mark)
        return f"{painted}  {step.name:<10}  {step.reason}{advice}"


def _explained(error: Error) -> CommandError | None:
    """What no wait mends is told apart: SQLite says of a missing table what it says of a lock."""
    if _is_behind():
        return CommandError("The database is not up to date: run migrate.", returncode=1)
    if isinstance(error, OperationalError | InterfaceError):
        return CommandError("The database does not answer.", returncode=TRY_LATER)
    return None


def _is_behind() -> bool:
    """Whether there are migrations to apply, if it answers."""
    try:
        executor = MigrationExecutor(connections[router.db_for_write(Session)])
        return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    except Error:
        return False
