"""Why a token or its session is refused."""

from portcullis.errors import AuthError


class TokenExpired(AuthError):
    code = "token_expired"
    message = "The access token has expired."
    status = 401


class TokenInvalid(AuthError):
    code = "token_invalid"
    message = "The token is not valid."
    status = 401


class MfaEnrollmentRequired(AuthError):
    code = "mfa_enrollment_required"
    message = "Set up a second factor first."
    status = 403


class SessionRestricted(AuthError):
    code = "permission_denied"
    message = "This session may only do the step that it was restricted to."
    status = 403
