"""What `make run` serves, without what a developer keeps in .env and in the outbox."""

import os
from pathlib import Path
from unittest.mock import patch

import environ

with patch.object(environ.Env, "read_env"):
    from config.settings import *  # noqa: F403
    from config.settings import ACCOUNTS, PASSWORD_HASHERS

# Where it is off, errors look as in production; the rest is made for plain HTTP all the same.
DEBUG = "WITHOUT_DEBUG" not in os.environ
OUTBOX = Path(os.environ["OUTBOX"])
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = True
PASSWORD_HASHERS = ["tests.hashers.LeastArgon2idHasher", *PASSWORD_HASHERS[1:]]
ACCOUNTS = ACCOUNTS | {
    "BREACHED_PASSWORDS": "list",  # the internet stays out
    "HASHING_QUEUE": 1000,  # many log in at once, and mean to
    "HASHING_PATIENCE": 60,
}
