"""What pages and API say alike when something is done."""

from datetime import datetime

from django.utils.formats import date_format

from accounts.base_user import AbstractEmailUser

LOOK_FOR_MAIL = "If that address can receive one, a mail is on its way."
ACCEPTED = "Your account is ready. You can log in now."
RESET_DONE = "Your password is changed. You can log in with it now."
CHANGE_DONE = "Your password is changed. Your other sessions are ended."
EMAIL_CHANGED = "Your address is changed."
EMAIL_CHANGE_UNDONE = (
    "Your former address is restored and every session is ended. "
    "A mail with a link to choose a new password is on its way to it."
)
DISOWNED = (
    "Everybody is logged out of your account, and its password is useless. "
    "A link to choose a new one is on its way to your mailbox."
)
REOPENED = "Welcome back: your account is open again."


def day(at: datetime) -> str:
    return date_format(at, "j F Y")


def closed(erased: datetime) -> str:
    """Of an account whose last day is known."""
    return (
        f"Your account is closed. It is erased on {day(erased)}, "
        "unless you log in before and reopen it."
    )


def confirmed(user: AbstractEmailUser) -> str:
    """After an address is proven. A link that was asked for again may leave no password."""
    if user.has_usable_password():
        return "Your address is confirmed. You can log in now."
    return "Your address is confirmed. To choose a password, ask for a reset link."
