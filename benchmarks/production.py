"""The project's settings as production runs them, without what a developer keeps in .env."""

from unittest.mock import patch

import environ

with patch.object(environ.Env, "read_env"):
    from config.settings import *  # noqa: F403
    from config.settings import ACCOUNTS, STORAGES

ACCOUNTS["BREACHED_PASSWORDS"] = "list"  # requests end on this machine
# Static files straight from the apps: nobody has run collectstatic.
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = True
