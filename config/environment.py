"""Reads the environment, and `.env` below it, so strictly that a typing error stops the start."""

from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
if (BASE_DIR / ".env").is_file():
    env.read_env(BASE_DIR / ".env")


def require(condition: object, message: str) -> None:
    if not condition:
        raise ImproperlyConfigured(message)


def setting(name: str, default: str = "") -> str:
    value: str = env.str(name, default)
    return value.strip()


def flag(name: str, *, default: bool) -> bool:
    """`bool("maybe")` is False: a typing error would switch a protection off."""
    value = setting(name, str(default)).lower()
    require(value in {"true", "false", "1", "0"}, f"{name} must be true or false, not {value!r}.")
    return value in {"true", "1"}


def listed(name: str, default: str = "") -> list[str]:
    items = [item.strip() for item in setting(name, default).split(",") if item.strip()]
    require(
        not any("*" in item for item in items),
        f"{name} contains a wildcard. List each {'host' if 'HOSTS' in name else 'origin'}.",
    )
    return items


def chosen(name: str, choices: type, default: str) -> str:
    value = setting(name, default)
    allowed = [str(choice) for choice in choices]  # type: ignore[attr-defined]
    require(value in allowed, f"{name} is {value!r}; it must be one of {', '.join(allowed)}.")
    return value


def is_origin(value: str) -> bool:
    parts = urlsplit(value)
    return parts.scheme in {"http", "https"} and value == f"{parts.scheme}://{parts.netloc}"
