"""The base of every refusal, and the refusals that belong to no single app."""

from typing import ClassVar

from rest_framework.exceptions import APIException

CHALLENGE = 'Bearer realm="api"'
"""WWW-Authenticate of every 401 (RFC 6750, 3)."""
OF_A_TOKEN = frozenset({"token_expired", "token_invalid"})


class AuthError(Exception):
    """A refusal with a stable public code.

    `message` is all that the outside reads. `reason` says what really happened: it goes to
    signals and logs, never into an answer.
    """

    code: ClassVar[str]
    message: ClassVar[str]
    status: ClassVar[int] = 400

    def __init__(
        self, reason: str = "", *, field: str | None = None, retry_after: int | None = None
    ) -> None:
        super().__init__(reason or self.code)
        self.field = field
        self.retry_after = retry_after


class FieldErrors(AuthError):
    """Bad input found by a flow, by field: `{field: [(code, message), ...]}`."""

    code = "invalid"
    message = "Invalid input."

    def __init__(self, errors: dict[str, list[tuple[str, str]]]) -> None:
        super().__init__(", ".join(errors))
        self.errors = errors


class Refusal(APIException):
    """An AuthError on its way through DRF: any exception handler knows what to answer."""

    def __init__(self, error: AuthError) -> None:
        super().__init__(error.message, error.code)
        self.error = error
        self.status_code = error.status
        self.wait = error.retry_after
        if error.status == 401:
            self.auth_header = challenge(error)


def challenge(error: AuthError) -> str:
    """WWW-Authenticate of a 401 (RFC 6750, 3)."""
    return CHALLENGE + ', error="invalid_token"' * (error.code in OF_A_TOKEN)


class NotAuthenticated(AuthError):
    code = "not_authenticated"
    message = "Authentication credentials were not provided."
    status = 401


class CsrfFailed(AuthError):
    code = "csrf_failed"
    message = "CSRF check failed. Fetch a token from /api/auth/csrf and send it in X-CSRFToken."
    status = 403


class ReauthenticationRequired(AuthError):
    """Step-up: the session is good, but its last proof is too old for what was asked."""

    code = "reauthentication_required"
    message = "Prove again that it is you, then repeat this."
    status = 403


class BodyTooLarge(AuthError):
    code = "body_too_large"
    message = "The request body is too large."
    status = 413


class Unavailable(AuthError):
    code = "unavailable"
    message = "The service cannot answer right now. Try again shortly."
    status = 503

    def __init__(self, reason: str = "", *, retry_after: int = 5) -> None:
        super().__init__(reason, retry_after=retry_after)
