"""`manage.py diagnosetoken`: why a token is accepted or not, step by step."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from tokens.diagnosis import Outcome, Step, diagnose, failures, read_pasted

MARKS = {Outcome.PASSED: "ok", Outcome.FAILED: "NO", Outcome.SKIPPED: "--"}
STANDARD_INPUT = "-"
READS_AT_MOST = 64 * 1024
TRY_LATER = 75  # sysexits.h: EX_TEMPFAIL


class Command(BaseCommand):
    help = (
        "Says of each step that a token goes through whether it passes, and why not. Exits with 0 "
        "if the token is accepted, with 1 if not. A token on the command line stays in the shell's "
        "history: give - and it is read from standard input."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("token", help="an access or a refresh token; - reads standard input")
        parser.add_argument("--origin", help="also: may a page of this origin send it?")
        parser.add_argument("--cookie", action="store_true", help="also: would its cookie travel?")

    def handle(self, *, token: str, origin: str | None, cookie: bool, **options: Any) -> None:
        pasted = read_pasted(sys.stdin.read(READS_AT_MOST) if token == STANDARD_INPUT else token)
        if pasted.removed:
            self.stdout.write(f"    Left out around the token: {', '.join(pasted.removed)}.")
        try:
            steps = diagnose(pasted.token, origin=origin, cookie=cookie)
        except Error as error:
            raise CommandError("The database does not answer.", returncode=TRY_LATER) from error
        for step in steps:
            self.stdout.write(self._line(step))
        if failed := failures(steps):
            raise CommandError(f"Not accepted: {', '.join(failed)}.", returncode=1)

    def _line(self, step: Step) -> str:
        mark = MARKS[step.outcome]
        style = {Outcome.PASSED: self.style.SUCCESS, Outcome.FAILED: self.style.ERROR}
        advice = f". {step.advice}" if step.advice else ""
        painted = style.get(step.outcome, str)(mark)
        return f"{painted}  {step.name:<10}  {step.reason}{advice}"
