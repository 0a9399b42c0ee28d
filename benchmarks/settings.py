"""Settings of a side's process: the project's own for all, and what differs, in one place.

SIDE is `portcullis`, `simplejwt` (as its documentation sets it up, with Django's own user), or
`shipped` (portcullis under the middleware that the project ships instead of Django's seven).
"""

import os

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, INSTALLED_APPS, LOGGING, MIDDLEWARE, TEMPLATES

SIDE = os.environ["BENCHMARK_SIDE"]

# A database of the process's own, which Django's test runner knows how to create on any engine.
DATABASES["default"]["NAME"] += f"-{os.environ['BENCHMARK_DATABASE']}"
DATABASES["default"]["TEST"] = {"NAME": DATABASES["default"]["NAME"]}
if "sqlite" in DATABASES["default"]["ENGINE"]:
    # Kept open, as PostgreSQL's are by their pool: opening the file is the work of neither side.
    DATABASES["default"]["CONN_MAX_AGE"] = None
# A request's log line is written like any other, but not to the terminal.
LOGGING["handlers"]["nowhere"] = {
    **LOGGING["handlers"]["console"],
    "class": "logging.FileHandler",
    "filename": os.devnull,
}
for name in ("portcullis.request", "django.request"):
    LOGGING["loggers"][name] = {"handlers": ["nowhere"], "propagate": False}

# Hashing is slow on purpose and would drown what is measured.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
}
ROOT_URLCONF = "benchmarks.portcullis"

if SIDE != "shipped":
    MIDDLEWARE = [
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware"
        if SIDE == "simplejwt"
        else "tokens.middleware.SessionAuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ]

if SIDE == "simplejwt":
    from datetime import timedelta

    INSTALLED_APPS = [
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "rest_framework",
        "rest_framework_simplejwt",
        "rest_framework_simplejwt.token_blacklist",
    ]
    AUTH_USER_MODEL = "auth.User"
    AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
    ROOT_URLCONF = "benchmarks.simplejwt"
    TEMPLATES[0]["DIRS"] = []  # the project's own error pages need its apps
    SIMPLE_JWT = {
        "ACCESS_TOKEN_LIFETIME": timedelta(minutes=15),
        "REFRESH_TOKEN_LIFETIME": timedelta(days=7),
        "ROTATE_REFRESH_TOKENS": True,
        "BLACKLIST_AFTER_ROTATION": True,
    }
