"""A few cuts of tests/benchmarks/power_cuts.py, which plays ten thousand: settings, keys and updates on littlefs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from power_cuts import cut_files, make_updates


@pytest.fixture(scope="module")
def updates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("updates")
    make_updates(folder)
    return folder


@pytest.mark.parametrize("what", ["update", "settings", "keys"])
def test_whatever_byte_the_power_fails_at_the_board_starts(what: str, updates: Path) -> None:
    assert cut_files(updates, what, 15, 7).startswith(f"{what}: 15 cuts")
