"""What the wheel holds, says and needs."""

import ast
import configparser
import re
import sys
import tarfile
import zipfile
from email.parser import BytesParser
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from portcullis.namesakes import OURS
from tests.package.conftest import STRAYS
from tests.package.readme import PROJECT, README

BY_NAME_ONLY = {
    "argon2-cffi": "Django's Argon2 hasher, which accounts.hashers subclasses, loads it",
    "bcrypt": "so does Django's BCryptSHA256PasswordHasher, which accepts older hashes",
}
BUILD_NOTES = {"RECORD", "WHEEL", "METADATA", "top_level.txt", "licenses/LICENSE"}


@pytest.fixture(scope="module")
def wheel(built):
    with zipfile.ZipFile(built.wheel) as opened:
        yield opened


@pytest.fixture(scope="module")
def metadata(wheel):
    [name] = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    return BytesParser().parsebytes(wheel.read(name))


def ours(root: Path) -> set[str]:
    """Every file of the five packages, but for what Python and the planted strays leave there."""
    return {
        str(path.relative_to(root))
        for name in OURS
        for path in (root / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    } - set(STRAYS)


def normal(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def test_the_wheel_holds_the_five_packages_whole_and_nothing_else(wheel, built):
    notes = {name for name in wheel.namelist() if ".dist-info/" in name}
    assert set(wheel.namelist()) - notes == ours(built.source)
    assert {name.split("/", 1)[1] for name in notes} == BUILD_NOTES


def test_each_kind_of_file_travels(wheel):
    """The comparison above would hold for two empty sets too."""
    assert {
        "accounts/py.typed",
        "accounts/migrations/0001_initial.py",
        "accounts/templates/accounts/login.html",
        "accounts/templates/accounts/mail/verify_email.mail",
        "portcullis/management/commands/db_worker.py",
        "portcullis/static/portcullis/portcullis.css",
    } <= set(wheel.namelist())


def test_the_watch_over_names_knows_all_of_them(wheel):
    [name] = [name for name in wheel.namelist() if name.endswith(".dist-info/top_level.txt")]
    assert tuple(wheel.read(name).decode().split()) == OURS


def test_the_source_distribution_holds_them_too_and_no_stray(built):
    with tarfile.open(built.sdist) as opened:
        files = {member.name.split("/", 1)[1] for member in opened if member.isfile()}
    assert ours(built.source) <= files
    assert {"setup.cfg", "pyproject.toml", "README.md", "LICENSE"} <= files
    assert not files & set(STRAYS)
    assert not {name.split("/")[0] for name in files} & {"config", "benchmarks", "outbox"}


def test_the_metadata_are_those_of_setup_cfg(metadata):
    said = configparser.ConfigParser(interpolation=None)
    said.read(PROJECT / "setup.cfg", encoding="utf-8")
    assert metadata["Name"] == "django-portcullis"
    assert metadata["Version"] == said["metadata"]["version"]
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "MIT"
    assert "Typing :: Typed" in metadata.get_all("Classifier")
    assert set(metadata.get_all("Provides-Extra")) == {"project", "dev"}


def test_the_readme_is_the_description(metadata):
    assert metadata["Description-Content-Type"].startswith("text/markdown")
    assert metadata.get_payload(decode=True).decode().strip() == README.strip()


def test_it_needs_exactly_what_it_imports(metadata):
    distributions = packages_distributions()
    imported = {
        name.partition(".")[0]
        for file in ours(PROJECT)
        if file.endswith(".py")
        for node in ast.walk(ast.parse((PROJECT / file).read_text(encoding="utf-8")))
        for name in _names(node)
    }
    foreign = imported - set(OURS) - set(sys.stdlib_module_names)
    needed = {normal(line) for line in metadata.get_all("Requires-Dist") if "extra ==" not in line}
    assert needed == {normal(distributions[name][0]) for name in foreign} | set(BY_NAME_ONLY)


def _names(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=str(module), level=0):
            return [module]
    return []
