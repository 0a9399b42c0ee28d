"""The project's settings as the suite runs them: as in production, with fixed secrets."""

import os
from unittest.mock import patch

import environ

os.environ.update(
    DEBUG="false",
    BASE_URL="https://portcullis.test",
    ALLOWED_HOSTS="portcullis.test,testserver",
    SECRET_KEY="a-secret-key-of-the-test-suite-and-of-nothing-else-0123456789-abcdefghij",
    FIELD_ENCRYPTION_KEYS="dGhlLXRlc3Qtc3VpdGUtb25seS0zMi1ieXRlcy1rZXk=",
)
# pytest gets these from tests/services.py; the linters load the settings too, but need no service.
os.environ.setdefault("DATABASE_URL", "sqlite://:memory:")

with patch.object(environ.Env, "read_env"):  # what a developer keeps in .env stays out
    from config.settings import *  # noqa: F403
    from config.settings import ACCOUNTS, DATABASES, PASSWORD_HASHERS, STORAGES

_database = DATABASES["default"]
if _database["ENGINE"] == "django.db.backends.sqlite3" and _database["NAME"] != ":memory:":
    # A file, as in `make run`: Django's default, a database in memory, locks differently.
    _database["TEST"] = {"NAME": f"{_database['NAME']}.test"}

# Static files straight from the apps, as under DEBUG: nobody has run collectstatic.
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = True

PASSWORD_HASHERS = ["tests.hashers.LeastArgon2idHasher", *PASSWORD_HASHERS[1:]]
ACCOUNTS = ACCOUNTS | {
    "BREACHED_PASSWORDS": "list",  # the internet stays out
    "HASHING_SLOTS": 8,  # races log many people in at once, and mean to
    "HASHING_QUEUE": 1000,
    "HASHING_PATIENCE": 60,
    "LEGACY_HASHES_REMEMBERED": 0,  # tests make them, and count statements
}
