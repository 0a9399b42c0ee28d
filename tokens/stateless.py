"""Authentication for another Django service, which holds the issuer's public keys and nothing else.

It needs neither our database nor our apps in INSTALLED_APPS: name StatelessTokenAuthentication in
REST_FRAMEWORK, and say in PORTCULLIS_VERIFIER whom to believe. The issuer must sign asymmetrically.

Nothing but keys is ever asked of the issuer: that a session or a role was withdrawn (logout,
deactivation, a changed password) is learned only at the token's `exp`.
"""

import dataclasses
import re
import time
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import jwt
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from portcullis.errors import CHALLENGE, AuthError, Refusal
from tokens.errors import TokenExpired, TokenInvalid
from tokens.issuer_keys import conf, keys

VERSIONS = frozenset({1})
"""`ver` that is understood here: update the services that verify before the one that issues."""
NUMBERS = ("ver", "iat", "exp", "nbf")
REQUIRED = ["iss", "aud", "sub", "sid", "iat", "exp", "type", "ver"]
MAX_BYTES = 4096
COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


@dataclasses.dataclass(frozen=True, slots=True)
class StatelessUser:
    """Who a verified access token says is calling; `id` is its `sub`. There is no row behind it.

    Where the permissions did not fit into the token (`permissions_omitted`), `has_perm` refuses:
    ask for a role instead, or ask the issuer. Where not even the roles did (`roles_omitted`), only
    the highest is among `roles`, and `HasRole` refuses what it cannot tell.
    """

    id: str
    sid: str = dataclasses.field(compare=False)
    email: str = dataclasses.field(compare=False, repr=False)
    role: str = dataclasses.field(compare=False)
    roles: tuple[str, ...] = dataclasses.field(compare=False)
    permissions: frozenset[str] = dataclasses.field(compare=False, repr=False)
    permissions_omitted: bool = dataclasses.field(compare=False)
    roles_omitted: bool = dataclasses.field(compare=False)

    is_authenticated: ClassVar[bool] = True
    is_anonymous: ClassVar[bool] = False
    is_active: ClassVar[bool] = True
    is_staff: ClassVar[bool] = False
    is_superuser: ClassVar[bool] = False

    @classmethod
    def from_claims(cls, claims: Mapping[str, Any]) -> "StatelessUser":
        omitted = bool(claims.get("permissions_omitted"))
        return cls(
            id=claims["sub"],
            sid=claims["sid"],
            email=_text(claims.get("email")),
            role=_text(claims.get("role")),
            roles=_texts(claims.get("roles")),
            permissions=frozenset(() if omitted else _texts(claims.get("permissions"))),
            permissions_omitted=omitted,
            roles_omitted=bool(claims.get("roles_omitted")),
        )

    @property
    def pk(self) -> str:
        return self.id

    def __str__(self) -> str:
        return self.id

    def get_username(self) -> str:
        return self.id

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """`app.codename`. Tokens know nothing of single objects: with one the answer is no."""
        return obj is None and perm in self.permissions

    def has_perms(self, perm_list: Iterable[str], obj: object = None) -> bool:
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        return any(perm.startswith(f"{app_label}.") for perm in self.permissions)


class StatelessTokenAuthentication(BaseAuthentication):
    """Access token in the Authorization header and nowhere else (RFC 6750, 2.1): no cookie, hence
    no CSRF. `request.user` is a StatelessUser, `request.auth` the verified claims.

    Revocation is learned at `exp` only. Where that is too late, ask the issuer.
    """

    def authenticate(self, request: Request) -> tuple[StatelessUser, dict[str, Any]] | None:
        """Raises Refusal: 401 token_expired or token_invalid, 503 unavailable."""
        scheme, _, raw = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            claims = verify(raw.lstrip(" "))
        except AuthError as error:
            raise Refusal(error) from error
        return StatelessUser.from_claims(claims), claims

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


def verify(raw: str) -> dict[str, Any]:
    """The claims of an access token that the issuer meant for this service.

    Raises TokenExpired (all else is right), TokenInvalid, or Unavailable (there are no keys that
    could tell).
    """
    if len(raw) > MAX_BYTES or not COMPACT.fullmatch(raw):
        raise TokenInvalid("no compact JWS of a sensible size")
    try:
        claims = _signed_claims(raw)
    except jwt.PyJWTError as error:
        raise TokenInvalid(str(error)) from error
    _judge(claims)
    if claims["exp"] + conf().LEEWAY <= time.time():
        raise TokenExpired
    return claims


def _signed_claims(raw: str) -> dict[str, Any]:
    """`exp` is judged last, by us: expired means that nothing else is wrong."""
    header = jwt.get_unverified_header(raw)
    if header.get("typ") != "at+jwt" or header.get("alg") not in conf().ALGORITHMS:
        raise TokenInvalid("typ or alg")  # before a kid that somebody made up is looked for
    key = keys.get(header.get("kid", ""))
    return jwt.decode(
        raw,
        key,
        algorithms=[key.algorithm_name],
        issuer=conf().ISSUER,
        audience=conf().audience,
        leeway=conf().LEEWAY,
        options={"require": REQUIRED, "strict_aud": True, "verify_exp": False},
    )


def _judge(claims: Mapping[str, Any]) -> None:
    """What PyJWT leaves open."""
    if claims["type"] != "access":
        raise TokenInvalid("type")
    numbers = {"nbf": 0, **claims}
    if any(type(numbers[name]) is not int for name in NUMBERS):  # True is an instance of int
        raise TokenInvalid("ver or a time is no integer")
    if claims["ver"] not in VERSIONS:
        raise TokenInvalid("ver")
    if not isinstance(claims["sid"], str) or not claims["sub"]:
        raise TokenInvalid("sid or sub")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> tuple[str, ...]:
    """Of a list the strings in it. A string is no list: `in` would find its parts."""
    return tuple(filter(None, map(_text, value))) if isinstance(value, list) else ()
