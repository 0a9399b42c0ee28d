"""Settings of tokens: `settings.TOKENS`."""

import dataclasses
import enum
from collections.abc import Mapping

from portcullis.conf import conf as portcullis_conf
from portcullis.conf import loader

DAY = 24 * 3600


class AtMaxSessions(enum.StrEnum):
    """What a login over the limit does."""

    END_OLDEST = "end_oldest"
    REFUSE = "refuse"


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
    """Of the first signing key: HS256, RS256, ES256 or EdDSA. Others come by `rotatesigningkey
    --algorithm`."""
    AUDIENCE: str = ""
    """`aud` of access tokens; empty means BASE_URL."""
    KEY_MAX_AGE: int = 90 * DAY
    """A key that has signed for longer than this is reported by `check --deploy`."""
    JWKS_MAX_AGE: int = 300
    """For so long verifiers elsewhere may keep the public keys."""
    ACCESS_LIFETIME: int = 15 * 60
    REFRESH_LIFETIME: int = 7 * DAY
    """Idle life of a session: every refresh slides it on."""
    REMEMBER_ME_LIFETIME: int = 30 * DAY
    ABSOLUTE_LIFETIME: int = 90 * DAY
    """No session outlives this, however often it is refreshed."""
    MAX_SESSIONS: int = 10
    """Live sessions of one user."""
    AT_MAX_SESSIONS: AtMaxSessions = AtMaxSessions.END_OLDEST
    """At that limit the least recently used session gives way (`end_oldest`), or the login is
    refused (`refuse`)."""
    RECENT_AUTHENTICATION: int = 10 * 60
    """Step-up: how recent a proof must be for a sensitive action."""
    SLIDE_EVERY: int = 5 * 60
    """A page visit prolongs the session too, written at most once in so long."""
    STEP_PAGES: Mapping[str, str] = dataclasses.field(
        default_factory=lambda: {
            "change_password": "accounts:password-change",
            "reopen": "accounts:reopen",
        }
    )
    """Names of the URLs where a session that is restricted to one step can do it on pages."""
    PROOF_PAGE: str = "accounts:reauthenticate"
    """Name of the URL where people prove again who they are, before a sensitive action."""
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
    def restricted_audience(self) -> str:
        """`aud` of access tokens of sessions that may do one step only: that step is done here, and
        no other service must take them for logged in."""
        return f"{self.issuer}/restricted"

    @property
    def refresh_audience(self) -> str:
        return self.issuer + self.REFRESH_PATH

    @property
    def longest_token(self) -> int:
        """No token of ours lives longer than this."""
        longest = max(self.ACCESS_LIFETIME, self.REFRESH_LIFETIME, self.REMEMBER_ME_LIFETIME)
        return min(longest, self.ABSOLUTE_LIFETIME)

    def idle_lifetime(self, *, remember_me: bool) -> int:
        return self.REMEMBER_ME_LIFETIME if remember_me else self.REFRESH_LIFETIME


conf = loader("TOKENS", TokensConf)
