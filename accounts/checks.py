"""System checks of accounts. Ids are permanent."""

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import get_hasher
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from accounts.base_user import AbstractEmailUser
from accounts.conf import EmailVerification, conf


@register
def check_user_model(**kwargs: Any) -> list[CheckMessage]:
    if issubclass(get_user_model(), AbstractEmailUser):
        return []
    return [
        Error(
            f"AUTH_USER_MODEL ({settings.AUTH_USER_MODEL}) is no AbstractEmailUser.",
            hint="Build it on accounts.base_user.AbstractEmailUser.",
            id="accounts.E001",
        )
    ]


@register
def check_stages(**kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    for stage in conf().LOGIN_STAGES:
        try:
            import_string(stage)
        except ImportError:
            found.append(
                Error(
                    f"ACCOUNTS['LOGIN_STAGES'] names {stage}, which cannot be imported.",
                    hint="Every login would fail. Give the dotted path of a Stage class.",
                    id="accounts.E002",
                )
            )
    return found


@register
def check_hasher(**kwargs: Any) -> list[CheckMessage]:
    try:
        preferred = get_hasher().algorithm
    except ImproperlyConfigured as error:
        preferred = str(error)
    if preferred == "argon2":
        return []
    return [
        Warning(
            f"New passwords are hashed with {preferred}.",
            hint="Put accounts.hashers.Argon2idHasher first in PASSWORD_HASHERS.",
            id="accounts.W001",
        )
    ]


@register
def check_verification(**kwargs: Any) -> list[CheckMessage]:
    if conf().EMAIL_VERIFICATION != EmailVerification.OPTIONAL:
        return []
    return [
        Warning(
            "EMAIL_VERIFICATION is optional: answers tell which addresses are registered.",
            hint="Leave it mandatory unless you accept that.",
            id="accounts.W002",
        )
    ]
