"""What every test may need: the real recordings, 32-bit MicroPython, a browser; and the rule that CI skips nothing."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

from evensong.virtual.interpreters import micropython_32

# A shell's background job ignores SIGINT and hands that down to whatever it starts, which tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("EVENSONG_DATA", ROOT.parent / "shared" / "data"))
ON_CI = bool(os.environ.get("CI"))

MISSING = {
    "needs_data": (DATA.is_dir, f"no recordings at {DATA}: set EVENSONG_DATA to where they lie"),
    "needs_micropython_32": (lambda: bool(micropython_32()), "no micropython-32: run tests/micropython_32.sh .venv"),
    "needs_browser": (lambda: bool(shutil.which("chromium")), "no chromium: install it to look at the pages"),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("starts_first") is None)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker, (present, sentence) in MISSING.items():
        if item.get_closest_marker(marker) and not present():
            pytest.skip(sentence)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    if ON_CI and skipped:
        terminalreporter.write_line(f"{len(skipped)} skipped: on CI a skip is a failure", red=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if ON_CI and reporter is not None and reporter.stats.get("skipped") and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of the real recordings; use with the marker `needs_data`."""
    return DATA
