"""Why a token or its session is refused."""

from datetime import datetime

from portcullis.errors import AuthError


class TokenExpired(AuthError):
    code = "token_expired"
    message = "The access token has expired."
    status = 401


class TokenInvalid(AuthError):
    code = "token_invalid"
    message = "The token is not valid."
    status = 401


class KeyTooYoung(AuthError):
    """The next key would sign before everybody can verify it."""

    code = "key_too_young"
    message = "The next key is not known everywhere yet. Try again in a few minutes."
    status = 409

    def __init__(self, reason: str = "", *, until: datetime | None = None) -> None:
        super().__init__(reason)
        self.until = until


class TooManySessions(AuthError):
    """Only where TOKENS["AT_MAX_SESSIONS"] is "refuse"; else the oldest session gives way."""

    code = "permission_denied"
    message = "You are logged in on as many devices as allowed. Log out on one of them first."
    status = 403


class BearerOff(AuthError):
    """403, not 401: a client would drop the session, which goes on once operators allow it."""

    code = "permission_denied"
    message = "Bearer tokens are switched off for now. Log in with the transport cookie or hybrid."
    status = 403


class MfaEnrollmentRequired(AuthError):
    code = "mfa_enrollment_required"
    message = "Set up a second factor first."
    status = 403


class SessionRestricted(AuthError):
    code = "permission_denied"
    message = "This session may only do the step that it was restricted to."
    status = 403
