"""What pages and API say alike when something is done."""

from accounts.base_user import AbstractEmailUser

LOOK_FOR_MAIL = "If that address can receive one, a mail is on its way."
PASSWORD_RESET = "Your password is changed. You can log in with it now."  # noqa: S105  (a sentence)
PASSWORD_CHANGED = "Your password is changed. Your other sessions are ended."  # noqa: S105


def confirmed(user: AbstractEmailUser) -> str:
    """After an address is proven. A link that was asked for again may leave no password."""
    if user.has_usable_password():
        return "Your address is confirmed. You can log in now."
    return "Your address is confirmed. To choose a password, ask for a reset link."
