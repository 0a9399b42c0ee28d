"""A project that has a module of one of our names."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from portcullis import namesakes
from portcullis.checks import check_names

PROJECT = Path(__file__).resolve().parents[2]
THEIRS = "SECRET_KEY = 'x'\nINSTALLED_APPS = {apps}\n"
BOOM = "raise SystemExit('a stranger was imported')"
ALL = ["portcullis", "tokens", "rbac", "accounts", "mfa"]


@pytest.fixture
def theirs(tmp_path) -> Path:
    """A directory of theirs, where they have an `mfa` that is not ours."""
    stranger = tmp_path / "mfa" / "__init__.py"
    stranger.parent.mkdir()
    stranger.write_text(BOOM)
    return stranger


def start(project: Path, apps: list[str]) -> str:
    """What Django says when their project starts with these apps."""
    django = ["django.contrib.auth", "django.contrib.contenttypes", "django_tasks_db"]
    (project / "theirs.py").write_text(THEIRS.format(apps=[*apps, *django]))
    done = subprocess.run(
        [sys.executable, "-m", "django", "check"],
        check=False,
        cwd=project,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(PROJECT),
            "DJANGO_SETTINGS_MODULE": "theirs",
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0, done.stdout
    return done.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("apps", "file"),
    [
        (ALL, "accounts/__init__.py"),
        (ALL[::-1], "accounts/__init__.py"),
        ([*ALL[:3], "accounts.apps.AccountsConfig"], "accounts/__init__.py"),
        (ALL, "rbac.py"),
    ],
    ids=["ours first", "ours last", "a dotted entry", "a single file"],
)
def test_an_installed_app_that_is_not_ours_stops_the_start(tmp_path, apps, file):
    stranger = tmp_path / file
    stranger.parent.mkdir(exist_ok=True)
    stranger.write_text("")
    if stranger.name == "__init__.py":
        (stranger.parent / "apps.py").write_text(
            "from django.apps import AppConfig\n"
            "class AccountsConfig(AppConfig):\n    name = 'accounts'\n"
        )
        (stranger.parent / "models.py").write_text(BOOM)
    said = start(tmp_path, apps)
    assert "ImproperlyConfigured" in said
    assert str(stranger) in said
    assert "rename" in said


def test_our_own_apps_are_no_strangers():
    namesakes.refuse_strangers([*ALL, "accounts.apps.AccountsConfig", "theirs.accounts", "nobody"])
    assert check_names() == []


def test_a_stranger_that_is_not_installed_is_an_error(theirs, monkeypatch):
    monkeypatch.syspath_prepend(theirs.parents[1])
    monkeypatch.delitem(sys.modules, "mfa")
    [error] = check_names()
    assert error.id == "portcullis.E001"
    assert str(theirs) in error.msg
    with pytest.raises(ImproperlyConfigured):
        namesakes.refuse_strangers(["mfa"])


def test_one_that_ours_hides_is_a_warning(theirs, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path, str(theirs.parents[1]), str(theirs.parents[1])])
    [warning] = check_names()
    assert warning.id == "portcullis.W001"
    assert str(theirs) in warning.msg


def test_one_that_is_loaded_already_is_seen(theirs, monkeypatch):
    """By hand, as some loaders and tests do: without a spec."""
    loaded = type(sys)("mfa")
    loaded.__file__ = str(theirs)
    monkeypatch.setitem(sys.modules, "mfa", loaded)
    assert namesakes.taken("mfa") == theirs


def test_a_plain_folder_and_another_way_to_ours_are_nobody_s_namesake(tmp_path, monkeypatch):
    (tmp_path / "tokens").mkdir()
    (tmp_path / "tokens" / "data.csv").write_text("")
    (tmp_path / "link").symlink_to(PROJECT)
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(tmp_path / "link"), *sys.path])
    assert check_names() == []


def test_another_copy_of_this_product_is_no_stranger(tmp_path, monkeypatch):
    """A checkout and an installed wheel; or files that are links into a store."""
    for name in ALL:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").symlink_to(PROJECT / name / "__init__.py")
    (tmp_path / "portcullis" / "namesakes.py").symlink_to(PROJECT / "portcullis" / "namesakes.py")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert check_names() == []
