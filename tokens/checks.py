"""System checks of tokens. Ids are permanent."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from tokens.conf import Algorithm, conf


@register
def check_tokens(**kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if any(database.get("ATOMIC_REQUESTS") for database in settings.DATABASES.values()):
        found.append(
            Error(
                "ATOMIC_REQUESTS is on: what must survive a refusal would be rolled back.",
                hint="Set ATOMIC_REQUESTS to False; our flows open their own transactions.",
                id="tokens.E001",
            )
        )
    if conf().ALGORITHM not in list(Algorithm):
        found.append(
            Error(
                f"TOKENS['ALGORITHM'] is {conf().ALGORITHM!r}.",
                hint=f"Choose one of {', '.join(Algorithm)}.",
                id="tokens.E002",
            )
        )
    if conf().ACCESS_LIFETIME > 3600:
        found.append(
            Error(
                "TOKENS['ACCESS_LIFETIME'] is over one hour.",
                hint="Other services learn of a revocation only when the access token expires.",
                id="tokens.E003",
            )
        )
    return found
