"""Settings as typed objects: one frozen dataclass an app, read at call time."""

import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

Shape = TypeVar("Shape")


def loader(name: str, shape: type[Shape]) -> Callable[[], Shape]:
    """Make the `conf()` of an app: `settings.<name>`, a dict, laid over the defaults of `shape`.

    The object is built once and dropped when Django announces a changed setting. A key that
    `shape` does not know raises ImproperlyConfigured: a misspelt limit must not be no limit.
    """
    known = {field.name for field in dataclasses.fields(shape)}  # type: ignore[arg-type]
    built: dict[str, Shape] = {}

    def conf() -> Shape:
        if name not in built:
            given = getattr(settings, name, {})
            if unknown := sorted(given.keys() - known):
                raise ImproperlyConfigured(
                    f"{name} has unknown keys {unknown}; it knows {sorted(known)}."
                )
            built[name] = shape(**given)
        return built[name]

    def forget(**changed: Any) -> None:
        built.clear()

    setting_changed.connect(forget, weak=False)
    return conf


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PortcullisConf:
    BASE_URL: str = "http://localhost:8000"
    """Origin in mailed links, token issuer, WebAuthn relying party. Never taken from a request."""
    PRODUCT_NAME: str = "Portcullis"
    """How mails and pages call the service."""
    ENCRYPTION_KEYS: tuple[str, ...] = ()
    """32-byte keys in url-safe base64, newest first; the first seals, all open."""
    TRUSTED_PROXIES: tuple[str, ...] = ()
    """Addresses or networks whose X-Forwarded-For, X-Forwarded-Proto and X-Request-ID count."""
    GEOIP_DATABASE: str = ""
    """Path of a MaxMind DB file (GeoLite2 City, say), so that sessions show a place, not only an
    address. Needs the package maxminddb."""
    MAX_BODY_BYTES: int = 64 * 1024
    """A larger request body is refused with 413 before anything reads it."""
    TASK_STALLED_AFTER: int = 60
    """Seconds without a sign of its worker after which a running task counts as lost."""
    TASK_RETRY_FOR: int = 24 * 3600
    """Seconds from its first enqueueing for which a failing task is tried again."""

    @property
    def secure(self) -> bool:
        """Whether the service is reached over https, so that cookies are Secure and prefixed."""
        return self.BASE_URL.startswith("https://")


conf = loader("PORTCULLIS", PortcullisConf)
