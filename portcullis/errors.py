"""The base of every refusal, and the refusals that belong to no single app."""

from typing import ClassVar

CHALLENGE = 'Bearer realm="api"'
"""WWW-Authenticate of every 401 (RFC 6750, 3)."""


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


class CsrfFailed(AuthError):
    code = "csrf_failed"
    message = "CSRF check failed. Fetch a token from /api/auth/csrf and send it in X-CSRFToken."
    status = 403


class BodyTooLarge(AuthError):
    code = "body_too_large"
    message = "The request body is too large."
    status = 413


class UnsupportedCharset(AuthError):
    code = "unsupported_media_type"
    message = "Send forms in UTF-8."
    status = 415


class Unavailable(AuthError):
    code = "unavailable"
    message = "The service cannot answer right now. Try again shortly."
    status = 503

    def __init__(self, reason: str = "", *, retry_after: int = 5) -> None:
        super().__init__(reason, retry_after=retry_after)
