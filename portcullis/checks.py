"""System checks of the ground floor. Ids are permanent."""

from collections.abc import Iterator
from importlib.metadata import distribution, packages_distributions
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.core.management import get_commands
from django.utils.module_loading import import_string
from django_tasks import task_backends
from django_tasks_db import DatabaseBackend

from portcullis import namesakes, reports
from portcullis.conf import conf
from portcullis.places import FAULTS, reader
from portcullis.secrets import seal

PRODUCT = "django-portcullis"
FIRST = "portcullis.middleware.RequestMiddleware"


@register
def check_names(**kwargs: Any) -> list[CheckMessage]:
    return [message for name in namesakes.OURS for message in _strangers(name)]


@register
def check_wheels(**kwargs: Any) -> list[CheckMessage]:
    """Two wheels that bring one package are unpacked into one folder: the last one wins."""
    return [
        Error(
            f"{', '.join(others)} installs a top-level {name} too: whichever was installed last "
            "has overwritten files of the other.",
            hint=f"Uninstall it, then install {PRODUCT} again.",
            id="portcullis.E006",
        )
        for name, others in _sharing()
    ]


def _sharing() -> Iterator[tuple[str, list[str]]]:
    owners = packages_distributions()
    ours = {PRODUCT, *owners.get("portcullis", ())}
    for name in namesakes.OURS:
        others = sorted(set(owners.get(name, ())) - ours)
        if others := [wheel for wheel in others if _is_here(wheel, name)]:
            yield name, others


def _is_here(wheel: str, name: str) -> bool:
    """Whether a wheel unpacked that package into the folder of ours."""
    place = Path(str(distribution(wheel).locate_file(name)))
    return place.absolute() == namesakes.HOME / name


@register(Tags.security, deploy=True)
def check_reports(**kwargs: Any) -> list[CheckMessage]:
    ours = {
        "DEFAULT_EXCEPTION_REPORTER": reports.SecretsReporter,
        "DEFAULT_EXCEPTION_REPORTER_FILTER": reports.SecretsFilter,
    }
    return [
        Warning(
            f"Error reports show what was presented: {name} is {getattr(settings, name)}.",
            hint=f"Set it to portcullis.reports.{wanted.__name__}, or to one built on it.",
            id="portcullis.W005",
        )
        for name, wanted in ours.items()
        if not issubclass(import_string(getattr(settings, name)), wanted)
    ]


def _strangers(name: str) -> Iterator[CheckMessage]:
    """Of an app that is installed none is left here: the start was refused."""
    shadow = namesakes.taken(name)
    if shadow:
        yield Error(
            f"Python takes {shadow} for Portcullis' {name}.",
            hint=namesakes.WAY_OUT.format(name=name),
            id="portcullis.E001",
        )
    for stranger in namesakes.others(name):
        if stranger != shadow:
            yield Warning(
                f"{stranger} cannot be imported: Python takes Portcullis' {name} for it.",
                hint=namesakes.WAY_OUT.format(name=name),
                id="portcullis.W001",
            )


@register
def check_keys(**kwargs: Any) -> list[CheckMessage]:
    try:
        seal(b"", bound_to="check")
    except ImproperlyConfigured as error:
        return [
            Error(
                str(error),
                hint='Make one: python -c "import base64, os; '
                'print(base64.urlsafe_b64encode(os.urandom(32)).decode())"',
                id="portcullis.E002",
            )
        ]
    return []


@register
def check_base_url(**kwargs: Any) -> list[CheckMessage]:
    parts = urlsplit(conf().BASE_URL)
    origin = f"{parts.scheme}://{parts.netloc}"
    if parts.scheme in {"http", "https"} and parts.hostname and origin == conf().BASE_URL:
        return []
    return [
        Error(
            f"PORTCULLIS['BASE_URL'] is {conf().BASE_URL!r}: mailed links would lead nowhere.",
            hint="Give an origin, without a slash at its end: https://www.example.com.",
            id="portcullis.E003",
        )
    ]


@register(Tags.security, deploy=True)
def check_tls(**kwargs: Any) -> list[CheckMessage]:
    if conf().secure:
        return []
    return [
        Error(
            f"PORTCULLIS['BASE_URL'] is {conf().BASE_URL}, so that no token cookie is Secure.",
            hint="Set it to the https:// origin that browsers see.",
            id="portcullis.E004",
        )
    ]


@register
def check_middleware(**kwargs: Any) -> list[CheckMessage]:
    if FIRST not in settings.MIDDLEWARE:
        return [
            Error(
                f"MIDDLEWARE lacks {FIRST}: refusals of pages would be tracebacks, and forwarding "
                "headers would be believed from anybody.",
                hint="Put it first.",
                id="portcullis.E005",
            )
        ]
    if settings.MIDDLEWARE[0] != FIRST:
        return [
            Warning(
                f"{FIRST} is not the first of MIDDLEWARE.",
                hint=f"{settings.MIDDLEWARE[0]} sees forwarding headers that anybody may send.",
                id="portcullis.W002",
            )
        ]
    return []


@register
def check_tasks(**kwargs: Any) -> list[CheckMessage]:
    if isinstance(task_backends["default"], DatabaseBackend):
        return []
    return [
        Warning(
            "Mail is not sent by a worker: requests wait for it, their time tells who has an "
            "account, and what fails is lost.",
            hint='Set TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}.',
            id="portcullis.W003",
        )
    ]


@register
def check_places(**kwargs: Any) -> list[CheckMessage]:
    path = conf().GEOIP_DATABASE
    try:
        if path:
            reader(path).get("2001:db8::1")  # which a file for IPv4 alone refuses
    except FAULTS as error:
        return [
            Error(
                f"PORTCULLIS['GEOIP_DATABASE'] is {path!r}, which cannot be read: {error}",
                hint="pip install maxminddb, and give the path of a file in its format.",
                id="portcullis.E007",
            )
        ]
    return []


@register
def check_worker(**kwargs: Any) -> list[CheckMessage]:
    if get_commands().get("db_worker") == "portcullis":
        return []
    return [
        Warning(
            "db_worker is not Portcullis' own: what fails is not tried again.",
            hint="Put portcullis before django_tasks_db in INSTALLED_APPS.",
            id="portcullis.W004",
        )
    ]
