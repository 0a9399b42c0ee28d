"""Permissions that code declares, and the roles that every installation has: made by `migrate`."""

import json
import os
import subprocess
import sys

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portcullis import registry
from rbac.models import Role
from rbac.registry import Danger, Declared, danger_of, declare, declared, make_declared
from tests.package.readme import PROJECT
from tests.rbac.making import make_role, permission

pytestmark = pytest.mark.django_db

SEES = {"accounts.view_user", "tokens.view_session", "tokens.change_session"}


@pytest.fixture(autouse=True)
def own_registry(monkeypatch):
    monkeypatch.setattr(registry, "_declared", dict(registry._declared))


def migrate() -> None:
    call_command("migrate", verbosity=0)


def held(slug: str) -> set[str]:
    rows = Role.objects.get(slug=slug).permissions.select_related("content_type")
    return {f"{row.content_type.app_label}.{row.codename}" for row in rows}


def everything() -> list[object]:
    tables = (Role, Role.parents.through, Role.permissions.through, Permission, ContentType)
    return [sorted(table.objects.values_list(), key=str) for table in tables]


def test_an_installation_starts_with_three_roles():
    roles = Role.objects.values_list("slug", "rank", "parents__slug", "mfa_required")
    assert list(roles) == [
        ("admin", 100, None, False),
        ("moderator", 50, None, False),
        ("user", 0, None, False),
    ]
    of_admin = {code for code, each in declared().items() if "admin" in each.roles}
    assert (held("admin"), held("moderator"), held("user")) == (of_admin, SEES, set())
    assert SEES < of_admin == set(declared())


def test_what_code_declares_is_there_after_migrate_with_its_label():
    declare(
        Declared("rbac.audit_roles", "Audit who held what", Danger.MEDIUM),
        Declared("rbac.view_role", "Renamed by the project"),
        Declared("accounts.call_user", "Call somebody", on="accounts.User", roles=("moderator",)),
        Declared("tokens.count_session"),
    )
    migrate()
    made = permission("rbac.audit_roles")
    assert (made.name, made.content_type.model) == ("Audit who held what", "role")
    assert permission("rbac.view_role").name == "Renamed by the project"
    assert permission("accounts.call_user").content_type.model == "user"
    assert permission("tokens.count_session").name == "Count session"
    assert danger_of("rbac.audit_roles") is Danger.MEDIUM
    assert danger_of("auth.view_group") is None
    assert held("moderator") == {*SEES, "accounts.call_user"}


def test_system_roles_get_what_is_new_once_and_what_was_taken_out_stays_out():
    Role.objects.get(slug="moderator").permissions.clear()
    taken = permission("rbac.add_role")
    Role.objects.get(slug="admin").permissions.remove(taken)
    declare(Declared("rbac.new_one", "New", roles=("admin",)))
    migrate()
    assert held("moderator") == set()
    assert "rbac.new_one" in held("admin")
    assert "rbac.add_role" not in held("admin")
    Role.objects.get(slug="admin").permissions.remove(permission("rbac.new_one"))
    migrate()
    assert {"rbac.new_one", "rbac.add_role"}.isdisjoint(held("admin"))


def test_what_a_role_was_given_elsewhere_is_not_lost():
    """A role of the installation's own, and names that somebody changed, are theirs."""
    role = make_role("theirs", "rbac.add_role", rank=70)
    Role.objects.filter(slug="moderator").update(name="Steward", rank=60)
    Role.objects.get(slug="admin").parents.clear()
    migrate()
    assert held("theirs") == {"rbac.add_role"}
    moderator = Role.objects.get(slug="moderator")
    assert (moderator.name, moderator.rank) == ("Steward", 60)
    assert not Role.objects.get(slug="admin").parents.exists()
    role.refresh_from_db()
    assert role.rank == 70


def test_migrating_again_changes_nothing_and_stays_cheap():
    migrate()
    before = everything()
    with CaptureQueriesContext(connection) as one:
        for config in apps.get_app_configs():
            make_declared(config, using="default")
    wanting = {each.app_label for each in declared().values()}
    assert len(one) <= 6 * len(wanting)
    assert all(query["sql"].startswith("SELECT") for query in one)
    migrate()
    assert everything() == before


def test_system_roles_that_are_gone_come_back():
    Role.objects.filter(slug__in=["user", "moderator"]).delete()
    migrate()
    assert (held("moderator"), held("user")) == (SEES, set())


@pytest.mark.django_db(transaction=True)
def test_a_flushed_database_has_them_too():
    make_role("theirs")
    before = {slug: held(slug) for slug in ("admin", "moderator", "user")}
    call_command("flush", interactive=False, verbosity=0)
    assert {role.slug: held(role.slug) for role in Role.objects.all()} == before


@pytest.mark.parametrize("code", ["", "accounts", "accounts.", ".view", "a.b.c", "a b.c", "a.b-c"])
def test_what_is_no_code_cannot_be_declared(code):
    with pytest.raises(ValueError, match=r"app\.codename"):
        declare(Declared(code, "?"))
    assert code not in declared()


@pytest.mark.parametrize(
    "flawed",
    [
        Declared("portcullis.do_it", "Of an app without models"),
        Declared("rbac.do_it", "On a model of another app", on="accounts.User"),
        Declared("rbac.do_it", "For a role of somebody's own", roles=("theirs",)),
    ],
)
def test_what_cannot_be_filed_stops_the_migration(flawed):
    make_role("theirs")
    declare(flawed)
    with pytest.raises(ImproperlyConfigured):
        migrate()


INSTALL = """
import json
import django
django.setup()
from django.core.management import call_command
from tests.rbac.test_registry import filed
dumps = []
for steps in STEPS:
    for step in steps:
        call_command("migrate", *step.split(), verbosity=0)
    dumps.append(filed())
print(json.dumps(dumps))
"""


def filed() -> dict[str, list[str]]:
    """What each role holds, and the model that it is filed under."""
    rows = Role.permissions.through.objects.select_related("role", "permission__content_type")
    held: dict[str, list[str]] = {role.slug: [] for role in Role.objects.all()}
    for row in rows:
        kind = row.permission.content_type
        held[row.role.slug].append(f"{kind.app_label}.{kind.model}: {row.permission.codename}")
    return {slug: sorted(codes) for slug, codes in held.items()}


def test_an_empty_database_gets_them_and_gives_them_up(tmp_path):
    """In a process of its own: one app before the others, and away and back, as if at once."""
    steps = [["rbac", ""], ["rbac zero", ""]]
    done = subprocess.run(
        [sys.executable, "-c", INSTALL.replace("STEPS", repr(steps))],
        cwd=PROJECT,
        env={
            **os.environ,
            "DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3",
            "DJANGO_SETTINGS_MODULE": "tests.settings",
        },
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [filed()] * 2
