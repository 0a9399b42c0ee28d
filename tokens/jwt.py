"""JSON Web Tokens: the bytes, the signature and the claims, before any session is looked at.

Strict by design, since nobody but us issues what we accept: base64url as RFC 7515 without padding,
exactly the header fields we write, no member name twice, `typ` and `type` and `aud` all saying the
same kind (RFC 8725, 3.11), the key chosen by `kid` from our ring and used for its own algorithm.
"""

import binascii
import dataclasses
import enum
import functools
import hashlib
import json
import re
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from django.core.signals import setting_changed
from jwt.utils import base64url_decode, base64url_encode

from tokens.conf import conf
from tokens.errors import TokenExpired, TokenInvalid
from tokens.keyring import Key, ring

VERSION = 1
"""`ver` of what we issue."""
UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""How the claims of an older version read in the next one. A version that we neither issue nor
upgrade is refused: leave an entry for as long as tokens of it live, and replace all processes at
once, for one that runs the older code refuses the newer tokens."""
MAX_BYTES = 4096
MEMO_SIZE = 2048

NUMBERS = ("ver", "gen", "iat", "exp", "nbf")
COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


class Kind(enum.StrEnum):
    ACCESS = "access"
    REFRESH = "refresh"

    @property
    def typ(self) -> str:
        return "at+jwt" if self is Kind.ACCESS else "refresh+jwt"  # RFC 9068, 2.1

    @property
    def audience(self) -> str:
        return conf().access_audience if self is Kind.ACCESS else conf().refresh_audience

    def is_for(self, audience: Any) -> bool:
        """Whether a token of this kind may have that `aud`."""
        if self is Kind.ACCESS and audience == conf().restricted_audience:
            return True
        return bool(audience == self.audience)


KINDS = {kind.typ: kind for kind in Kind}


@dataclasses.dataclass(frozen=True, slots=True)
class Claims:
    """What a token that we signed says. Its session has not been looked at."""

    kind: Kind
    kid: str
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
    body = base64url_encode(json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode())
    signed = _header(key.kid, key.algorithm, kind.typ) + b"." + body
    return (signed + b"." + base64url_encode(key.sign(signed))).decode()


@functools.lru_cache(maxsize=16)
def _header(kid: str, alg: str, typ: str) -> bytes:
    header = {"alg": alg, "kid": kid, "typ": typ}
    return base64url_encode(json.dumps(header, separators=(",", ":")).encode())


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
    if not expired_ok and is_expired(claims.exp):
        raise TokenExpired
    return claims


def ours(raw: str | None) -> Claims | None:
    """What a token of either kind says if we signed it, however long ago."""
    try:
        return decode(raw, kind=None, expired_ok=True) if raw else None
    except TokenInvalid:
        return None


def _verify(raw: str) -> Claims:
    header = read_part(raw, 0)
    kind = kind_of(header)
    key = ring.get(header["kid"])
    if key is None or key.algorithm != header["alg"]:
        raise TokenInvalid("unknown key, or a key of another algorithm")
    claims = _judge(read_object(signed_part(raw, key)), kind, key.kid)
    if kind is Kind.ACCESS:
        _memo.keep(raw, claims, key)
    return claims


# The rules one by one, for the diagnosis too ------------------------------------------------------


def read_part(raw: str, number: int) -> dict[str, Any]:
    """The header (0) or the claims (1) of a token that nobody has verified."""
    return read_object(_decoded(raw.split(".")[number]))


def signed_part(raw: str, key: Key) -> bytes:
    """The claims as they were signed (RFC 7515, 5.2)."""
    signed, _, signature = raw.rpartition(".")
    if not key.has_signed(signed.encode(), _decoded(signature)):
        raise TokenInvalid("signature")
    return _decoded(signed.partition(".")[2])


def _decoded(part: str) -> bytes:
    """Base64url in its one spelling: no padding, no trailing bits."""
    try:
        data = base64url_decode(part)
    except binascii.Error as error:
        raise TokenInvalid("no base64url") from error
    if base64url_encode(data) != part.encode():
        raise TokenInvalid("no canonical base64url")
    return data


def kind_of(header: Mapping[str, Any]) -> Kind:
    if header.keys() != {"alg", "kid", "typ"} or not isinstance(header["kid"], str):
        raise TokenInvalid("header fields are not ours")
    kind = KINDS.get(header["typ"]) if isinstance(header["typ"], str) else None
    if kind is None:
        raise TokenInvalid("typ is not ours")
    return kind


def read_object(body: bytes) -> dict[str, Any]:
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


def _judge(payload: dict[str, Any], kind: Kind, kid: str) -> Claims:
    """Everything about the claims but `exp`, which is judged at each use."""
    payload = upgraded(payload)
    check_addressee(payload, kind)
    check_integers(payload)
    check_beginning(payload)
    sid, sub = subject(payload)
    return Claims(kind, kid, sid, sub, payload["gen"], payload["exp"], payload)


def check_addressee(payload: Mapping[str, Any], kind: Kind) -> None:
    if payload.get("iss") != conf().issuer or payload.get("type") != kind.value:
        raise TokenInvalid("iss or type")
    if not kind.is_for(payload.get("aud")):
        raise TokenInvalid("aud")


def check_integers(payload: Mapping[str, Any]) -> None:
    found = {"nbf": 0, **payload}
    odd = [name for name in NUMBERS if type(found.get(name)) is not int]  # True is an instance
    if odd:
        raise TokenInvalid(f"no integer: {', '.join(odd)}")


def check_beginning(payload: Mapping[str, Any]) -> None:
    latest = time.time() + conf().LEEWAY
    if payload["iat"] > latest or payload.get("nbf", 0) > latest:
        raise TokenInvalid("issued in the future")


def is_expired(exp: int) -> bool:
    return exp + conf().LEEWAY <= time.time()


def subject(payload: Mapping[str, Any]) -> tuple[uuid.UUID, str]:
    """`sid` and `sub`."""
    try:
        return uuid.UUID(payload["sid"]), str(payload["sub"])
    except (KeyError, ValueError, AttributeError, TypeError) as error:
        raise TokenInvalid("sid or sub") from error


def upgraded(payload: dict[str, Any]) -> dict[str, Any]:
    """The claims as the current version has them."""
    for _ in range(len(UPGRADES) + 1):
        version = payload.get("ver")
        if type(version) is not int:
            break
        if version == VERSION:
            return payload
        if version not in UPGRADES:
            break
        payload = UPGRADES[version](payload)
    raise TokenInvalid("ver")


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
