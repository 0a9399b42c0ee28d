"""What `make run` serves, without what a developer keeps in .env and in the outbox."""

import os
from pathlib import Path
from unittest.mock import patch

import environ

with patch.object(environ.Env, "read_env"):
    from config.settings import *  # noqa: F403

# Where it is off, errors look as in production; the rest is made for plain HTTP all the same.
DEBUG = "WITHOUT_DEBUG" not in os.environ
OUTBOX = Path(os.environ["OUTBOX"])
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = True
