"""A pytest plugin that looks for Chromium and, where there is none, says so on the last line."""

import os
import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
NOT_RUN = f"BROWSER TESTS NOT RUN: no chromium (looked for CHROMIUM=path, then {', '.join(NAMES)})"


@pytest.fixture(scope="session")
def chromium() -> str:
    """Its path. Without one the test is skipped, or failed where REQUIRE_BROWSER is set."""
    wanted = (os.environ["CHROMIUM"],) if "CHROMIUM" in os.environ else NAMES
    for found in filter(None, map(shutil.which, wanted)):
        return found
    if os.environ.get("REQUIRE_BROWSER"):
        pytest.fail(NOT_RUN, pytrace=False)
    pytest.skip(NOT_RUN)


def pytest_unconfigure(config: pytest.Config) -> None:
    """After the usual summary; with xdist, the tests' reports have come to this process."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is None or hasattr(config, "workerinput"):
        return
    reports = [*terminal.stats.get("skipped", []), *terminal.stats.get("error", [])]
    if any(NOT_RUN in str(report.longrepr) for report in reports):
        terminal.write_line(NOT_RUN, red=True, bold=True)
