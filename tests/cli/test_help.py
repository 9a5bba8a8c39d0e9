"""Each command's help fits a narrow terminal and ends with an example that the command understands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from evensong.cli.commands import app

ROOT = get_command(app)


def leaves(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield words, command
    for name, each in (below or {}).items():
        yield from leaves(each, (*words, name))


COMMANDS = dict(leaves(ROOT))


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_help_fits_and_its_example_is_understood(narrow: None, words: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(app, [*words, "--help"]).output
    assert max(map(len, shown.splitlines())) <= 80
    assert [line for line in shown.splitlines() if "<bool>" in line and "--help" not in line] == []
    text = re.sub(r"\s+", " ", shown)
    example = re.search(r"Example: evensong (.*?) ╭", text)
    assert example, shown
    said = shlex.split(example[1])
    assert tuple(said[: len(words)]) == words
    COMMANDS[words].make_context(" ".join(words), said[len(words) :])  # raises what the command line would refuse


def test_there_are_commands() -> None:
    assert len(COMMANDS) > 30
