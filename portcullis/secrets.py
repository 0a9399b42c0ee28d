"""Secrets: making them, comparing them, digesting what can be presented, sealing what must rest."""

import base64
import functools
import hashlib
import hmac
import os
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.exceptions import ImproperlyConfigured

from portcullis.conf import conf

NONCE_BYTES = 12  # NIST SP 800-38D, 8.2.2: a random 96-bit nonce for each sealing


class SealBroken(Exception):
    """Sealed text was altered, moved to another row, or sealed under a key that is gone."""


def make_secret() -> str:
    """256 random bits as 43 url-safe characters."""
    return secrets.token_urlsafe(32)


def make_secret_bytes(size: int) -> bytes:
    return secrets.token_bytes(size)


def digest(secret: str) -> str:
    """SHA-256 in hex: how a secret that somebody presents is stored.

    For secrets of 128 random bits or more only: a short code needs a slow hash (ASVS 6.5.2).
    """
    return hashlib.sha256(secret.encode()).hexdigest()


def same(one: str, other: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())


def seal(plain: bytes, *, bound_to: str) -> str:
    """Encrypt with AES-256-GCM under the newest key, bound to `bound_to` (model, field, row).

    The binding is associated data: a sealed value copied to another row does not open.
    """
    key_id, key = next(iter(_keys(conf().ENCRYPTION_KEYS).items()))
    nonce = os.urandom(NONCE_BYTES)
    sealed = nonce + AESGCM(key).encrypt(nonce, plain, bound_to.encode())
    return f"{key_id}.{base64.urlsafe_b64encode(sealed).decode()}"


def open_sealed(sealed: str, *, bound_to: str) -> bytes:
    """Decrypt what `seal` made. Raises SealBroken."""
    key_id, _, body = sealed.partition(".")
    try:
        key = _keys(conf().ENCRYPTION_KEYS)[key_id]
        raw = base64.urlsafe_b64decode(body)
        return AESGCM(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], bound_to.encode())
    except (KeyError, ValueError, InvalidTag) as error:
        raise SealBroken(bound_to) from error


@functools.lru_cache(maxsize=4)
def _keys(encoded: tuple[str, ...]) -> dict[str, bytes]:
    try:
        keys = [base64.urlsafe_b64decode(key) for key in encoded]
    except ValueError:
        keys = []
    if not keys or any(len(key) != 32 for key in keys):
        raise ImproperlyConfigured(
            "PORTCULLIS['ENCRYPTION_KEYS'] needs at least one 32-byte key in url-safe base64."
        )
    return {hashlib.sha256(key).hexdigest()[:8]: key for key in keys}
