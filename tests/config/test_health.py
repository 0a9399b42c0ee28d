"""Whether the service lives, whether it is ready, and the headers that every answer carries."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from threading import Event

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from config import health
from tests.doors import Api

PROJECT = Path(__file__).resolve().parents[2]
READY = {"database": "ok", "cache": "ok", "migrations": "ok"}
PLACES = [
    "//healthz",
    "//readyz",
    "//.well-known/jwks.json",
    "//nothing",
    "/auth/csrf",
    "/users/profile",
    "/nothing",
    "/schema",
    "/docs",
]
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
ASK_WITHOUT_DATABASE = """
import django, json
django.setup()
from django.test import Client
for path in ("/healthz", "/readyz"):
    answer = Client(HTTP_HOST="portcullis.test").get(path)
    print(json.dumps([answer.status_code, answer.json()]))
"""


@pytest.fixture
def no_cache(settings):
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
        }
    }


@pytest.mark.parametrize("secure", [True, False], ids=["https", "plain, as a probe asks"])
def test_a_sound_service_is_alive_and_ready(db, secure):
    client = Api().client
    alive, ready = (client.get(f"/{path}", secure=secure) for path in ("healthz", "readyz"))
    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    assert (ready.status_code, ready.json()) == (200, {"status": "ok", "parts": READY})


def test_a_missing_migration_is_not_ready(db, monkeypatch):
    monkeypatch.setattr(health, "_applied", Event())  # as in a process that has just begun
    [newest] = MigrationLoader(connection).graph.leaf_nodes("accounts")
    MigrationRecorder(connection).record_unapplied(*newest)
    answer = Api().get("//readyz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "unavailable", "parts": {**READY, "migrations": "failed"}}
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Cache-Control"] == "no-store"
    assert Api().get("//healthz").status_code == 200


def test_a_missing_cache_is_not_ready(db, no_cache):
    answer = Api().get("//readyz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "unavailable", "parts": {**READY, "cache": "failed"}}
    assert Api().get("//healthz").status_code == 200


def test_without_the_cache_logins_and_sessions_go_on(user, no_cache, transport):
    api = Api().login(transport=transport)
    assert api.get("/users/profile").status_code == 200
    assert api.refresh().status_code == 200
    assert api.logout().status_code == 204


def test_a_missing_database_is_not_ready_and_says_no_more(tmp_path):
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": f"sqlite:///{tmp_path}/no/such/directory/db.sqlite3",
        "CACHE_URL": "locmemcache://alone",
    }
    done = subprocess.run(
        [sys.executable, "-c", ASK_WITHOUT_DATABASE],
        check=False, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    alive, ready = map(json.loads, done.stdout.splitlines())
    assert alive == [200, {"status": "ok"}]
    failed = {"database": "failed", "cache": "ok", "migrations": "failed"}
    assert ready == [503, {"status": "unavailable", "parts": failed}]


def carries_what_protects(answer) -> None:
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert answer.headers["Permissions-Policy"]
    assert answer.headers["X-Request-ID"]
    assert "Server" not in answer.headers
    assert "X-Powered-By" not in answer.headers
    policy = dict(
        directive.strip().split(" ", 1)
        for directive in answer.headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["object-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("place", PLACES)
def test_every_answer_carries_the_headers_that_protect_it(db, place):
    carries_what_protects(Api().get(place))


def test_also_a_body_that_is_too_large_is_answered_with_them(db):
    answer = Api().post("/auth/login", {"email": "x" * 65 * 1024})
    assert answer.status_code == 413
    carries_what_protects(answer)


def test_the_documentation_obeys_the_content_security_policy(db):
    page = Api().get("/docs").content.decode()
    sources = re.findall(r"(?:src|href)=\"([^\"]+)\"", page)
    assert sources
    assert all(source.startswith("/") and source[1] != "/" for source in sources)
    assert "<script>" not in page


def test_mail_is_shown_nowhere_without_debug(db):
    assert Api().get("//outbox/").status_code == 404
    assert Api().get("//outbox/latest.txt").status_code == 404
