"""`manage.py rotatesigningkey`: another key signs, and nobody is logged out."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from tokens.conf import Algorithm
from tokens.errors import KeyTooYoung
from tokens.flows import prepare_next_key, replace_compromised_keys, rotate_key, safe_from
from tokens.keyring import ring
from tokens.models import KeyState, SigningKey

WAITS_AT_MOST = 15  # seconds; longer pauses are left to the operator
TRY_LATER = 75  # sysexits.h: EX_TEMPFAIL


class Command(BaseCommand):
    help = (
        "Sign with the next key from now on. The former one verifies until its tokens expire. "
        "Exits with 75 where verifiers elsewhere do not know the next key yet."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--algorithm", choices=list(Algorithm), help="of the new key (else as the one in use)"
        )
        parser.add_argument(
            "--compromised",
            action="store_true",
            help="somebody else may know the key: refuse it and all before it at once",
        )

    def handle(self, *, algorithm: str | None, compromised: bool, **options: Any) -> None:
        if compromised:
            refused = replace_compromised_keys(algorithm=algorithm)
            self.stdout.write(f"Refused from now on: {', '.join(refused) or 'no key'}.")
            self.stdout.write("Every session is being ended by db_worker: everybody logs in again.")
        else:
            self._warn(algorithm)
            self._rotate(prepare_next_key(algorithm))
        active = ring.active()
        self.stdout.write(self.style.SUCCESS(f"Signing: {active.kid}, {active.algorithm}."))

    def _rotate(self, following: SigningKey) -> None:
        former = SigningKey.objects.filter(state=KeyState.ACTIVE).first()
        self._wait(following)
        try:
            if not rotate_key(following=following):
                raise CommandError("Somebody else rotated the key meanwhile. Nothing was done.")
        except KeyTooYoung as error:
            raise CommandError(self._too_young(error), returncode=TRY_LATER) from error
        if former:
            former.refresh_from_db()
            self.stdout.write(f"Verifying until {former.not_after:%Y-%m-%d %H:%M} UTC: {former}.")

    def _warn(self, algorithm: str | None) -> None:
        if algorithm == Algorithm.HS256 and ring.active().jwk:
            self.stderr.write("HS256 has no public key: verifiers elsewhere refuse new tokens.")

    def _wait(self, following: SigningKey) -> None:
        """For the seconds until the other processes know the key too."""
        left = (safe_from(following) - timezone.now()).total_seconds()
        if 0 < left <= WAITS_AT_MOST:
            self.stdout.write(f"Waiting {left:.0f} s until every process knows the next key.")
            time.sleep(left)

    def _too_young(self, error: KeyTooYoung) -> str:
        return (
            f"Not rotated: verifiers elsewhere may keep a list without the next key until "
            f"{error.until:%H:%M:%S} UTC. It is published; run this again then."
        )
