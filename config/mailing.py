"""`EMAIL_URL` as Django's mail settings."""

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

SMTP_PORT = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465}
CHOICES = (
    "Use console, smtp://host:port, smtp+tls://..., or an anymail provider such as "
    "mailgun://?API_KEY=..."
)


def mail_settings(url: str, *, debug: bool) -> dict[str, Any]:
    """`console` (under DEBUG also the outbox page), `smtp://user:password@host:port`, `smtp+tls://`,
    `smtp+ssl://`, or an anymail provider: `mailgun://?API_KEY=...&SENDER_DOMAIN=...`."""
    if url == "console":
        console = "django.core.mail.backends.console.EmailBackend"
        return {"EMAIL_BACKEND": "config.outbox.OutboxBackend" if debug else console}
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ImproperlyConfigured(f"EMAIL_URL: {error}. {CHOICES}") from error
    if parts.scheme in SMTP_PORT:
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "EMAIL_HOST": parts.hostname or "localhost",
            "EMAIL_PORT": port or SMTP_PORT[parts.scheme],
            "EMAIL_HOST_USER": unquote(parts.username or ""),
            "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
            "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
            "EMAIL_USE_SSL": parts.scheme == "smtp+ssl",
        }
    return _anymail(parts.scheme, dict(parse_qsl(parts.query)))


def _anymail(provider: str, options: dict[str, str]) -> dict[str, Any]:
    backend = f"anymail.backends.{provider}.EmailBackend"
    try:
        import_string(backend)
    except ImportError as error:
        raise ImproperlyConfigured(f"EMAIL_URL names {provider!r}. {CHOICES}") from error
    prefix = provider.upper()
    return {
        "EMAIL_BACKEND": backend,
        "ANYMAIL": {f"{prefix}_{name.upper()}": value for name, value in options.items()},
    }
