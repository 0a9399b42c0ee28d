"""What pages and API say alike when something is done."""

from accounts.base_user import AbstractEmailUser

LOOK_FOR_MAIL = "If that address can receive one, a mail is on its way."
RESET_DONE = "Your password is changed. You can log in with it now."
CHANGE_DONE = "Your password is changed. Your other sessions are ended."


def confirmed(user: AbstractEmailUser) -> str:
    """After an address is proven. A link that was asked for again may leave no password."""
    if user.has_usable_password():
        return "Your address is confirmed. You can log in now."
    return "Your address is confirmed. To choose a password, ask for a reset link."
