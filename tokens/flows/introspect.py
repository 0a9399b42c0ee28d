"""What a token is worth now: for callers that cannot, or may not, read it themselves."""

from django.utils import timezone

from tokens import jwt
from tokens.authentication import authenticate_token
from tokens.errors import TokenInvalid
from tokens.flows.rotate import check_refresh, decode_refresh, within_grace
from tokens.jwt import Claims, Kind
from tokens.models import Session


def introspect(raw: str) -> tuple[Claims, Session]:
    """The claims of a token of either kind, and its live session. It is not used up by this.

    Raises TokenExpired for an access token past its time, TokenInvalid for what would not be
    accepted where it belongs, or only for the one step that its session may do: what that is,
    other services could not know.
    """
    claims = jwt.decode(raw, kind=None, expired_ok=True)
    session = authenticate_token(raw) if claims.kind is Kind.ACCESS else _of_refresh(raw)
    if session.restriction:
        raise TokenInvalid(f"restricted to {session.restriction}")
    return claims, session


def _of_refresh(raw: str) -> Session:
    presented = decode_refresh(raw)
    session = check_refresh(raw)
    if presented.gen != session.generation and not within_grace(session, presented, timezone.now()):
        raise TokenInvalid("rotated away")
    return session
