"""Password hashers with our parameters, which hash no more at once than admission allows."""

from typing import Any

from argon2.low_level import ARGON2_VERSION
from django.contrib.auth import hashers

from accounts.admission import hash_apart


class Admitted(hashers.BasePasswordHasher):
    """Goes through `accounts.admission`, whoever calls it: login, reset, admin or shell."""

    def encode(self, *args: Any, **kwargs: Any) -> str:
        encoded: str = hash_apart(super().encode, *args, **kwargs)
        return encoded

    def verify(self, *args: Any, **kwargs: Any) -> bool:
        right: bool = hash_apart(super().verify, *args, **kwargs)
        return right

    def harden_runtime(self, *args: Any, **kwargs: Any) -> None:
        hash_apart(super().harden_runtime, *args, **kwargs)


class Argon2idHasher(Admitted, hashers.Argon2PasswordHasher):
    """OWASP's parameters (19 MiB, t=2, p=1): memory-hard, yet dozens of logins a second a core.

    Django's own (100 MiB, p=8) let a handful of parallel logins starve a small server.
    """

    time_cost = 2
    memory_cost = 19456
    parallelism = 1

    @property
    def prefix(self) -> str:
        """What hashes of these parameters start with."""
        cost = f"m={self.memory_cost},t={self.time_cost},p={self.parallelism}"
        return f"argon2$argon2id$v={ARGON2_VERSION}${cost}$"


class BCryptSHA256Hasher(Admitted, hashers.BCryptSHA256PasswordHasher):
    """For hashes that a project brings along."""


class PBKDF2Hasher(Admitted, hashers.PBKDF2PasswordHasher):
    """For hashes that a project brings along."""
