"""System checks of the project. Ids are permanent."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register


@register(Tags.security, deploy=True)
def check_mail(**kwargs: Any) -> list[CheckMessage]:
    if "console" not in settings.EMAIL_BACKEND:
        return []
    return [
        Warning(
            "Mail goes to the console: one-time links end up in the log, and nobody gets them.",
            hint="Set EMAIL_URL, for instance smtp+tls://user:password@mail.example.com:587.",
            id="config.W001",
        )
    ]


@register(Tags.security, deploy=True)
def check_cache(**kwargs: Any) -> list[CheckMessage]:
    if "locmem" not in settings.CACHES["default"]["BACKEND"]:
        return []
    return [
        Warning(
            "Each process has a cache of its own.",
            hint="Set CACHE_URL=redis://... as soon as there is more than one process.",
            id="config.W002",
        )
    ]
