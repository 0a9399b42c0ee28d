"""Reads the environment, and `.env` below it, so strictly that a typing error stops the start."""

import base64
import ipaddress
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
    return [item.strip() for item in setting(name, default).split(",") if item.strip()]


def hosts(name: str, default: str) -> list[str]:
    found = listed(name, default)
    for host in found:
        if "*" in host or host.startswith("."):
            raise ImproperlyConfigured(f"{name}: {host!r} is a wildcard. List each host.")
    return found


def origins(name: str) -> list[str]:
    found = listed(name)
    for origin in found:
        require(
            is_origin(origin) and "*" not in origin,
            f"{name}: {origin!r} is no origin, or a wildcard. "
            "List each origin, like https://app.example.com.",
        )
    return found


def networks(name: str) -> tuple[str, ...]:
    """Addresses or networks, but never all there are."""
    found = tuple(listed(name))
    for network in found:
        try:
            everybody = ipaddress.ip_network(network, strict=False).prefixlen == 0
        except ValueError as error:
            raise ImproperlyConfigured(f"{name}: {network!r} is no address or network.") from error
        require(
            not everybody,
            f"{name}: {network!r} is everybody, who could then claim any address and https.",
        )
    return found


def is_encryption_key(value: str) -> bool:
    """32 bytes in url-safe base64."""
    try:
        return len(base64.urlsafe_b64decode(value)) == 32
    except ValueError:
        return False


def chosen(name: str, choices: type, default: str) -> str:
    value = setting(name, default)
    allowed = [str(choice) for choice in choices]  # type: ignore[attr-defined]
    require(value in allowed, f"{name} is {value!r}; it must be one of {', '.join(allowed)}.")
    return value


def is_origin(value: str) -> bool:
    """Scheme, host and maybe a port, nothing else (RFC 6454)."""
    try:
        parts = urlsplit(value)
        whole = f"{parts.scheme}://{parts.hostname or ''}"
        whole += f":{parts.port}" if parts.port is not None else ""
    except ValueError:
        return False
    known = parts.scheme in {"http", "https"} and bool(parts.hostname)
    return known and whole == value.lower().replace("[", "").replace("]", "")
