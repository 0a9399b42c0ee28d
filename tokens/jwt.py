"""JSON Web Tokens: the bytes, the signature and the claims, before any session is looked at.

Strict by design, since nobody but us issues what we accept: base64url as RFC 7515 without padding,
exactly the header fields we write, no member name twice, `typ` and `type` and `aud` all saying the
same kind (RFC 8725, 3.11), the key chosen by `kid` from our ring and used for its own algorithm.
"""

import binascii
import dataclasses
import enum
import hashlib
import json
import re
import threading
import time
import uuid
from collections.abc import Mapping
from typing import Any

from django.core.signals import setting_changed
from jwt import PyJWS
from jwt.exceptions import PyJWTError
from jwt.utils import base64url_decode

from tokens.conf import conf
from tokens.errors import TokenExpired, TokenInvalid
from tokens.keyring import Key, ring

VERSION = 1
"""`ver` of what we issue."""
ACCEPTED_VERSIONS = frozenset({VERSION})
MAX_BYTES = 4096
MEMO_SIZE = 2048

NUMBERS = ("ver", "gen", "iat", "exp", "nbf")
COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")

_jws = PyJWS()


class Kind(enum.StrEnum):
    ACCESS = "access"
    REFRESH = "refresh"

    @property
    def typ(self) -> str:
        return "at+jwt" if self is Kind.ACCESS else "refresh+jwt"  # RFC 9068, 2.1

    @property
    def audience(self) -> str:
        return conf().access_audience if self is Kind.ACCESS else conf().refresh_audience


KINDS = {kind.typ: kind for kind in Kind}


@dataclasses.dataclass(frozen=True, slots=True)
class Claims:
    """What a token that we signed says. Its session has not been looked at."""

    kind: Kind
    sid: uuid.UUID
    sub: str
    gen: int
    exp: int
    payload: Mapping[str, Any]


def encode(kind: Kind, claims: Mapping[str, Any]) -> str:
    """Sign with the active key; adds `iss aud type ver jti`."""
    key = ring.active()
    payload = {
        "iss": conf().issuer,
        "aud": kind.audience,
        "type": kind.value,
        "ver": VERSION,
        "jti": uuid.uuid4().hex,
        **claims,
    }
    return _jws.encode(
        json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode(),
        key.signing,
        algorithm=key.algorithm,
        headers={"kid": key.kid, "typ": kind.typ},
    )


def decode(raw: str, *, kind: Kind | None, expired_ok: bool = False) -> Claims:
    """The claims of a token of ours; `kind=None` takes either kind.

    Raises TokenExpired (well-signed, all else right, past `exp`) or TokenInvalid. Never asks the
    database, but for the key ring when it is due.
    """
    if len(raw) > MAX_BYTES or not COMPACT.fullmatch(raw):
        raise TokenInvalid("no compact JWS of a sensible size")
    claims = _memo.find(raw) or _verify(raw)
    if kind is not None and claims.kind is not kind:
        raise TokenInvalid(f"a {claims.kind} token where a {kind} token belongs")
    if not expired_ok and claims.exp + conf().LEEWAY <= time.time():
        raise TokenExpired
    return claims


def ours(raw: str | None) -> Claims | None:
    """What a token of either kind says if we signed it, however long ago."""
    try:
        return decode(raw, kind=None, expired_ok=True) if raw else None
    except TokenInvalid:
        return None


def _verify(raw: str) -> Claims:
    header = _header(raw)
    kind = _kind(header)
    key = ring.get(header["kid"])
    if key is None or key.algorithm != header["alg"]:
        raise TokenInvalid("unknown key, or a key of another algorithm")
    try:
        body = _jws.decode(raw, key.verifying, algorithms=[key.algorithm])
    except PyJWTError as error:
        raise TokenInvalid("signature or encoding") from error
    claims = _judge(_object(body), kind)
    if kind is Kind.ACCESS:
        _memo.keep(raw, claims, key)
    return claims


def _header(raw: str) -> dict[str, Any]:
    try:
        return _object(base64url_decode(raw.partition(".")[0]))
    except binascii.Error as error:
        raise TokenInvalid("header is no base64url") from error


def _kind(header: Mapping[str, Any]) -> Kind:
    if header.keys() != {"alg", "kid", "typ"} or not isinstance(header["kid"], str):
        raise TokenInvalid("header fields are not ours")
    kind = KINDS.get(header["typ"]) if isinstance(header["typ"], str) else None
    if kind is None:
        raise TokenInvalid("typ is not ours")
    return kind


def _object(body: bytes) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise TokenInvalid("a member name stands twice")
        return found

    try:
        found = json.loads(body, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise TokenInvalid("not JSON") from error
    if not isinstance(found, dict):
        raise TokenInvalid("not a JSON object")
    return found


def _judge(payload: dict[str, Any], kind: Kind) -> Claims:
    """Everything about the claims but `exp`, which is judged at each use."""
    latest = time.time() + conf().LEEWAY
    wanted = {"iss": conf().issuer, "aud": kind.audience, "type": kind.value}
    if any(payload.get(name) != value for name, value in wanted.items()):
        raise TokenInvalid("iss, aud or type")
    numbers = [payload.get(name, 0 if name == "nbf" else None) for name in NUMBERS]
    if not all(type(value) is int for value in numbers):  # True would pass isinstance
        raise TokenInvalid("ver, gen or a time is no integer")
    if payload["ver"] not in ACCEPTED_VERSIONS:
        raise TokenInvalid("ver")
    if payload["iat"] > latest or payload.get("nbf", 0) > latest:
        raise TokenInvalid("issued in the future")
    try:
        sid = uuid.UUID(payload["sid"])
        sub = str(payload["sub"])
    except (KeyError, ValueError, AttributeError, TypeError) as error:
        raise TokenInvalid("sid or sub") from error
    return Claims(kind, sid, sub, payload["gen"], payload["exp"], payload)


class _Memo:
    """Access tokens whose signature this process has verified, by digest.

    Bounded, first in first out. It saves the signature only: at every use the key must be in the
    ring still, expiry is judged and the session row is read.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[bytes, tuple[Key, Claims]] = {}

    def clear(self, **changed: Any) -> None:
        with self._lock:
            self._known.clear()

    def find(self, raw: str) -> Claims | None:
        found = self._known.get(_digest(raw))
        if found is None or ring.get(found[0].kid) is None:
            return None
        return found[1]

    def keep(self, raw: str, claims: Claims, key: Key) -> None:
        with self._lock:
            if len(self._known) >= MEMO_SIZE:
                del self._known[next(iter(self._known))]
            self._known[_digest(raw)] = (key, claims)


def _digest(raw: str) -> bytes:
    return hashlib.sha256(raw.encode()).digest()


_memo = _Memo()
setting_changed.connect(_memo.clear, weak=False)
