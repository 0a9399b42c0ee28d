"""The guide to moving here: every block of it is executed, and what its tables name exists."""

import os
import re
import shlex
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.db import IntegrityError, connections
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.test import Client
from django.urls import resolve
from django.utils import timezone
from rest_framework.settings import api_settings
from rest_framework_simplejwt.settings import DEFAULTS

from accounts.compat.problems import handle
from config import urls
from portcullis.api import NoSuchEndpoint
from tests.accounts.simplejwt_client import TokenClient
from tests.doors import PASSWORD, Api
from tests.package.readme import PROJECT, blocks
from tests.tokens import forge
from tests.tokens.carrying import by_header
from tokens.authentication import TokenAuthentication
from tokens.conf import TokensConf

pytestmark = pytest.mark.django_db

GUIDE = (PROJECT / "docs/migrating.md").read_text(encoding="utf-8")
EMAIL = "ada@example.com"
OLD_USERS = """
    CREATE TABLE auth_user (
        id integer PRIMARY KEY, username varchar(150), email varchar(254), password varchar(128),
        first_name varchar(150), last_name varchar(150), is_active bool, is_staff bool,
        is_superuser bool, date_joined datetime, last_login datetime
    )
"""
EXECUTED = {
    "copy_users": "def copy_users",
    "compat urls": 'include("accounts.compat.urls")',
    "REST_FRAMEWORK": "REST_FRAMEWORK =",
    "TOKENS": "TOKENS =",
    "copying": "copy_users('old')",
    "dropping": "token_blacklist zero",
    "claims": "def simplejwt_claims",
    "tokens_for": "def tokens_for",
    "djoser's urls": "jwt-create",
    "client_of": "def client_of",
}


def text_of(name: str) -> str:
    [text] = [block.text for block in blocks(GUIDE) if EXECUTED[name] in block.text]
    return text


def execute(name: str) -> dict[str, Any]:
    """What the block of that name defines."""
    defined: dict[str, Any] = {}
    exec(compile(text_of(name), f"docs/migrating.md: {name}", "exec"), defined)
    return defined


def run(name: str) -> None:
    """Every `python manage.py ...` of a block, in this project."""
    for line in text_of(name).splitlines():
        python, manage, command, *arguments = shlex.split(line, comments=True)
        assert (python, manage) == ("python", "manage.py")
        call_command(command, *arguments, verbosity=0)


@pytest.fixture
def people(monkeypatch):
    """The reader's app: a module in it defines what a block does."""
    monkeypatch.setitem(sys.modules, "people", ModuleType("people"))

    def write(module: str, block: str) -> None:
        written = ModuleType(f"people.{module}")
        vars(written).update(execute(block))
        monkeypatch.setitem(sys.modules, f"people.{module}", written)

    return write


def rows_of_the_blacklist(database: Path) -> dict[str, int]:
    with closing(sqlite3.connect(database)) as old:
        found = old.execute("SELECT name FROM sqlite_master WHERE name GLOB 'token_blacklist_*en'")
        return {
            table: old.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for (table,) in found.fetchall()
        }


@pytest.fixture
def mount(monkeypatch, settings):
    """Use the urls of a block, before those of the project."""

    def mounted(name: str) -> None:
        module = ModuleType("their_urls")
        module.urlpatterns = [*execute(name)["urlpatterns"], *urls.urlpatterns]
        monkeypatch.setitem(sys.modules, "their_urls", module)
        settings.ROOT_URLCONF = "their_urls"

    return mounted


@pytest.fixture
def old(db, tmp_path):
    """A second database, named as the guide names it. It is connected to before it is named, since
    Django's tests let nobody do that who comes later than their own beginning."""
    facts = {"ENGINE": "django.db.backends.sqlite3", "NAME": tmp_path / "old.sqlite3"}
    known = connections.configure_settings({"default": {}, "old": facts})["old"]
    connection = DatabaseWrapper(known, "old")
    connection.connect()
    connections.databases["old"], connections["old"] = known, connection
    yield connection
    connection.close()
    del connections["old"], connections.databases["old"]


@pytest.fixture
def old_user(old, people):
    """A row as Django's own user model left it."""
    people("copy_users", "copy_users")
    with old.cursor() as cursor:
        cursor.execute(OLD_USERS)

    def insert(**facts: Any) -> None:
        row = {
            "id": 1, "username": "ada", "email": EMAIL, "first_name": "Ada",
            "last_name": "Lovelace", "password": make_password(PASSWORD, hasher="pbkdf2_sha256"),
            "is_active": True, "is_staff": True, "is_superuser": False,
            "date_joined": timezone.now(), **facts,
        }  # fmt: skip
        holes = ", ".join(["%s"] * len(row))
        with old.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO auth_user ({', '.join(row)}) VALUES ({holes})", [*row.values()]
            )

    return insert


def test_every_block_is_one_of_those_that_are_executed_here():
    found = blocks(GUIDE)
    assert {block.language for block in found} == {"python", "sh"}
    assert len(found) == len(EXECUTED)


def test_users_are_copied_with_their_hashes(old_user, mailbox):
    old_user()
    old_user(id=2, username="bot", email="")
    run("copying")
    [ada] = get_user_model().objects.all()
    assert (ada.email, ada.name, ada.is_staff) == (EMAIL, "Ada Lovelace", True)
    assert Api().try_login("ADA@example.com").status_code == 401  # unverified: it mails a link
    assert Api().post("/auth/verify-email", {"token": mailbox.token()}).status_code == 200
    Api().login()
    ada.refresh_from_db()
    assert ada.password.startswith("argon2$")


def test_nothing_is_copied_where_two_share_an_address(old_user):
    old_user()
    old_user(id=2, username="ada2", email="Ada@Example.com")
    with pytest.raises(IntegrityError):
        run("copying")


def test_a_name_of_two_that_fill_their_columns_is_cut(old_user):
    old_user(first_name="A" * 150, last_name="L" * 150)
    run("copying")
    assert get_user_model().objects.get().name == "A" * 150


def test_simplejwt_s_clients_find_their_paths(mount, user):
    mount("compat urls")
    pair = TokenClient().obtain().json()
    assert pair.keys() == {"access", "refresh"}
    assert TokenClient().verify(pair["access"]).status_code == 200


def test_djoser_s_clients_find_theirs(mount, user):
    mount("djoser's urls")
    client = Api()
    pair = client.post("//auth/jwt/create/", {"email": EMAIL, "password": PASSWORD}).json()
    rotated = client.post("//auth/jwt/refresh/", {"refresh": pair["refresh"]}).json()
    assert client.post("//auth/jwt/verify/", {"token": rotated["access"]}).status_code == 200


def test_a_project_s_own_views_refuse_in_both_shapes(settings):
    settings.REST_FRAMEWORK = execute("REST_FRAMEWORK")["REST_FRAMEWORK"]
    assert [TokenAuthentication] == api_settings.DEFAULT_AUTHENTICATION_CLASSES
    assert api_settings.EXCEPTION_HANDLER is handle


def test_settings_and_claims_make_tokens_as_simplejwt_s(user, settings, people):
    people("claims", "claims")
    settings.TOKENS = execute("TOKENS")["TOKENS"]
    api = Api().login(transport="bearer")
    access, refresh = forge.claims_of(api.access), forge.claims_of(api.refresh_token)
    assert (access["user_id"], access["token_type"]) == (str(user.pk), "access")
    assert access["exp"] - access["iat"] == DEFAULTS["ACCESS_TOKEN_LIFETIME"].total_seconds()
    life = refresh["exp"] - refresh["iat"]
    assert life == pytest.approx(DEFAULTS["REFRESH_TOKEN_LIFETIME"].total_seconds(), abs=1)


def test_code_that_makes_tokens_goes_on(user):
    made = execute("tokens_for")["tokens_for"](user)
    assert by_header(made["access"]).status_code == 200
    assert forge.claims_of(made["access"])["tenant"] == "north"
    rotated = Api().post("/auth/refresh", {"refresh": made["refresh"]}).json()
    assert "tenant" not in forge.claims_of(rotated["access"])


def test_the_blacklist_s_tables_are_dropped_with_what_is_in_them(tmp_path):
    """In a project of SimpleJWT's own, after a story that fills both."""
    database = tmp_path / "old.sqlite3"
    manage = f"{shlex.quote(sys.executable)} -m tests.accounts.simplejwt_server"

    def bash(script: str) -> None:
        subprocess.run(
            ["bash", "-euc", script], cwd=PROJECT, check=True, capture_output=True, timeout=60,
            env={**os.environ, "OLD_DATABASE": str(database)},
        )  # fmt: skip

    bash(manage)
    filled = rows_of_the_blacklist(database)
    assert len(filled) == 2
    assert all(filled.values())
    bash(text_of("dropping").replace("python manage.py", manage))
    assert rows_of_the_blacklist(database) == {}


def test_a_test_s_client_is_signed_in_by_a_token_and_not_by_force(user):
    signed_in = execute("client_of")["client_of"](user)
    assert signed_in.get("/api/users/profile", secure=True).json()["email"] == EMAIL
    forced = Client()
    forced.force_login(user)
    assert forced.get("/api/users/profile", secure=True).status_code == 401
    assert forced.get("/accounts/profile/", secure=True).status_code == 302


def test_every_path_that_is_named_is_there():
    named = set(re.findall(r"`(/api/[\w/-]+)`", GUIDE))
    assert len(named) >= 10
    for path in named:
        found = getattr(resolve(path).func, "view_class", None)
        assert found not in {None, NoSuchEndpoint}, path


def test_every_setting_of_simplejwt_has_its_row():
    table = GUIDE.partition("| `SIMPLE_JWT` |")[2].partition("\n\n")[0]
    named = {name for row in table.splitlines() for name in re.findall(r"`([A-Z_]{4,})`", row)}
    assert DEFAULTS.keys() <= named
    ours = set(re.findall(r'TOKENS\["([A-Z_]+)"\]', GUIDE))
    assert ours <= set(TokensConf.__dataclass_fields__)


def test_every_file_and_section_that_is_named_is_there():
    headings = re.findall(r"^#+ (.*)$", GUIDE, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\(#([\w-]+)\)", GUIDE)) <= anchors
    for path in re.findall(r"`((?:docs|tests)/[\w/.]+)`", GUIDE):
        assert (PROJECT / path).exists(), path
