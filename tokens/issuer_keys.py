"""The public keys of an issuer elsewhere, as a service holds them that verifies its tokens."""

import dataclasses
import logging
import threading
import time
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import jwt
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

from portcullis.conf import loader
from portcullis.errors import Unavailable
from tokens.errors import TokenInvalid

logger = logging.getLogger("tokens.stateless")

ASYMMETRIC = ("EdDSA", "ES256", "RS256")
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

FETCH_TIMEOUT = 3  # seconds
PAUSE = 5  # seconds between two fetches, whatever requests ask for
LONGEST_OUTAGE = 24 * 3600  # seconds for which keys are believed that the issuer cannot confirm


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class VerifierConf:
    """`settings.PORTCULLIS_VERIFIER`. All durations in seconds."""

    ISSUER: str = ""
    """The issuer's BASE_URL, compared with `iss` to the letter. Required."""
    AUDIENCE: str = ""
    """The issuer's TOKEN_AUDIENCE; empty means ISSUER."""
    JWKS_URL: str = ""
    """Where the public keys are; empty means ISSUER/.well-known/jwks.json."""
    ALGORITHMS: tuple[str, ...] = ASYMMETRIC
    """What a key may be for. Never HS256: who can verify with a shared secret can also sign."""
    LEEWAY: int = 5
    """Clock difference allowed in `exp`, `iat` and `nbf`."""
    CACHE_SECONDS: int = 300
    """Keys older than this are fetched again, so late is a withdrawn one refused."""

    def __post_init__(self) -> None:
        if not self.ISSUER:
            raise ImproperlyConfigured("PORTCULLIS_VERIFIER needs an ISSUER.")
        if not self.ALGORITHMS or not set(self.ALGORITHMS) <= set(ASYMMETRIC):
            raise ImproperlyConfigured(
                f"PORTCULLIS_VERIFIER: ALGORITHMS must be some of {ASYMMETRIC}."
            )
        where = urlsplit(self.jwks_url)
        if where.scheme != "https" and where.hostname not in LOOPBACK and not settings.DEBUG:
            raise ImproperlyConfigured(
                f"PORTCULLIS_VERIFIER: {self.jwks_url} must be https: "
                "whoever can exchange the keys on their way can sign tokens."
            )

    @property
    def audience(self) -> str:
        return self.AUDIENCE or self.ISSUER

    @property
    def jwks_url(self) -> str:
        return self.JWKS_URL or f"{self.ISSUER}/.well-known/jwks.json"


conf = loader("PORTCULLIS_VERIFIER", VerifierConf)


class IssuerKeys:
    """The issuer's keys by `kid`, in this process.

    Fetched when they are old and when a token names one that is not here, though at most once in
    PAUSE seconds: neither a flood of invented kids nor an outage becomes a flood of fetches.
    Requests whose key is here never wait for a fetch that another one makes.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.forget()

    def forget(self, **changed: Any) -> None:
        self._known: dict[str, jwt.PyJWK] = {}
        self._fetched_at = self._tried_at = float("-inf")

    def get(self, kid: str) -> jwt.PyJWK:
        """Raises TokenInvalid (the issuer has no such key) or Unavailable (it cannot be asked)."""
        key = self._find(kid)
        if key is None or self._age() >= conf().CACHE_SECONDS:
            answered = self._refresh(wait=key is None)
            key = self._find(kid)
        if key is None and not (answered and self._fetched_at >= self._tried_at):
            raise Unavailable("the issuer's keys cannot be fetched", retry_after=PAUSE)
        if key is None:
            raise TokenInvalid("unknown key")
        return key

    def _find(self, kid: str) -> jwt.PyJWK | None:
        return self._known.get(kid) if self._age() < LONGEST_OUTAGE else None

    def _age(self) -> float:
        return time.monotonic() - self._fetched_at

    def _pausing(self) -> bool:
        return time.monotonic() - self._tried_at < PAUSE

    def _refresh(self, *, wait: bool) -> bool:
        """False where somebody else has been asking for longer than anybody should wait."""
        if self._pausing():
            return True
        if not self._lock.acquire(timeout=FETCH_TIMEOUT if wait else 0):
            return False
        try:
            if not self._pausing():
                self._fetch()
        finally:
            self._lock.release()
        return True

    def _fetch(self) -> None:
        url = conf().jwks_url
        try:
            client = jwt.PyJWKClient(url, cache_jwk_set=False, timeout=FETCH_TIMEOUT)
            self._known = _usable(client.fetch_data())  # follows no redirect
        except (jwt.PyJWTError, OSError, ValueError) as error:
            logger.warning("cannot fetch the keys from %s: %s", url, error)
            self._tried_at = time.monotonic()
        else:
            self._fetched_at = self._tried_at = time.monotonic()


def _usable(jwks: Any) -> dict[str, jwt.PyJWK]:
    """Of a JWK set (RFC 7517, 5) the keys that may verify here; others are none of our business."""
    listed = jwks.get("keys")
    if not isinstance(listed, list):
        raise ValueError("not a JWK set")
    found = {}
    for jwk in listed:
        with suppress(jwt.PyJWTError, TypeError, ValueError, AttributeError):
            key = jwt.PyJWK(jwk)
            usable = key.algorithm_name in conf().ALGORITHMS and key.public_key_use in ("sig", None)
            if key.key_id and usable:
                found[key.key_id] = key
    return found


keys = IssuerKeys()
setting_changed.connect(keys.forget, weak=False)
