"""The keys that sign and verify, by `kid`: sealed in the database, opened once per process."""

import dataclasses
import logging
import threading
import time
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from django.core.signals import setting_changed
from django.db import router
from django.utils import timezone
from jwt.algorithms import Algorithm, get_default_algorithms

from portcullis import secrets
from portcullis.errors import Unavailable
from tokens.models import KeyState, SigningKey

logger = logging.getLogger("tokens.keyring")

RELOAD_AFTER = 5.0  # seconds until a change made by another process is seen at the latest
MISS_PAUSE = 1.0  # seconds between two looks for an unknown kid: nobody hammers the database
HMAC_KEY_BYTES = 64
RSA_BITS = 3072

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

_generators: dict[str, Callable[[], Private]] = {
    "RS256": lambda: rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS),
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
}
_implementations: dict[str, Algorithm] = get_default_algorithms()


@dataclasses.dataclass(frozen=True, slots=True)
class Key:
    """One opened key. It serves its own algorithm and no other (no key confusion)."""

    kid: str
    algorithm: str
    signing: Any
    verifying: Any
    not_after: datetime | None

    def sign(self, data: bytes) -> bytes:
        return bytes(_implementations[self.algorithm].sign(data, self.signing))

    def has_signed(self, data: bytes, signature: bytes) -> bool:
        return bool(_implementations[self.algorithm].verify(data, self.verifying, signature))

    def verifies(self) -> bool:
        return self.not_after is None or self.not_after > timezone.now()

    @property
    def jwk(self) -> dict[str, Any] | None:
        """The public half (RFC 7517), or None for a symmetric key, which has none."""
        if self.algorithm == "HS256":
            return None
        jwk = _implementations[self.algorithm].to_jwk(self.verifying, as_dict=True)
        jwk.pop("key_ops", None)
        return {**jwk, "kid": self.kid, "use": "sig", "alg": self.algorithm}


class KeyRing:
    """The ring as one process sees it. Reading is free; the database is asked on expiry."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        with self._lock:  # a reading that began before would put back what it found
            self._keys: dict[str, Key] = {}
            self._active: Key | None = None
            self._loaded_at = self._missed_at = float("-inf")

    def active(self, *, kid: str | None = None) -> Key:
        """The signing key; `kid` is the one that the database has just named, if it was asked.

        Raises Unavailable where `migrate` never made one.
        """
        self._reload(older_than=RELOAD_AFTER)
        if kid and self._active and self._active.kid != kid:
            self._reload(older_than=0)
        if (found := self._active) is None:
            self._reload(older_than=MISS_PAUSE)
            found = self._active
        if found is None:
            raise Unavailable("no active signing key that opens: see the log, or run migrate")
        return found

    def get(self, kid: str) -> Key | None:
        """The key of that id if it may verify now."""
        self._reload(older_than=RELOAD_AFTER)
        if kid not in self._keys:
            self._look_for(kid)
        key = self._keys.get(kid)
        return key if key and key.verifies() else None

    def all(self) -> list[Key]:
        """Those that verify now or will sign next, by the order of their making."""
        self._reload(older_than=RELOAD_AFTER)
        return [key for key in self._keys.values() if key.verifies()]

    def _look_for(self, kid: str) -> None:
        """Whoever comes while another one looks waits for what that finds."""
        with self._lock:
            if kid in self._keys or time.monotonic() - self._missed_at < MISS_PAUSE:
                return
            self._missed_at = time.monotonic()
            self._load()

    def _reload(self, *, older_than: float) -> None:
        if time.monotonic() - self._loaded_at < older_than:
            return
        with self._lock:
            if time.monotonic() - self._loaded_at >= older_than:
                self._load()

    def _load(self) -> None:
        keyrows = SigningKey.objects.using(router.db_for_write(SigningKey))
        rows = list(keyrows.exclude(state=KeyState.RETIRED).order_by("created_at", "kid"))
        keys = {row.kid: key for row in rows if (key := self._opened(row))}
        active = next((row.kid for row in rows if row.state == KeyState.ACTIVE), "")
        self._keys, self._active = keys, keys.get(active)
        self._loaded_at = time.monotonic()

    def _opened(self, row: SigningKey) -> Key | None:
        """The row as a key, opened once; None, and a line for the operator, if it cannot be.

        A process that opened a key while it could sign keeps it so for the seconds until it learns
        which key signs now: the row is sealed off, what it signed meanwhile is good.
        """
        try:
            key = self._keys.get(row.kid) or _open(row)
        except secrets.SealBroken:
            logger.exception("signing key %s was sealed under another encryption key", row.kid)
            return None
        return dataclasses.replace(key, not_after=row.not_after)


ring = KeyRing()
setting_changed.connect(lambda **changed: ring.forget(), weak=False)


def generate(algorithm: str, *, state: KeyState) -> SigningKey:
    """An unsaved key: 512 random bits, RSA 3072, P-256 or Ed25519, its private part sealed."""
    kid = uuid.uuid4().hex[:16]
    if algorithm == "HS256":
        private, public = secrets.make_secret_bytes(HMAC_KEY_BYTES), ""
    else:
        private, public = _pair(_generators[algorithm]())
    sealed = secrets.seal(private, bound_to=_binding(kid))
    return SigningKey(
        kid=kid, algorithm=algorithm, sealed_private=sealed, public=public, state=state
    )


def _pair(key: Private) -> tuple[bytes, str]:
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private, public.decode()


def opens(row: SigningKey) -> bool:
    """Whether this deployment has what the key was sealed under."""
    try:
        return bool(_open(row))
    except secrets.SealBroken:
        return False


def _open(row: SigningKey) -> Key:
    if row.public:
        verifying: Any = serialization.load_pem_public_key(row.public.encode())
        signing: Any = row.sealed_private and serialization.load_pem_private_key(
            _private(row), password=None
        )
        if signing and signing.public_key() != verifying:
            raise secrets.SealBroken(row.kid)  # somebody put another public part beside it
    else:
        signing = verifying = _private(row)
    return Key(row.kid, row.algorithm, signing or None, verifying, row.not_after)


def _private(row: SigningKey) -> bytes:
    return secrets.open_sealed(row.sealed_private, bound_to=_binding(row.kid))


def _binding(kid: str) -> str:
    return f"tokens.SigningKey.private:{kid}"
