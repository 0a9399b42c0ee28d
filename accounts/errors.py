"""Why accounts refuses. Public answers are vague on purpose."""

from portcullis.errors import AuthError
from rbac.errors import LastAdmin


class InvalidCredentials(AuthError):
    """Unknown address, wrong password, inactive or unverified account: one answer."""

    code = "invalid_credentials"
    message = (
        "That address and password do not match. If you registered recently, "
        "your address may be unconfirmed: look for the link in your mail."
    )
    status = 401


class InvalidCode(AuthError):
    """A wrong second factor at login."""

    code = "invalid_code"
    message = "That code is not right."
    status = 401


class MfaTokenInvalid(AuthError):
    code = "mfa_token_invalid"
    message = "This login has expired. Start again."
    status = 401


class MfaRequired(AuthError):
    """The right password, through a door that has no way to ask for more."""

    code = "mfa_required"
    message = "This account has a second factor. Log in where it can be asked for."
    status = 401


class InvalidPassword(AuthError):
    """400, not 401: a client would answer a 401 here with a refresh, over and over."""

    code = "invalid_password"
    message = "That is not your current password."


class LinkInvalid(AuthError):
    """Unknown, used, expired or foreign: one answer."""

    code = "link_invalid"
    message = "This link is not valid, or not any more. Ask for a new one."


class RegistrationClosed(AuthError):
    code = "registration_closed"
    message = "Registration is closed."
    status = 403


class InvitationNeeded(RegistrationClosed):
    message = "Registration is by invitation only."


class NotClosed(AuthError):
    """What reopens a closed account was asked of one that is open."""

    code = "permission_denied"
    message = "This account is not closed."
    status = 403


class LastSuperuser(LastAdmin):
    message = "This is the last active superuser. Make somebody else one first."
