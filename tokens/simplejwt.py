"""SimpleJWT's own surface over our rows: the only file that subclasses it.

`RefreshToken.for_user`, `str(token)`, `.access_token`, `.blacklist()` and `.check_blacklist()` keep
their meaning; what SimpleJWT writes into two tables for each refresh is one row for each login.
"""

import uuid
from datetime import timedelta
from typing import Any, Self

from django.db import transaction
from django.utils import timezone
from rest_framework_simplejwt import exceptions, tokens
from rest_framework_simplejwt.backends import TokenBackend

from portcullis.client import Client
from tokens import jwt, strict
from tokens.conf import conf
from tokens.errors import TokenExpired, TokenInvalid, TooManySessions
from tokens.flows import open_session, revoke
from tokens.issuing import issue
from tokens.models import RevokeReason, Session, Transport


class RingBackend(TokenBackend):
    """Signs and verifies with the key ring instead of one key frozen at import."""

    def __init__(self) -> None:
        super().__init__("HS256")

    def get_leeway(self) -> timedelta:
        return timedelta(seconds=conf().LEEWAY)

    def encode(self, payload: dict[str, Any]) -> str:
        return jwt.encode(jwt.Kind(payload["type"]), payload)

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        """`verify=False` still verifies the signature; it only lets an expired token pass."""
        try:
            return dict(jwt.decode(str(token), kind=None, expired_ok=not verify).payload)
        except TokenExpired as error:
            raise exceptions.TokenBackendExpiredToken("Token is expired") from error
        except TokenInvalid as error:
            raise exceptions.TokenBackendError("Token is invalid") from error


class RowMixin:
    """What both kinds share: the backend, and a session row behind `sid`."""

    payload: dict[str, Any]
    _token_backend: TokenBackend | None = RingBackend()

    def session(self) -> Session:
        """The live session behind this token. Raises TokenError where it is over."""
        session = strict.fetch(uuid.UUID(self.payload["sid"]))
        if session is None or session.death(timezone.now(), generation=self.payload["gen"]):
            raise exceptions.TokenError("Token is blacklisted")
        return session

    def verify_token_type(self) -> None:
        """By our `type` claim, whatever SIMPLE_JWT["TOKEN_TYPE_CLAIM"] says."""
        if self.payload.get("type") != self.token_type:  # type: ignore[attr-defined]
            raise exceptions.TokenError("Token has wrong type")


class AccessToken(RowMixin, tokens.AccessToken):
    """As SimpleJWT's, it reads no row: `session()` does, and our authentication class."""

    @property
    def lifetime(self) -> timedelta:  # type: ignore[override]
        return timedelta(seconds=conf().ACCESS_LIFETIME)


class RefreshToken(RowMixin, tokens.RefreshToken):
    access_token_class = AccessToken
    no_copy_claims = (  # type: ignore[assignment]
        *tokens.RefreshToken.no_copy_claims,
        *("iss", "aud", "type", "ver", "sub", "sid", "gen"),
    )

    @property
    def lifetime(self) -> timedelta:  # type: ignore[override]
        return timedelta(seconds=conf().REFRESH_LIFETIME)

    @classmethod
    def for_user(cls, user: Any) -> Self:
        """Open a bearer session for a user whom the caller has authenticated.

        Raises TokenError for an inactive user, or where TOKENS["AT_MAX_SESSIONS"] refuses.
        """
        try:
            with transaction.atomic():  # a refusal leaves the caller's own transaction whole
                session = open_session(
                    user=user, transport=Transport.BEARER, client=Client(), auth_methods=[]
                )
        except (TokenInvalid, TooManySessions) as error:
            raise exceptions.TokenError(str(error)) from error
        return cls(issue(session).refresh)  # type: ignore[arg-type]

    @property
    def access_token(self) -> AccessToken:
        """What the session's row issues now, and the claims that a caller has added to this token.

        Those last until the first refresh over HTTP, which issues from the row alone: lasting ones
        come from TOKENS["CLAIMS"].
        """
        access = self.access_token_class(issue(self.session()).access)  # type: ignore[arg-type]
        added = self.payload.keys() - set(self.no_copy_claims)
        access.payload.update({claim: self.payload[claim] for claim in added})
        return access

    def verify(self, *args: Any, **kwargs: Any) -> None:
        self.check_blacklist()
        super().verify(*args, **kwargs)

    def check_blacklist(self) -> None:
        """Raises TokenError if the session is over or the token was rotated away."""
        if self.session().generation != self.payload["gen"]:
            raise exceptions.TokenError("Token is blacklisted")

    def blacklist(self) -> bool:  # type: ignore[override]
        """End the session; False if it was over already."""
        sid, user_id = uuid.UUID(self.payload["sid"]), self.payload["sub"]
        return revoke(sid, user_id=user_id, reason=RevokeReason.LOGOUT)
