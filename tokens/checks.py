"""System checks of tokens. Ids are permanent."""

from datetime import timedelta
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DatabaseError, InterfaceError
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.module_loading import import_string
from rest_framework.authentication import BasicAuthentication
from rest_framework.settings import api_settings

from tokens.conf import Algorithm, AtMaxSessions, conf
from tokens.middleware import SessionAuthenticationMiddleware
from tokens.models import KeyState, SigningKey


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


@register
def check_session_limit(**kwargs: Any) -> list[CheckMessage]:
    if conf().MAX_SESSIONS >= 1 and conf().AT_MAX_SESSIONS in list(AtMaxSessions):
        return []
    return [
        Error(
            f"TOKENS says MAX_SESSIONS={conf().MAX_SESSIONS!r} and "
            f"AT_MAX_SESSIONS={conf().AT_MAX_SESSIONS!r}.",
            hint=f"Give a number from 1 on, and one of {', '.join(AtMaxSessions)}.",
            id="tokens.E007",
        )
    ]


@register(Tags.security, deploy=True)
def check_signing_key(**kwargs: Any) -> list[CheckMessage]:
    """Silent where there is no database to ask: a build has none."""
    try:
        key = SigningKey.objects.filter(state=KeyState.ACTIVE).first()
    except (DatabaseError, InterfaceError):
        return []
    if key is None:
        return []
    found: list[CheckMessage] = []
    age = key.signs_for(timezone.now())
    if age > timedelta(seconds=conf().KEY_MAX_AGE):
        found.append(
            Warning(
                f"The signing key {key} has been signing for {age.days} days.",
                hint="Run `manage.py rotatesigningkey`: nobody is logged out.",
                id="tokens.W004",
            )
        )
    if key.algorithm != conf().ALGORITHM:
        found.append(
            Warning(
                f"TOKENS['ALGORITHM'] is {conf().ALGORITHM}, but {key.algorithm} signs: the "
                "setting counts for the first key only.",
                hint="Correct it, or run `manage.py rotatesigningkey --algorithm "
                f"{conf().ALGORITHM}`.",
                id="tokens.W005",
            )
        )
    return found


@register
def check_ground_floor(**kwargs: Any) -> list[CheckMessage]:
    if apps.is_installed("portcullis"):
        return []
    return [
        Error(
            "portcullis is not installed: no templates, no worker that tries again, no checks, "
            "and nobody watches whether an app of our name is ours.",
            hint="Put portcullis into INSTALLED_APPS, before django_tasks_db.",
            id="tokens.E005",
        )
    ]


@register
def check_claims(**kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    for claims in conf().CLAIMS:
        try:
            import_string(claims)
        except ImportError:
            found.append(
                Error(
                    f"TOKENS['CLAIMS'] names {claims}, which cannot be imported.",
                    hint="Every login would fail. Give the dotted path of a callable.",
                    id="tokens.E006",
                )
            )
    return found


@register
def check_middleware(**kwargs: Any) -> list[CheckMessage]:
    named = [import_string(name) for name in settings.MIDDLEWARE]
    classes = [middleware for middleware in named if isinstance(middleware, type)]
    deciding = [found for found in classes if issubclass(found, AuthenticationMiddleware)][-1:]
    if deciding and issubclass(deciding[0], SessionAuthenticationMiddleware):
        return []
    return [
        Error(
            "Pages do not ask the session row who is signed in: a session that is ended elsewhere "
            "would go on there.",
            hint="In MIDDLEWARE, put tokens.middleware.SessionAuthenticationMiddleware in the "
            "place of Django's AuthenticationMiddleware.",
            id="tokens.E004",
        )
    ]


@register
def check_cookie_age(**kwargs: Any) -> list[CheckMessage]:
    if settings.SESSION_COOKIE_AGE >= conf().ABSOLUTE_LIFETIME:
        return []
    return [
        Warning(
            "SESSION_COOKIE_AGE is below TOKENS['ABSOLUTE_LIFETIME']: pages would forget people "
            "whose session is alive.",
            hint=f"Set it to {conf().ABSOLUTE_LIFETIME} or more; the session row decides.",
            id="tokens.W001",
        )
    ]


@register(Tags.urls)
def check_refresh_path(**kwargs: Any) -> list[CheckMessage]:
    try:
        resolve(conf().REFRESH_PATH)
    except Resolver404:
        return [
            Warning(
                f"TOKENS['REFRESH_PATH'] is {conf().REFRESH_PATH}, where nothing answers: "
                "browsers would keep the refresh cookie to themselves.",
                hint="Set it to the path below which you include tokens.api.urls, and "
                "auth/refresh at its end.",
                id="tokens.W002",
            )
        ]
    return []


@register
def check_default_authentication(**kwargs: Any) -> list[CheckMessage]:
    accepted: Any = api_settings.DEFAULT_AUTHENTICATION_CLASSES
    if not any(issubclass(way, BasicAuthentication) for way in accepted):
        return []
    return [
        Warning(
            "REST_FRAMEWORK accepts Basic authentication, as it does by default: a password door "
            "without limits, second factor or revocation.",
            hint='Set "DEFAULT_AUTHENTICATION_CLASSES" to '
            '["tokens.authentication.TokenAuthentication"].',
            id="tokens.W003",
        )
    ]
