"""Tokens as a forger writes them, or a careless signer: any header, any claims, any signature."""

import base64
import hashlib
import json
from typing import Any

from jwt.algorithms import get_default_algorithms

from tokens.keyring import Key, ring

ALGORITHMS = get_default_algorithms()
ABSENT = object()


def unpack(raw: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a token, unverified."""
    header, claims, _ = raw.split(".")
    return json.loads(_decode(header)), json.loads(_decode(claims))


def claims_of(raw: str) -> dict[str, Any]:
    return unpack(raw)[1]


def sign(header: Any, claims: Any, *, key: Key | None = None, secret: bytes | None = None) -> str:
    """Sign with the ring's active key, with `key`, or as HS256 with `secret`.

    What is no dict goes in as it is: bytes as the decoded part, a str as the encoded one.
    """
    signed = f"{_encode(header)}.{_encode(claims)}"
    if secret is None:
        key = key or ring.active()
        algorithm, material = ALGORITHMS[key.algorithm], key.signing
    else:
        algorithm, material = ALGORITHMS["HS256"], secret
    return f"{signed}.{encode(algorithm.sign(signed.encode(), material))}"


def with_header(raw: str, **fields: Any) -> str:
    """The same claims under a changed header, properly signed."""
    header, claims = unpack(raw)
    return sign(_changed(header, fields), claims)


def with_claims(raw: str, **fields: Any) -> str:
    """The same header over changed claims, properly signed. ABSENT takes a claim away."""
    header, claims = unpack(raw)
    return sign(header, _changed(claims, fields))


def with_part(raw: str, number: int, encoded: str) -> str:
    """One part exchanged, the signature left as it was."""
    parts = raw.split(".")
    parts[number] = encoded
    return ".".join(parts)


def trailing_bits(encoded: str) -> str:
    """Another spelling of the same bytes: bits that base64url drops are set."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert len(encoded) % 4, "no bits are dropped here"
    other = encoded[:-1] + alphabet[alphabet.index(encoded[-1]) + 1]
    assert _decode(other) == _decode(encoded)
    return other


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def other_secret() -> bytes:
    return hashlib.sha512(b"a key that nobody put into the ring").digest()


def _decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _encode(part: Any) -> str:
    if isinstance(part, str):
        return part
    return encode(part if isinstance(part, bytes) else json.dumps(part).encode())


def _changed(fields: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in (fields | changes).items() if value is not ABSENT}
