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
from django.db import IntegrityError, router, transaction
from django.utils import timezone
from jwt.algorithms import Algorithm, get_default_algorithms

from portcullis import secrets
from portcullis.errors import Unavailable
from tokens.conf import conf
from tokens.models import KeyState, SigningKey
from tokens.signals import signing_key_created

logger = logging.getLogger("tokens.keyring")

RELOAD_AFTER = 10.0  # seconds until a change made by another process is seen at the latest
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
        self._keys: dict[str, Key] = {}
        self._active: Key | None = None
        self._loaded_at = float("-inf")

    def active(self) -> Key:
        """The signing key. Raises Unavailable where `migrate` never made one."""
        self._reload(older_than=RELOAD_AFTER)
        if self._active is None:
            self._reload(older_than=MISS_PAUSE)
        if self._active is None:
            raise Unavailable("no active signing key that opens: see the log, or run migrate")
        return self._active

    def get(self, kid: str) -> Key | None:
        """The key of that id if it may verify now."""
        self._reload(older_than=RELOAD_AFTER)
        if kid not in self._keys:
            self._reload(older_than=MISS_PAUSE)
        key = self._keys.get(kid)
        if key and key.not_after and key.not_after <= timezone.now():
            return None
        return key

    def all(self) -> list[Key]:
        self._reload(older_than=RELOAD_AFTER)
        return list(self._keys.values())

    def _reload(self, *, older_than: float) -> None:
        if time.monotonic() - self._loaded_at < older_than:
            return
        with self._lock:
            if time.monotonic() - self._loaded_at < older_than:
                return
            rows = list(
                SigningKey.objects.using(router.db_for_write(SigningKey)).exclude(
                    state=KeyState.RETIRED
                )
            )
            keys = {row.kid: key for row in rows if (key := self._opened(row))}
            active = next((row.kid for row in rows if row.state == KeyState.ACTIVE), "")
            self._keys, self._active = keys, keys.get(active)
            self._loaded_at = time.monotonic()

    def _opened(self, row: SigningKey) -> Key | None:
        """The row as a key, opened once; None, and a line for the operator, if it cannot be."""
        try:
            key = self._keys.get(row.kid) or _open(row)
        except secrets.SealBroken:
            logger.exception("signing key %s was sealed under another encryption key", row.kid)
            return None
        return dataclasses.replace(key, not_after=row.not_after)


ring = KeyRing()
setting_changed.connect(lambda **changed: ring.forget(), weak=False)


def ensure_active_key(*, using: str | None = None) -> None:
    """Make the first key if no key is active. Two processes at once end up with one key."""
    database = using or router.db_for_write(SigningKey)
    keys = SigningKey.objects.using(database)
    if keys.filter(state=KeyState.ACTIVE).exists():
        return
    row = generate(conf().ALGORITHM, state=KeyState.ACTIVE)
    try:
        with transaction.atomic(using=database):
            row.save(using=database, force_insert=True)
            signing_key_created.send(sender=SigningKey, kid=row.kid, algorithm=row.algorithm)
    except IntegrityError:
        return
    finally:
        ring.forget()


def generate(algorithm: str, *, state: KeyState) -> SigningKey:
    """An unsaved key: 512 random bits, RSA 3072, P-256 or Ed25519, its private part sealed."""
    kid = uuid.uuid4().hex[:16]
    if algorithm == "HS256":
        private, public = secrets.make_secret_bytes(HMAC_KEY_BYTES), ""
    else:
        key = _generators[algorithm]()
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        public = (
            key.public_key()
            .public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            .decode()
        )
    sealed = secrets.seal(private, bound_to=_binding(kid))
    return SigningKey(
        kid=kid, algorithm=algorithm, sealed_private=sealed, public=public, state=state
    )


def _open(row: SigningKey) -> Key:
    private = secrets.open_sealed(row.sealed_private, bound_to=_binding(row.kid))
    signing: Any = private
    verifying: Any = private
    if row.algorithm != "HS256":
        signing = serialization.load_pem_private_key(private, password=None)
        verifying = signing.public_key()
    return Key(row.kid, row.algorithm, signing, verifying, row.not_after)


def _binding(kid: str) -> str:
    return f"tokens.SigningKey.private:{kid}"
