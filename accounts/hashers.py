"""Password hashers with our parameters."""

from django.contrib.auth import hashers


class Argon2idHasher(hashers.Argon2PasswordHasher):
    """OWASP's parameters (19 MiB, t=2, p=1): memory-hard, yet dozens of logins a second a core.

    Django's own (100 MiB, p=8) let a handful of parallel logins starve a small server.
    """

    time_cost = 2
    memory_cost = 19456
    parallelism = 1
