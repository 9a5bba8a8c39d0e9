"""Which MicroPython a virtual wearable runs on, and what is said where there is none of 32 bits."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from evensong.errors import Unavailable
from evensong.virtual.interpreters import Interpreter, command_of


@pytest.mark.parametrize(
    ("interpreter", "largest"),
    [
        ("micropython", 2**63 - 1),
        pytest.param("micropython-32", 2**31 - 1, marks=pytest.mark.needs_micropython_32),
    ],
)
def test_words_are_as_wide_as_the_name_says(interpreter: Interpreter, largest: int, tmp_path: Path) -> None:
    script = tmp_path / "largest.py"
    script.write_text("import sys\nprint(sys.implementation.name, sys.maxsize)\nsys.exit(7)\n")
    done = subprocess.run([*command_of(interpreter), script], capture_output=True, text=True, check=False)
    assert done.stdout == f"micropython {largest}\n"
    assert done.returncode == 7


def test_that_there_is_none_of_32_bits_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match=r"There is no 32-bit MicroPython here: run tests/micropython_32\.sh \.venv"):
        command_of("micropython-32")
    found = tmp_path / "micropython-32"
    found.write_text("#!/bin/sh\n")
    found.chmod(0o755)
    assert command_of("micropython-32") == [str(found)]
