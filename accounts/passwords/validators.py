"""The password policy, as Django validators. Each says all that it misses."""

import re
from typing import Any

from django.contrib.auth.password_validation import UserAttributeSimilarityValidator
from django.core.exceptions import ValidationError
from zxcvbn import zxcvbn

from accounts.conf import PasswordPolicy, conf
from accounts.passwords.context import leans_on_context
from accounts.passwords.wordlist import is_common
from portcullis.conf import conf as portcullis_conf

MIN_LENGTH = 8
MAX_LENGTH = 128
MIN_SCORE = 3
ZXCVBN_READS = 24
LOOK_ALIKES_READ = 12
"""zxcvbn tries every reading of each different look-alike: 30 ms for 12 of them, 1 s for 20."""
LOOK_ALIKES = frozenset("4@8({[<3691!|0$5+7%2")


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


class ContextValidator(UserAttributeSimilarityValidator):
    """Not made of the person's name or address, the product's name or a word of CONTEXT_WORDS."""

    def __init__(self) -> None:
        super().__init__(user_attributes=("email", "name"))

    def validate(self, password: str, user: Any = None) -> None:
        if leans_on_context(password, user, least=MIN_LENGTH):
            raise ValidationError(
                "It needs more than your name, your address or a name of this site.",
                code="password_too_similar",
            )
        super().validate(password, user)

    def get_help_text(self) -> str:
        product = portcullis_conf().PRODUCT_NAME
        return f"Not made of your name, your email address or the name {product}."


class CommonValidator:
    """Not on the shipped list of common passwords, nor one of them in a thin disguise."""

    def validate(self, password: str, user: Any = None) -> None:
        if is_common(password):
            raise ValidationError(
                "It is a commonly used password, or one with a few characters changed.",
                code="password_too_common",
            )

    def get_help_text(self) -> str:
        return "Not a commonly used password, also with digits and signs in it or around it."


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
    guess = zxcvbn(_judged(password), user_inputs=[*context, *conf().CONTEXT_WORDS])
    if guess["score"] < MIN_SCORE:
        advice = guess["feedback"]["warning"] or "It is too easy to guess."
        raise ValidationError(advice, code="password_too_weak")


def _judged(password: str) -> str:
    """As much of `password` as zxcvbn can judge soon, whatever it is made of."""
    met: set[str] = set()
    for place, char in enumerate(password[:ZXCVBN_READS]):
        met |= {char} & LOOK_ALIKES
        if len(met) > LOOK_ALIKES_READ:
            return password[:place]
    return password[:ZXCVBN_READS]
