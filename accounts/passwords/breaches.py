"""Passwords from data breaches, asked of a k-anonymity service: five digits of a hash leave."""

import logging
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache
from time import monotonic
from typing import Any

from django.conf import settings

from accounts.conf import BreachedPasswords, conf

PATIENCE = 1
"""Seconds, the look-up of its name included."""
PAUSE = 60
"""Seconds for which nobody asks after a failure."""

logger = logging.getLogger("accounts.passwords")


class Breaker:
    """Open after a failure, so that a service that is gone costs one request its second."""

    def __init__(self) -> None:
        self._closes_at = 0.0

    @property
    def is_open(self) -> bool:
        return monotonic() < self._closes_at

    def open(self) -> None:
        self._closes_at = monotonic() + PAUSE

    def close(self) -> None:
        self._closes_at = 0.0


class Unlogged(logging.Filter):
    """httpx logs each address that it asks, and here the address is a part of a password's hash."""

    def filter(self, record: logging.LogRecord) -> bool:
        return conf().BREACH_SERVICE not in record.getMessage()


breaker = Breaker()
logging.getLogger("httpx").addFilter(Unlogged())


def is_breached(password: str) -> bool:
    """Whether the service knows it; False where the service is off, silent or broken, or under
    DEBUG. The shipped list has been asked before: see CommonValidator."""
    if conf().BREACHED_PASSWORDS != BreachedPasswords.SERVICE or settings.DEBUG or breaker.is_open:
        return False
    asking = _threads().submit(_ask, password)
    try:
        return asking.result(PATIENCE) > 0
    except (TimeoutError, _library().exceptions.PwnedPasswordsError) as error:
        asking.cancel()
        breaker.open()
        logger.warning("The breach service does not answer (%s).", type(error).__name__)
        return False


def _ask(password: str) -> int:
    count: int = _client(conf().BREACH_SERVICE).check_password(password)
    return count


@lru_cache(maxsize=1)
def _client(service: str) -> Any:
    """Padding is on, and each step of a request may take a second: the library's defaults."""
    client = _library().PwnedPasswords()
    client.api_endpoint = service
    return client


def _library() -> Any:
    """Imported at first use: its 30 MB of HTTP client are for those who ask."""
    from pwned_passwords_django import api  # noqa: PLC0415

    return api


@cache
def _threads() -> ThreadPoolExecutor:
    """Not the request's own thread: looking up a name has no time-out."""
    return ThreadPoolExecutor(max_workers=4, thread_name_prefix="breaches")
