"""The project's settings. Everything that differs between deployments comes from the environment
(CONTRACT 8; `.env` in the project root is read when present), and nonsense stops the start."""

from urllib.parse import urlsplit

from csp.constants import NONE, SELF

from accounts.conf import BreachedPasswords, EmailVerification, PasswordPolicy, Registration
from config.environment import (
    BASE_DIR,
    chosen,
    env,
    flag,
    hosts,
    is_encryption_key,
    is_origin,
    listed,
    networks,
    origins,
    require,
    setting,
)
from config.mailing import mail_settings
from tokens.conf import Algorithm

# Who we are ---------------------------------------------------------------------------------------

DEBUG = flag("DEBUG", default=False)
BASE_URL = setting("BASE_URL", "http://localhost:8000").rstrip("/")
require(is_origin(BASE_URL), f"BASE_URL must be an origin like https://example.com, not {BASE_URL}")
require(
    DEBUG or BASE_URL.startswith("https://"),
    "BASE_URL is plain HTTP, so every password and cookie would travel in clear. "
    "Set BASE_URL=https://... (or DEBUG=true on your own machine).",
)
SECURE = BASE_URL.startswith("https://")
HOST = urlsplit(BASE_URL).hostname or ""

ALLOWED_HOSTS = [*hosts("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]"), HOST]
CORS_ALLOWED_ORIGINS = origins("CORS_ALLOWED_ORIGINS")
CSRF_TRUSTED_ORIGINS = [*origins("CSRF_TRUSTED_ORIGINS"), BASE_URL]
TRUSTED_PROXIES = networks("TRUSTED_PROXIES")

# Secrets ------------------------------------------------------------------------------------------

HOW_TO_MAKE = "`python -m config.dotenv` writes a .env with fresh ones."
SECRET_KEY = setting("SECRET_KEY")
SECRET_KEY_FALLBACKS = listed("SECRET_KEY_FALLBACKS")
FIELD_ENCRYPTION_KEYS = tuple(listed("FIELD_ENCRYPTION_KEYS"))
require(SECRET_KEY, f"SECRET_KEY is not set. {HOW_TO_MAKE}")
require(
    DEBUG or (len(SECRET_KEY) >= 50 and len(set(SECRET_KEY)) >= 5 and "insecure" not in SECRET_KEY),
    f"SECRET_KEY is weak: it needs 50 random characters or more. {HOW_TO_MAKE}",
)
require(FIELD_ENCRYPTION_KEYS, f"FIELD_ENCRYPTION_KEYS is not set. {HOW_TO_MAKE}")
require(
    all(map(is_encryption_key, FIELD_ENCRYPTION_KEYS)),
    f"FIELD_ENCRYPTION_KEYS must be 32-byte keys in url-safe base64. {HOW_TO_MAKE}",
)
METRICS_TOKEN = setting("METRICS_TOKEN")
every_secret = [SECRET_KEY, *SECRET_KEY_FALLBACKS, *FIELD_ENCRYPTION_KEYS]
every_secret += [METRICS_TOKEN] if METRICS_TOKEN else []
require(
    len(set(every_secret)) == len(every_secret),
    "Two secrets are equal (of SECRET_KEY, SECRET_KEY_FALLBACKS, FIELD_ENCRYPTION_KEYS, "
    f"METRICS_TOKEN). Each needs a value of its own. {HOW_TO_MAKE}",
)

# Apps ---------------------------------------------------------------------------------------------

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
INSTALLED_APPS = [
    "config.apps.ProjectConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "portcullis",
    "tokens",
    "rbac",
    "accounts",
    "mfa",
    "accounts.apps.AdminConfig",
    "corsheaders",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_tasks",
    "django_tasks_db",
    "waffle",
]
MIDDLEWARE = [
    "portcullis.middleware.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.csp.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "portcullis.middleware.BodyLimitMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "accounts.middleware.AdmissionMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "tokens.middleware.SessionAuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# Our own apps -------------------------------------------------------------------------------------

PORTCULLIS = {
    "BASE_URL": BASE_URL,
    "ENCRYPTION_KEYS": FIELD_ENCRYPTION_KEYS,
    "TRUSTED_PROXIES": TRUSTED_PROXIES,
    "GEOIP_DATABASE": setting("GEOIP_DATABASE"),
}
TOKENS = {
    "ALGORITHM": chosen("TOKEN_ALGORITHM", Algorithm, "HS256"),
    "AUDIENCE": setting("TOKEN_AUDIENCE"),
    "CLAIMS": ("accounts.claims.email_claim", "rbac.claims.role_claims"),
}
ACCOUNTS: dict[str, object] = {
    "REGISTRATION": chosen("REGISTRATION", Registration, "open"),
    "EMAIL_VERIFICATION": chosen("EMAIL_VERIFICATION", EmailVerification, "mandatory"),
    "PASSWORD_POLICY": chosen("PASSWORD_POLICY", PasswordPolicy, "composition"),
    "BREACHED_PASSWORDS": chosen("BREACHED_PASSWORDS", BreachedPasswords, "service"),
    "CONTEXT_WORDS": tuple(listed("CONTEXT_WORDS")),
    "LOGIN_STAGES": (
        "accounts.stages.VerifiedEmail",
        "accounts.stages.OpenAccount",
        "accounts.stages.SoundPassword",
    ),
}
if DEBUG:  # one process, with a thread for every request
    ACCOUNTS["HASHING_QUEUE"] = 100
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["rbac.backend.RoleBackend"]
PASSWORD_HASHERS = [
    "accounts.hashers.Argon2idHasher",
    "accounts.hashers.BCryptSHA256Hasher",
    "accounts.hashers.PBKDF2Hasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "accounts.passwords.LengthValidator"},
    {"NAME": "accounts.passwords.PolicyValidator"},
    {"NAME": "accounts.passwords.ContextValidator"},
    {"NAME": "accounts.passwords.CommonValidator"},
]

LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "accounts:profile"

# Data ---------------------------------------------------------------------------------------------

DATABASES = {"default": env.db_url("DATABASE_URL", f"sqlite:///{BASE_DIR / 'db.sqlite3'}")}
DATABASES["default"]["ATOMIC_REQUESTS"] = False
DATABASES["default"]["CONN_MAX_AGE"] = 0
if "sqlite" in DATABASES["default"]["ENGINE"]:
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",  # a deferred one fails instead of waiting for its lock
        "timeout": 10,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"].setdefault("OPTIONS", {})
    DATABASES["default"]["OPTIONS"] |= {
        "pool": {"min_size": 1, "max_size": 16, "timeout": 5},
        "connect_timeout": 5,
        "options": "-c statement_timeout=15s -c lock_timeout=5s "
        "-c idle_in_transaction_session_timeout=30s",
    }
CACHES = {"default": env.cache_url("CACHE_URL", "locmemcache://portcullis")}
CACHES["switches"] = CACHES["default"] | {"TIMEOUT": 10}  # caches in memory hear of nothing
WAFFLE_CACHE_NAME = "switches"
WAFFLE_ENABLE_ADMIN_PAGES = False  # accounts.admin has one for switches; the rest is not used
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

# Mail ---------------------------------------------------------------------------------------------

DEFAULT_FROM_EMAIL = setting("DEFAULT_FROM_EMAIL", f"Portcullis <no-reply@{HOST}>")
OUTBOX = BASE_DIR / "outbox"
globals().update(mail_settings(setting("EMAIL_URL", "console"), debug=DEBUG))
EMAIL_TIMEOUT = 10  # seconds for each step of the SMTP dialogue

# Cookies and sessions -----------------------------------------------------------------------------

HOST_PREFIX = "__Host-" if SECURE else ""
SESSION_COOKIE_NAME = f"{HOST_PREFIX}sessionid"
SESSION_COOKIE_SECURE = SECURE
SESSION_COOKIE_AGE = 90 * 24 * 3600  # TOKENS["ABSOLUTE_LIFETIME"]; the session row decides
CSRF_COOKIE_NAME = f"{HOST_PREFIX}csrftoken"
CSRF_COOKIE_SECURE = SECURE
MESSAGE_STORAGE = "portcullis.flash.PrefixedCookieStorage"

# Headers ------------------------------------------------------------------------------------------

SECURE_SSL_REDIRECT = SECURE and not DEBUG
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_REFERRER_POLICY = "same-origin"  # no-referrer would make Origin null and break CSRF checks
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")  # dropped if not from a proxy
X_FRAME_OPTIONS = "DENY"
CORS_ALLOW_CREDENTIALS = True
CORS_URLS_REGEX = r"^/(api/|\.well-known/)"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
PERMISSIONS_POLICY: dict[str, list[str]] = {
    feature: [] for feature in ("camera", "geolocation", "microphone", "payment", "usb")
}

# Everything else ----------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
SIMPLE_JWT = {"USER_ID_CLAIM": "sub", "TOKEN_TYPE_CLAIM": "type"}  # as our tokens name them
SPECTACULAR_SETTINGS = {
    "TITLE": "Portcullis",
    "DESCRIPTION": "Authentication and authorization. Errors have one shape everywhere.",
    "VERSION": "0.1.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}
# For views of other apps: ours set all of this themselves. DRF's own defaults would accept Basic
# authentication, a password door without limits, second factor or revocation.
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["tokens.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["portcullis.parsing.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "portcullis.api.Schema",
    "EXCEPTION_HANDLER": "portcullis.problems.handle",
}
DEFAULT_EXCEPTION_REPORTER = "portcullis.reports.SecretsReporter"
DEFAULT_EXCEPTION_REPORTER_FILTER = "portcullis.reports.SecretsFilter"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"strip_tokens": {"()": "portcullis.logs.StripTokens"}},
    "formatters": {
        "line": {"format": "{asctime} level={levelname} logger={name} {message}", "style": "{"}
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["strip_tokens"],
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {"django.server": {"handlers": ["console"], "level": "ERROR", "propagate": False}},
}
