"""What a token is worth now: for callers that cannot, or may not, read it themselves."""

from django.utils import timezone

from tokens import jwt, strict
from tokens.errors import TokenExpired, TokenInvalid
from tokens.flows.rotate import within_grace
from tokens.jwt import Claims, Kind
from tokens.models import Session


def introspect(raw: str) -> tuple[Claims, Session]:
    """The claims of a token of either kind, and its live session. It is not used up by this.

    Raises TokenExpired for an access token past its time, TokenInvalid for what would not be
    accepted where it belongs, or only for the one step that its session may do: what that is,
    other services could not know.
    """
    claims, now = jwt.decode(raw, kind=None, expired_ok=True), timezone.now()
    if jwt.is_expired(claims.exp):
        raise TokenExpired if claims.kind is Kind.ACCESS else TokenInvalid("refresh token expired")
    session = strict.read(claims)
    if death := session.death(now, generation=claims.gen):
        raise TokenInvalid(death)
    if session.restriction:
        raise TokenInvalid(f"restricted to {session.restriction}")
    current = claims.kind is Kind.ACCESS or claims.gen == session.generation
    if not current and not within_grace(session, claims, now):
        raise TokenInvalid("rotated away")
    return claims, session
