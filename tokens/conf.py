"""Settings of tokens: `settings.TOKENS`."""

import dataclasses
import enum
from collections.abc import Mapping

from portcullis.conf import conf as portcullis_conf
from portcullis.conf import loader

DAY = 24 * 3600


class Algorithm(enum.StrEnum):
    """What may sign (RFC 7518, RFC 8037). Never `none`."""

    HS256 = "HS256"
    RS256 = "RS256"
    ES256 = "ES256"
    EDDSA = "EdDSA"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class TokensConf:
    """All durations in seconds."""

    ALGORITHM: str = "HS256"
    """Algorithm of the first signing key: HS256, RS256, ES256 or EdDSA."""
    AUDIENCE: str = ""
    """`aud` of access tokens; empty means BASE_URL."""
    ACCESS_LIFETIME: int = 15 * 60
    REFRESH_LIFETIME: int = 7 * DAY
    """Idle life of a session: every refresh slides it on."""
    REMEMBER_ME_LIFETIME: int = 30 * DAY
    ABSOLUTE_LIFETIME: int = 90 * DAY
    """No session outlives this, however often it is refreshed."""
    SLIDE_EVERY: int = 5 * 60
    """A page visit prolongs the session too, written at most once in so long."""
    STEP_PAGES: Mapping[str, str] = dataclasses.field(
        default_factory=lambda: {"change_password": "accounts:password-change"}
    )
    """Names of the URLs where a session that is restricted to one step can do it on pages."""
    REUSE_GRACE: int = 10
    """For so long the refresh token before the current one is answered with the current one."""
    LEEWAY: int = 5
    """Clock difference allowed in `exp`, `iat` and `nbf`."""
    CLAIMS: tuple[str, ...] = ()
    """Dotted callables `(user) -> dict` that add claims to access tokens. Nothing sensitive:
    a token is readable by whoever holds it."""
    MAX_TOKEN_BYTES: int = 3500
    """An access token that would pass this leaves `permissions` out."""
    REFRESH_PATH: str = "/api/auth/refresh"
    """Where the refresh endpoint is mounted: path of the refresh cookie, end of its audience."""

    @property
    def issuer(self) -> str:
        return portcullis_conf().BASE_URL

    @property
    def access_audience(self) -> str:
        return self.AUDIENCE or self.issuer

    @property
    def refresh_audience(self) -> str:
        return self.issuer + self.REFRESH_PATH

    def idle_lifetime(self, *, remember_me: bool) -> int:
        return self.REMEMBER_ME_LIFETIME if remember_me else self.REFRESH_LIFETIME


conf = loader("TOKENS", TokensConf)
