"""The password policy, as Django validators, and the one call that flows make."""

import re
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from zxcvbn import zxcvbn

from accounts.conf import PasswordPolicy, conf
from portcullis.errors import FieldErrors

MIN_LENGTH = 8
MAX_LENGTH = 128
MIN_SCORE = 3
ZXCVBN_READS = 24  # it tries every reading of look-alike characters: seconds for 72 of them


class LengthValidator:
    """Long enough to resist guessing, short enough that nobody buys CPU with it."""

    def validate(self, password: str, user: Any = None) -> None:
        if len(password) < MIN_LENGTH:
            raise ValidationError(
                f"At least {MIN_LENGTH} characters are needed.", code="password_too_short"
            )
        if len(password) > MAX_LENGTH:
            raise ValidationError(
                f"At most {MAX_LENGTH} characters are allowed.", code="password_too_long"
            )

    def get_help_text(self) -> str:
        return f"Between {MIN_LENGTH} and {MAX_LENGTH} characters."


class PolicyValidator:
    """`composition`: one character of each class. `strength`: hard to guess, whatever it is made
    of (ASVS 6.2.5)."""

    def validate(self, password: str, user: Any = None) -> None:
        if conf().PASSWORD_POLICY == PasswordPolicy.STRENGTH:
            _check_strength(password, user)
        else:
            _check_composition(password)

    def get_help_text(self) -> str:
        if conf().PASSWORD_POLICY == PasswordPolicy.STRENGTH:
            return "Hard to guess: a few unrelated words do well."
        return "An upper-case and a lower-case letter, a digit and a special character."


def check_password_policy(password: str, *, email: str, name: str, field: str = "password") -> None:
    """Raises FieldErrors that say all that is missing, under `field`."""
    try:
        validate_password(password, user=get_user_model()(email=email, name=name))
    except ValidationError as error:
        found = [(str(each.code), " ".join(each.messages)) for each in error.error_list]
        raise FieldErrors({field: found}) from error


def _check_composition(password: str) -> None:
    missing = {
        "password_no_upper": ("an upper-case letter", any(map(str.isupper, password))),
        "password_no_lower": ("a lower-case letter", any(map(str.islower, password))),
        "password_no_digit": ("a digit", any(map(str.isdigit, password))),
        "password_no_special": (
            "a special character",
            any(not char.isalnum() for char in password),
        ),
    }
    errors = [
        ValidationError(f"It needs {what}.", code=code)
        for code, (what, there) in missing.items()
        if not there
    ]
    if errors:
        raise ValidationError(errors)


def _words(fact: str) -> list[str]:
    return [fact, *re.split(r"[@\s]", fact), *re.split(r"\W+", fact)]


def _check_strength(password: str, user: Any) -> None:
    context = [word for fact in ("email", "name") for word in _words(getattr(user, fact, ""))]
    guess = zxcvbn(password[:ZXCVBN_READS], user_inputs=context)
    if guess["score"] < MIN_SCORE:
        advice = guess["feedback"]["warning"] or "It is too easy to guess."
        raise ValidationError(advice, code="password_too_weak")
