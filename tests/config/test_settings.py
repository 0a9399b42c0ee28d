"""The environment decides, and nonsense in it stops the start with a word about what to set."""

import base64
import os
import re
import runpy
import stat
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured

from accounts.conf import conf as accounts_conf
from config import dotenv
from portcullis.conf import conf as portcullis_conf
from tokens.conf import conf as tokens_conf

PROJECT = Path(__file__).resolve().parents[2]
KEY = "0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
FIELD_KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
ANOTHER = base64.urlsafe_b64encode(bytes(range(1, 33))).decode()
PRODUCTION = {
    "SECRET_KEY": KEY,
    "FIELD_ENCRYPTION_KEYS": FIELD_KEY,
    "BASE_URL": "https://id.example.com",
}
MAKE = r"config\.dotenv"
ORIGIN = r"https://"
PROVIDERS = "console, smtp"
REFUSED = [
    ("SECRET_KEY", None, MAKE),
    ("SECRET_KEY", "", MAKE),
    ("SECRET_KEY", "   ", MAKE),
    ("SECRET_KEY", KEY[:49], "50 random characters"),
    ("SECRET_KEY", "x" * 60, "50 random characters"),
    ("SECRET_KEY", "abcd" * 15, "50 random characters"),
    ("SECRET_KEY", f"django-insecure-{KEY}", "50 random characters"),
    ("FIELD_ENCRYPTION_KEYS", None, MAKE),
    ("FIELD_ENCRYPTION_KEYS", "", MAKE),
    ("FIELD_ENCRYPTION_KEYS", " , ", MAKE),
    ("FIELD_ENCRYPTION_KEYS", "x" * 44, "32-byte keys in url-safe base64"),
    ("FIELD_ENCRYPTION_KEYS", FIELD_KEY[:-1], "32-byte keys in url-safe base64"),
    ("FIELD_ENCRYPTION_KEYS", FIELD_KEY[:40], "32-byte keys in url-safe base64"),
    ("FIELD_ENCRYPTION_KEYS", "\u00e9" * 44, "32-byte keys in url-safe base64"),
    ("FIELD_ENCRYPTION_KEYS", f"{FIELD_KEY},short", "32-byte keys in url-safe base64"),
    ("FIELD_ENCRYPTION_KEYS", f"{FIELD_KEY},{FIELD_KEY}", "a value of its own"),
    ("SECRET_KEY_FALLBACKS", KEY, "a value of its own"),
    ("METRICS_TOKEN", KEY, "a value of its own"),
    ("METRICS_TOKEN", FIELD_KEY, "a value of its own"),
    ("ALLOWED_HOSTS", "*", "List each host"),
    ("ALLOWED_HOSTS", "id.example.com,*.example.com", "List each host"),
    ("ALLOWED_HOSTS", ".example.com", "List each host"),
    ("CORS_ALLOWED_ORIGINS", "*", "List each origin"),
    ("CORS_ALLOWED_ORIGINS", "https://*.example.com", "List each origin"),
    ("CORS_ALLOWED_ORIGINS", "app.example.com", ORIGIN),
    ("CORS_ALLOWED_ORIGINS", "https://app.example.com/", ORIGIN),
    ("CORS_ALLOWED_ORIGINS", "null", ORIGIN),
    ("CSRF_TRUSTED_ORIGINS", "https://*.example.com", "List each origin"),
    ("CSRF_TRUSTED_ORIGINS", "app.example.com", ORIGIN),
    ("BASE_URL", "http://id.example.com", r"BASE_URL=https://.*DEBUG=true"),
    ("BASE_URL", None, r"BASE_URL=https://.*DEBUG=true"),
    ("BASE_URL", "https://id.example.com/app", ORIGIN),
    ("BASE_URL", "https://id.example.com?x=1", ORIGIN),
    ("BASE_URL", "https://ada:secret@id.example.com", ORIGIN),
    ("BASE_URL", "https://id.example.com:port", ORIGIN),
    ("BASE_URL", "https://[id.example.com", ORIGIN),
    ("BASE_URL", "id.example.com", ORIGIN),
    ("BASE_URL", "ftp://id.example.com", ORIGIN),
    ("BASE_URL", "https://", ORIGIN),
    ("BASE_URL", "", ORIGIN),
    ("DEBUG", "maybe", "true or false"),
    ("DEBUG", "yes", "true or false"),
    ("DEBUG", "ture", "true or false"),
    ("REGISTRATION", "opened", "open, invite, closed"),
    ("REGISTRATION", "", "open, invite, closed"),
    ("EMAIL_VERIFICATION", "none", "mandatory, optional"),
    ("PASSWORD_POLICY", "weak", "composition, strength"),
    ("BREACHED_PASSWORDS", "none", "service, list"),
    ("TRUSTED_PROXIES", "proxy.local", "address or network"),
    ("TRUSTED_PROXIES", "10.0.0.0/33", "address or network"),
    ("TRUSTED_PROXIES", "10.0.0.1,all", "address or network"),
    ("EMAIL_URL", "nonsense", PROVIDERS),
    ("EMAIL_URL", "smpt://mail.example.com", PROVIDERS),
    ("EMAIL_URL", "smtp://mail.example.com:port", PROVIDERS),
    ("EMAIL_URL", "smtp://mail.example.com:99999", PROVIDERS),
    ("EMAIL_URL", "mailgnu://?API_KEY=x", PROVIDERS),
    ("EMAIL_URL", "", PROVIDERS),
]
SMTP = "django.core.mail.backends.smtp.EmailBackend"
MAIL = {
    "smtp://mail.example.com": ("mail.example.com", 25, "", "", False, False),
    "smtp://mail.example.com:1025": ("mail.example.com", 1025, "", "", False, False),
    "smtp://[::1]:1025": ("::1", 1025, "", "", False, False),
    "smtp://": ("localhost", 25, "", "", False, False),
    "smtp+tls://mail.example.com": ("mail.example.com", 587, "", "", True, False),
    "smtp+ssl://mail.example.com": ("mail.example.com", 465, "", "", False, True),
    "smtp+tls://ada%40example.com:p%3A%2F%40ss@mail.example.com:2525": (
        *("mail.example.com", 2525, "ada@example.com", "p:/@ss", True, False),
    ),
}


def start(**environment: str | None) -> dict:
    """The settings that this environment, and nothing else, makes."""
    given = {name: value for name, value in environment.items() if value is not None}
    with (
        patch.dict(os.environ, given, clear=True),
        patch.object(environ.Env, "read_env"),
    ):
        return runpy.run_path(str(PROJECT / "config" / "settings.py"))


# Refused ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "value", "hint"), REFUSED)
def test_nonsense_is_named_with_what_to_set(name, value, hint):
    with pytest.raises(ImproperlyConfigured, match=f"(?s){hint}") as refused:
        start(**{**PRODUCTION, name: value})
    assert name in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "hunter2"),
        ("FIELD_ENCRYPTION_KEYS", "hunter2"),
        ("METRICS_TOKEN", KEY),
        ("EMAIL_URL", "smtps://ada:hunter2@mail.example.com"),
        ("EMAIL_URL", "smtp://ada:hunter2@mail.example.com:port"),
        ("EMAIL_URL", "mailgnu://?API_KEY=hunter2"),
    ],
)
def test_no_message_repeats_a_secret(name, value):
    with pytest.raises(Exception, match=r".") as refused:
        start(**{**PRODUCTION, name: value})
    assert "hunter2" not in str(refused.value)
    assert KEY not in str(refused.value)


@pytest.mark.parametrize(
    "command",
    [("manage.py", "check"), ("-c", "import config.wsgi")],
    ids=["a command", "the server"],
)
def test_a_process_without_its_key_does_not_start(command):
    bare = {"PATH": os.environ["PATH"], **PRODUCTION, "SECRET_KEY": ""}
    done = subprocess.run(
        [sys.executable, *command],
        check=False,
        cwd=PROJECT,
        env=bare,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    assert "ImproperlyConfigured: SECRET_KEY is not set" in done.stderr


@pytest.mark.parametrize(
    ("name", "conf"),
    [("PORTCULLIS", portcullis_conf), ("TOKENS", tokens_conf), ("ACCOUNTS", accounts_conf)],
)
def test_a_misspelt_setting_raises(settings, name, conf):
    setattr(settings, name, {**getattr(settings, name), "LIFETIEM": 5})
    with pytest.raises(ImproperlyConfigured, match=f"{name}.*LIFETIEM"):
        conf()


# Accepted -----------------------------------------------------------------------------------------


def test_production_is_the_default_and_secure():
    made = start(**PRODUCTION)
    assert made["DEBUG"] is False
    assert made["SECURE_SSL_REDIRECT"] is True
    assert made["SECURE_HSTS_SECONDS"] >= 365 * 24 * 3600
    assert (made["SESSION_COOKIE_NAME"], made["SESSION_COOKIE_SECURE"]) == (
        "__Host-sessionid",
        True,
    )
    assert (made["CSRF_COOKIE_NAME"], made["CSRF_COOKIE_SECURE"]) == ("__Host-csrftoken", True)
    assert "id.example.com" in made["ALLOWED_HOSTS"]
    assert made["CORS_ALLOWED_ORIGINS"] == []
    assert made["ACCOUNTS"]["REGISTRATION"] == "open"
    assert made["ACCOUNTS"]["EMAIL_VERIFICATION"] == "mandatory"
    assert made["ACCOUNTS"]["PASSWORD_POLICY"] == "composition"
    assert made["DATABASES"]["default"]["ATOMIC_REQUESTS"] is False


def test_a_developer_s_machine_needs_no_tls_and_no_strong_key():
    made = start(SECRET_KEY="x", FIELD_ENCRYPTION_KEYS=FIELD_KEY, DEBUG="true")
    assert made["BASE_URL"] == "http://localhost:8000"
    assert (made["SESSION_COOKIE_NAME"], made["SESSION_COOKIE_SECURE"]) == ("sessionid", False)
    assert made["SECURE_SSL_REDIRECT"] is False


def test_lists_are_comma_separated_and_spaces_do_not_matter():
    made = start(
        **PRODUCTION,
        SECRET_KEY_FALLBACKS=f"{KEY[::-1]}, {KEY.swapcase()}",
        ALLOWED_HOSTS=" a.example.com , b.example.com,",
        CORS_ALLOWED_ORIGINS="https://a.example.com, https://b.example.com:8443",
        TRUSTED_PROXIES="10.0.0.1, 2001:db8::/32",
    )
    assert made["SECRET_KEY_FALLBACKS"] == [KEY[::-1], KEY.swapcase()]
    assert made["ALLOWED_HOSTS"] == ["a.example.com", "b.example.com", "id.example.com"]
    assert made["CORS_ALLOWED_ORIGINS"] == ["https://a.example.com", "https://b.example.com:8443"]
    assert made["PORTCULLIS"]["TRUSTED_PROXIES"] == ("10.0.0.1", "2001:db8::/32")


def test_a_former_key_may_be_any_text():
    """Django's own generator writes stars into keys."""
    former = "a*b(c)d-" * 8
    assert start(**PRODUCTION, SECRET_KEY_FALLBACKS=former)["SECRET_KEY_FALLBACKS"] == [former]


def test_several_field_keys_keep_their_order():
    made = start(**{**PRODUCTION, "FIELD_ENCRYPTION_KEYS": f"{ANOTHER},{FIELD_KEY}"})
    assert made["PORTCULLIS"]["ENCRYPTION_KEYS"] == (ANOTHER, FIELD_KEY)


@pytest.mark.parametrize(("url", "expected"), MAIL.items(), ids=MAIL)
def test_mail_by_smtp(url, expected):
    made = start(**PRODUCTION, EMAIL_URL=url)
    names = ("HOST", "PORT", "HOST_USER", "HOST_PASSWORD", "USE_TLS", "USE_SSL")
    assert made["EMAIL_BACKEND"] == SMTP
    assert tuple(made[f"EMAIL_{name}"] for name in names) == expected
    assert made["EMAIL_TIMEOUT"] < portcullis_conf().TASK_STALLED_AFTER


def test_mail_by_a_provider():
    made = start(**PRODUCTION, EMAIL_URL="mailgun://?API_KEY=k%2Bk&SENDER_DOMAIN=mg.example.com")
    assert made["EMAIL_BACKEND"] == "anymail.backends.mailgun.EmailBackend"
    assert made["ANYMAIL"] == {"MAILGUN_API_KEY": "k+k", "MAILGUN_SENDER_DOMAIN": "mg.example.com"}


@pytest.mark.parametrize(
    ("debug", "backend"),
    [
        ("false", "django.core.mail.backends.console.EmailBackend"),
        ("true", "config.outbox.OutboxBackend"),
    ],
)
def test_mail_to_the_console_has_a_page_under_debug_only(debug, backend):
    assert start(**PRODUCTION, DEBUG=debug)["EMAIL_BACKEND"] == backend


def test_a_sound_deployment_passes_django_s_own_checks(tmp_path):
    sound = {
        "PATH": os.environ["PATH"],
        **PRODUCTION,
        "DEBUG": "false",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}",
        "CACHE_URL": "redis://127.0.0.1:6379/0",
        "EMAIL_URL": "smtp+tls://mail.example.com",
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy"],
        check=False, cwd=PROJECT, env=sound, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    warned = set(re.findall(r"\((\w+\.[EWC]\d+)\)", done.stderr))
    assert warned <= {"security.W021"}  # preloading HSTS is for good: the domain's owner decides


# .env ---------------------------------------------------------------------------------------------


def test_a_written_env_file_is_its_owner_s_alone_and_starts(tmp_path):
    path = tmp_path / ".env"
    assert dotenv.write(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with patch.dict(os.environ, clear=True):
        environ.Env.read_env(path)
        written = dict(os.environ)
    made = start(**written)
    assert made["DEBUG"] is True
    assert len(made["SECRET_KEY"]) >= 50
    assert start(**{**written, "DEBUG": "false", "BASE_URL": "https://id.example.com"})


def test_each_env_file_has_secrets_of_its_own_and_none_is_overwritten(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    assert dotenv.write(one)
    assert dotenv.write(other)
    lines = [set(path.read_text().splitlines()[2:]) for path in (one, other)]
    assert not lines[0] & lines[1]
    before = one.read_text()
    assert not dotenv.write(one)
    assert one.read_text() == before
