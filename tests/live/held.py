"""Settings of the live project under which hashing waits for as long as somebody holds a file, and
a process has room for two."""

import fcntl
import os
from typing import Any

from accounts.admission import hash_apart
from tests.browser.settings import *  # noqa: F403
from tests.browser.settings import ACCOUNTS, PASSWORD_HASHERS
from tests.hashers import LeastArgon2idHasher

IN_LINE = 2
ACCOUNTS = ACCOUNTS | {"HASHING_SLOTS": 1, "HASHING_QUEUE": IN_LINE - 1}
PASSWORD_HASHERS = ["tests.live.held.Hasher", *PASSWORD_HASHERS[1:]]


class Hasher(LeastArgon2idHasher):
    def verify(self, *args: Any, **kwargs: Any) -> bool:
        return hash_apart(self._verify, *args, **kwargs)

    def _verify(self, *args: Any, **kwargs: Any) -> bool:
        with open(os.environ["HELD"]) as file:
            fcntl.flock(file, fcntl.LOCK_SH)
        return super().verify(*args, **kwargs)
