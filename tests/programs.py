"""A pytest plugin that looks for the programs that pip does not bring and, where tests could not
run without one, says so on the last line."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
NO_CHROMIUM = (
    f"BROWSER TESTS NOT RUN: no chromium (looked for CHROMIUM=path, then {', '.join(CHROMIUM)})"
)
NO_NODE = "TESTS OF THE EXPRESS EXAMPLE NOT RUN: no node with npm"
NO_REGISTRY = "TESTS OF THE EXPRESS EXAMPLE NOT RUN: npm cannot reach its registry"
UNREACHABLE = re.compile(r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH")
EXPRESS = Path(__file__).resolve().parent.parent / "docs" / "examples" / "express"


@pytest.fixture(scope="session")
def chromium() -> str:
    """Its path."""
    wanted = (os.environ["CHROMIUM"],) if "CHROMIUM" in os.environ else CHROMIUM
    return next(filter(None, map(shutil.which, wanted)), None) or _not_run(NO_CHROMIUM)


@pytest.fixture(scope="session")
def express(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the example with what its lock file names, installed by npm."""
    if not (shutil.which("node") and shutil.which("npm")):
        _not_run(NO_NODE)
    copy = tmp_path_factory.mktemp("examples") / "express"
    shutil.copytree(EXPRESS, copy)
    install = "npm ci --prefer-offline --no-audit --no-fund --fetch-retries=1 --fetch-timeout=30000"
    done = subprocess.run(
        install.split(), cwd=copy, check=False, capture_output=True, text=True, timeout=100
    )
    if done.returncode and UNREACHABLE.search(done.stderr):
        pytest.skip(NO_REGISTRY)  # no program is missing, but the internet
    assert done.returncode == 0, done.stderr
    return copy


def _not_run(why: str) -> NoReturn:
    """Skipped, or failed where REQUIRE_PROGRAMS is set."""
    if os.environ.get("REQUIRE_PROGRAMS"):
        pytest.fail(why, pytrace=False)
    pytest.skip(why)


def pytest_unconfigure(config: pytest.Config) -> None:
    """After the usual summary; with xdist, the tests' reports have come to this process."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is None or hasattr(config, "workerinput"):
        return
    reports = [*terminal.stats.get("skipped", []), *terminal.stats.get("error", [])]
    for why in (NO_CHROMIUM, NO_NODE, NO_REGISTRY):
        if any(why in str(report.longrepr) for report in reports):
            terminal.write_line(why, red=True, bold=True)
