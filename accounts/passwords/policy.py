"""The one call that flows make about a new password."""

from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts.passwords.breaches import is_breached
from accounts.passwords.validators import MAX_LENGTH, LengthValidator
from portcullis.errors import FieldErrors

BREACHED = "It is known from a data breach. Choose one that you use nowhere else."


def check_password_policy(password: str, *, email: str, name: str, field: str = "password") -> None:
    """Raises FieldErrors that say all that is missing, under `field`.

    May ask the breach service, for a second at most: call it before anything is locked.
    """
    found = _missing(password, email=email, name=name)
    if not found and is_breached(password):
        found = [("password_compromised", BREACHED)]
    if found:
        raise FieldErrors({field: found})


def _missing(password: str, *, email: str, name: str) -> list[tuple[str, str]]:
    """Of one that is too long nothing else is asked: it may be as long as a body."""
    length_only = [LengthValidator()] if len(password) > MAX_LENGTH else None
    try:
        validate_password(password, get_user_model()(email=email, name=name), length_only)
    except ValidationError as error:
        return [(str(each.code), " ".join(each.messages)) for each in error.error_list]
    return []
