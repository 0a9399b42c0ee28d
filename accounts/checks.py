"""System checks of accounts. Ids are permanent."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import get_hasher, get_hashers
from django.contrib.auth.password_validation import get_default_password_validators
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from accounts.base_user import AbstractEmailUser
from accounts.conf import EmailVerification, conf
from accounts.hashers import Admitted
from accounts.passwords import CommonValidator, ContextValidator, LengthValidator, PolicyValidator

MANY_SLOTS = 32
POLICY = (LengthValidator, PolicyValidator, ContextValidator, CommonValidator)


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
    return [
        Error(
            f"ACCOUNTS['LOGIN_STAGES'] names {stage}, which cannot be imported.",
            hint="Every login would fail. Give the dotted path of a Stage class.",
            id="accounts.E002",
        )
        for stage in conf().LOGIN_STAGES
        if not _can_be_called(stage)
    ]


@register
def check_what_others_add(**kwargs: Any) -> list[CheckMessage]:
    named = [
        (setting, name)
        for setting in ("EXPORTERS", "ERASERS", "ADMIN_PANELS")
        for name in getattr(conf(), setting)
        if not _can_be_called(name)
    ]
    return [
        Error(
            f"ACCOUNTS['{setting}'] names {name}, which is no function that can be imported.",
            hint="No export, no erasure, or no page of a user would succeed: docs/extending.md.",
            id="accounts.E006",
        )
        for setting, name in named
    ]


def _can_be_called(name: str) -> bool:
    try:
        return callable(import_string(name))
    except ImportError:
        return False


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
def check_admission(**kwargs: Any) -> list[CheckMessage]:
    slots, queue, patience = conf().HASHING_SLOTS, conf().HASHING_QUEUE, conf().HASHING_PATIENCE
    if slots >= 1 and queue >= 0 and patience >= 0:
        return []
    return [
        Error(
            f"Nobody could log in: HASHING_SLOTS is {slots}, HASHING_QUEUE {queue}, "
            f"HASHING_PATIENCE {patience}.",
            hint="At least one slot, and neither of the others below zero: docs/passwords.md.",
            id="accounts.E004",
        )
    ]


@register
def check_memory(**kwargs: Any) -> list[CheckMessage]:
    if conf().HASHING_SLOTS <= MANY_SLOTS:
        return []
    return [
        Warning(
            f"A flood of logins may take {conf().HASHING_SLOTS} times 19 MiB in every process.",
            hint="More HASHING_SLOTS than cores hash no more passwords in a second.",
            id="accounts.W004",
        )
    ]


@register
def check_admitted_hashers(**kwargs: Any) -> list[CheckMessage]:
    try:
        loose = [type(each).__name__ for each in get_hashers() if not isinstance(each, Admitted)]
    except (ImportError, ImproperlyConfigured):
        return []  # accounts.W001 says so
    if not loose:
        return []
    return [
        Warning(
            f"{', '.join(loose)} of PASSWORD_HASHERS hashes as many passwords at once as come.",
            hint="Take the one in accounts.hashers, or build yours on accounts.hashers.Admitted.",
            id="accounts.W005",
        )
    ]


@register
def check_breach_service(**kwargs: Any) -> list[CheckMessage]:
    service = urlsplit(conf().BREACH_SERVICE)
    if service.scheme == "https" or service.hostname in {"127.0.0.1", "::1", "localhost"}:
        return []
    return [
        Error(
            f"ACCOUNTS['BREACH_SERVICE'] is {conf().BREACH_SERVICE}: whoever listens learns parts "
            "of the hashes of new passwords, and answers what they like.",
            hint="Give an https address, or set BREACHED_PASSWORDS to list.",
            id="accounts.E005",
        )
    ]


@register
def check_validators(**kwargs: Any) -> list[CheckMessage]:
    there = tuple(map(type, get_default_password_validators()))
    missing = [each.__name__ for each in POLICY if not any(issubclass(one, each) for one in there)]
    if not missing:
        return []
    return [
        Warning(
            f"AUTH_PASSWORD_VALIDATORS lacks {', '.join(missing)}.",
            hint="Name accounts.passwords.LengthValidator, PolicyValidator, ContextValidator and "
            "CommonValidator there.",
            id="accounts.W006",
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
