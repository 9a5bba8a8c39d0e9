from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evensong.cli.commands import app
from evensong.cli.staging import nights, stage
from evensong.errors import InputError
from evensong.recordings.container import BootStart, RecordingHeader, writing
from evensong_wire.codec import encode
from evensong_wire.frames import Kind
from evensong_wire.models import Header, HeartRate

INCARNATION = b"\1\2\3\4"


@pytest.fixture
def ages_apart(tmp_path: Path) -> Path:
    """A reading in each of two boots, half a year between them."""
    path = tmp_path / "ages.evr"
    boots = (BootStart(INCARNATION, 1, 0), BootStart(INCARNATION, 2, 180 * 86_400_000))
    with writing(path, RecordingHeader(bytes(8), "test", None, True, None, None, boots)) as put:
        for boot in boots:
            header = Header(Kind.HEART_RATE, INCARNATION, boot.boot_id, 0, 0)
            put(encode(header, HeartRate((0,), (960,))))
    return path


def test_a_recording_that_spans_ages_is_refused_before_every_epoch_is_laid_out(ages_apart: Path) -> None:
    with pytest.raises(InputError, match="spans 180 days"):
        stage([ages_apart])
    with pytest.raises(InputError, match="spans 180 days"):
        nights([ages_apart])


def test_people_read_a_clock_and_programs_read_seconds(tmp_path: Path) -> None:
    night = str(tmp_path / "night.evr")
    assert CliRunner().invoke(app, ["synth", "--hours", "1.5", "--out", night]).exit_code == 0
    said = CliRunner().invoke(app, ["nights", night]).output
    assert said.startswith("0:00:00 to 1:30:00 of the recording, 1.5 h, ")
    assert "as its events say" in said
    (found,) = json.loads(CliRunner().invoke(app, ["nights", night, "--json"]).output)["nights"]
    assert (found["start_t_s"], found["end_t_s"], found["how"]) == (0, 5400, "events")


@pytest.mark.parametrize(
    "words",
    [
        ["train", "--out", "none/model.json"],
        ["train", "--out", "model.json", "--live", "night.evr"],
        ["evaluate", "--json", "night.evr"],
        ["evaluate", "--report", "night.evr/report"],
    ],
    ids=" ".join,
)
def test_a_place_where_nothing_can_be_written_is_said_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("night.evr").write_bytes(b"precious")
    done = CliRunner().invoke(app, [*words, "no-such-nights"])
    assert isinstance(done.exception, InputError)
    assert words[-1].partition("/")[0] in done.exception.message
    assert "no-such-nights" not in done.exception.message
    assert [path.name for path in tmp_path.iterdir()] == ["night.evr"]
    assert Path("night.evr").read_bytes() == b"precious"
