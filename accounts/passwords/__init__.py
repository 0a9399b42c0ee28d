"""Which passwords are taken: the policy, as Django validators, and the one call that flows make."""

from accounts.passwords.policy import check_password_policy
from accounts.passwords.validators import (
    MAX_LENGTH,
    MIN_LENGTH,
    CommonValidator,
    ContextValidator,
    LengthValidator,
    PolicyValidator,
)
from accounts.passwords.wordlist import is_common as is_compromised

__all__ = [
    "MAX_LENGTH",
    "MIN_LENGTH",
    "CommonValidator",
    "ContextValidator",
    "LengthValidator",
    "PolicyValidator",
    "check_password_policy",
    "is_compromised",
]
