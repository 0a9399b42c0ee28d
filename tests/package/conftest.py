"""The wheel and the source distribution, built once from a copy of the tree."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.package.readme import PROJECT

STRAYS = (
    ".env",
    "db.sqlite3",
    "accounts/db.sqlite3",
    "accounts/.env",
    "outbox/mail.eml",
    "accounts/local_settings.py~",
)
HIDDEN = shutil.ignore_patterns(
    ".*", "__pycache__", "*.egg-info", "build", "dist", "staticfiles", "outbox", "*.sqlite3*"
)


@dataclass(frozen=True)
class Built:
    source: Path
    wheel: Path
    sdist: Path


@pytest.fixture(scope="session")
def uv() -> str:
    """The installer that `make` installs everything with."""
    beside = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    found = shutil.which("uv", path=beside)
    assert found, "uv is neither beside Python nor on PATH"
    return found


@pytest.fixture(scope="session")
def built(tmp_path_factory, uv) -> Built:
    """Built as a front end would, the wheel from the source distribution, among files that are
    nobody's business."""
    source, out = tmp_path_factory.mktemp("build") / "source", tmp_path_factory.mktemp("dist")
    shutil.copytree(PROJECT, source, ignore=HIDDEN)
    for stray in STRAYS:
        (source / stray).parent.mkdir(exist_ok=True)
        (source / stray).write_text("private")
    command = [
        uv,
        "build",
        "--quiet",
        "--offline",
        "--no-build-isolation",
        "--out-dir",
        out,
        source,
    ]
    subprocess.run([*command, "--python", sys.executable], check=True, timeout=60)
    [wheel], [sdist] = out.glob("*.whl"), out.glob("*.tar.gz")
    return Built(source, wheel, sdist)
