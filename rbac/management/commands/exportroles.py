"""`manage.py exportroles`: all roles as YAML, as `syncroles` reads them."""

import os
import tempfile
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from rbac.authority import nobody_else_changes_roles
from rbac.files import render
from rbac.plan import definitions

USAGE = 2


class Command(BaseCommand):
    help = (
        "Write every role as YAML, who holds which left out. Fed to syncroles it changes nothing "
        "here, and makes another installation's roles the same."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--output",
            metavar="FILE",
            help="write this file, whole or not at all (default: standard output)",
        )

    def handle(self, *, output: str | None, **options: Any) -> None:
        with nobody_else_changes_roles():  # all as they are at one moment
            roles = definitions()
        text = render(roles.values())
        if output is None:
            self.stdout.write(text, ending="")
            return
        try:
            _replace(Path(os.path.realpath(output)), text)
        except (OSError, ValueError) as error:
            raise CommandError(f"{output} was not written: {error}.", returncode=USAGE) from error


def _replace(path: Path, text: str) -> None:
    """Readers find the former file or the new one, which keeps its mode."""
    if path.exists() and not path.is_file():
        raise OSError("it is no regular file")  # whoever is root would lose /dev/null
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".exportroles-") as directory:
        written = Path(directory) / path.name
        written.write_text(text, encoding="utf-8")
        if path.exists():
            written.chmod(path.stat().st_mode & 0o777)
        with open(written, "rb") as file:
            os.fsync(file.fileno())
        written.replace(path)
