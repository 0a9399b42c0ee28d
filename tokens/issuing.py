"""From a session row to the tokens that speak for it."""

import dataclasses
import time
from typing import Any

from django.utils.module_loading import import_string

from tokens import jwt
from tokens.conf import conf
from tokens.models import Session

Facts = dict[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Issued:
    """Both tokens of one generation. `expires_in` is the access token's life in seconds."""

    access: str
    refresh: str
    expires_in: int


def issue(session: Session, known: Facts | None = None) -> Issued:
    """Sign both tokens for the session's current generation. Its user must be loaded.

    Whoever moves the session on first brings the facts that were gathered before: a provider that
    fails must not cost a generation, whose loss would be taken for theft.
    """
    now = int(time.time())
    family = {
        "sub": str(session.user_id),
        "sid": str(session.pk),
        "gen": session.generation,
        "iat": now,
    }
    ends = int(session.absolute_expires_at.timestamp())
    exp = min(now + conf().ACCESS_LIFETIME, ends)
    access = _within_size({**family, "exp": exp, **(known or facts(session)), **_audience(session)})
    refresh = jwt.encode(jwt.Kind.REFRESH, {**family, "exp": int(session.expires_at.timestamp())})
    return Issued(access, refresh, exp - now)


def facts(session: Session) -> Facts:
    """What an access token says about its user, as it is now."""
    facts: Facts = {
        "amr": session.auth_methods,
        "auth_time": int(session.proved_at.timestamp()),
    }
    for provider in conf().CLAIMS:
        facts |= import_string(provider)(session.user)
    return facts


def _audience(session: Session) -> dict[str, str]:
    return {"aud": conf().restricted_audience} if session.restriction else {}


def _within_size(claims: dict[str, Any]) -> str:
    """Browsers drop a cookie over 4,096 bytes, so permissions give way (CONTRACT 3); and where the
    roles alone are that many, all but the highest."""
    limit = conf().MAX_TOKEN_BYTES
    if sum(map(len, claims.get("permissions", ()))) <= limit:  # else it is not worth signing
        token = jwt.encode(jwt.Kind.ACCESS, claims)
        if len(token) <= limit:
            return token
    fewer = {name: value for name, value in claims.items() if name != "permissions"}
    token = jwt.encode(jwt.Kind.ACCESS, fewer := {**fewer, "permissions_omitted": True})
    if len(token) <= limit or "roles" not in claims:
        return token
    highest = {"roles": claims["roles"][:1], "roles_omitted": True}
    return jwt.encode(jwt.Kind.ACCESS, {**fewer, **highest})
