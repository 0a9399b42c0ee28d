"""`manage.py syncroles FILE`: roles become what a YAML file says."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portcullis.client import Client
from portcullis.errors import FieldErrors
from rbac import strict_yaml
from rbac.authority import OPERATOR
from rbac.definition import SETS, Definition
from rbac.files import parse
from rbac.flows.actor import check_reason
from rbac.flows.sync import Refused, check_nobody_holds, said, sync_roles
from rbac.plan import BadFile, Change, Plan, plan

STANDARD_INPUT = "-"
REFUSED = 1
USAGE = 2
DIFFERENT = 3
MOST_SHOWN = 50


class Command(BaseCommand):
    help = (
        "Create and change roles so that they are as FILE says: all of them or, where one fails, "
        "none. Keys that a role leaves out keep what it has; a role that FILE does not name stays "
        "as it is, and nobody is given or loses a role. Exits with 1 if it is refused, with 2 if "
        "FILE is wrong, with 3 if --check finds differences."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help="YAML; - reads standard input")
        parser.add_argument(
            "--dry-run", action="store_true", help="print the differences, and write nothing"
        )
        parser.add_argument(
            "--check", action="store_true", help="the same, and exit with 3 if there are any"
        )
        parser.add_argument(
            "--prune", action="store_true", help="delete roles that FILE does not name"
        )
        parser.add_argument(
            "--withdraw",
            action="store_true",
            help="with --prune: take these roles from whoever holds them, instead of refusing",
        )
        parser.add_argument(
            "--by",
            metavar="EMAIL",
            help="act as this account: what it may not is refused; --dry-run and --check judge the "
            "file alone",
        )
        parser.add_argument(
            "--reason", help="why, for the record (default: syncroles and the name of FILE)"
        )

    def handle(
        self,
        *,
        file: str,
        dry_run: bool,
        check: bool,
        prune: bool,
        withdraw: bool,
        by: str | None,
        reason: str | None,
        **options: Any,
    ) -> None:
        if withdraw and not prune:
            raise CommandError("--withdraw goes with --prune.", returncode=USAGE)
        asking: dict[str, Any] = {
            "by": OPERATOR if by is None else _account(by),
            "reason": _reason(reason, file),
            "client": Client(),
        }
        content = parse(_read(file))
        try:
            if dry_run or check:
                found = plan(content, prune=prune)
                self._report(found, done=False)
                if not withdraw:
                    check_nobody_holds(found)
            else:
                found = sync_roles(content, prune=prune, withdrawing=withdraw, **asking)
                self._report(found, done=True)
        except BadFile as error:
            text = _listed("Nothing was written. What is wrong with the file:", error.problems)
            raise CommandError(text, returncode=USAGE) from error
        except Refused as error:
            text = _listed("Refused. Nothing was written.", error.reasons)
            raise CommandError(text, returncode=REFUSED) from error
        if check and found.changes:
            raise CommandError("The roles are not as the file says.", returncode=DIFFERENT)

    def _report(self, found: Plan, *, done: bool) -> None:
        for change in found.changes:
            for line in _lines(change, found.holders.get(change.slug, 0)):
                self.stdout.write(line)
        if not found.changes:
            self.stdout.write(f"Nothing to do: {found.unchanged:,} roles are as they should be.")
            return
        created = sum(change.before is None for change in found.changes)
        deleted = sum(change.after is None for change in found.changes)
        counts = (created, len(found.changes) - created - deleted, deleted)
        words = (
            ("created", "changed", "deleted") if done else ("to create", "to change", "to delete")
        )
        parts = [f"{count:,} {word}" for count, word in zip(counts, words, strict=True)]
        self.stdout.write(f"{', '.join(parts)}, {found.unchanged:,} unchanged.")


def _lines(change: Change, holders: int) -> Iterator[str]:
    if change.after is None:
        yield f"- {change.slug}" + f", held by {holders:,}" * bool(holders)
        return
    yield f"{'~' if change.before else '+'} {change.slug}"
    before = change.before or Definition(slug=change.slug, name="")
    for name in change.after.differing(before):
        was, becomes = getattr(before, name), getattr(change.after, name)
        if name in SETS:
            yield from (f"    {name}: - {each}" for each in sorted(was - becomes))
            yield from (f"    {name}: + {each}" for each in sorted(becomes - was))
        else:
            yield f"    {name}: " + f"{was!r} -> " * bool(change.before) + repr(becomes)


def _read(file: str) -> bytes:
    try:
        if file == STANDARD_INPUT:
            return sys.stdin.buffer.read(strict_yaml.LARGEST + 1)
        with open(file, "rb") as opened:
            return opened.read(strict_yaml.LARGEST + 1)
    except (OSError, ValueError) as error:
        raise CommandError(f"{file!r} cannot be read: {error}.", returncode=USAGE) from error


def _reason(given: str | None, file: str) -> str:
    if given is None:
        name = "" if file == STANDARD_INPUT else PurePath(file).name
        given = "".join(filter(str.isprintable, f"syncroles {name}")).strip()[:200]
    try:
        check_reason(given)
    except FieldErrors as error:
        raise CommandError(f"--reason: {said(error)}", returncode=USAGE) from error
    return given


def _account(email: str) -> Any:
    users = get_user_model()
    try:
        return users._default_manager.get_by_natural_key(email)
    except users.DoesNotExist as error:
        raise CommandError("No account has that address. Nothing was done.") from error


def _listed(title: str, found: Sequence[object]) -> str:
    more = [f"and {len(found) - MOST_SHOWN:,} more"] * (len(found) > MOST_SHOWN)
    return "\n  ".join([title, *map(str, found[:MOST_SHOWN]), *more])
