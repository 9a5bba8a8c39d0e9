from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from evensong.cli import recordings
from evensong.errors import InputError
from evensong.recordings import DEMO_NIGHT, container
from evensong.recordings.framing import samples_of


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "200")
    app = typer.Typer()
    recordings.register(app)

    def run(*words: object) -> Result:
        return CliRunner().invoke(app, [str(word) for word in words])

    return run


def test_importing_sleep_accel_says_what_was_repaired_and_what_was_written(
    run, sleep_accel: Path, tmp_path: Path
) -> None:
    heart = sleep_accel / "heart_rate" / "4711_heartrate.txt"
    heart.write_text(heart.read_text() * 2)
    out = tmp_path / "n.evr"
    result = run("import", "sleep-accel", sleep_accel, "--subject", 4711, "--out", out)
    assert result.exit_code == 0, result.output
    assert "times run backwards at line 321" in result.stderr
    assert "358 samples" in result.stdout
    found = container.read(out)
    assert found.header.source_id == "4711"
    assert "hmhs-py35" in (found.header.citation or "")
    assert len(found.header.repairs) == 1


def test_a_failed_import_leaves_nothing(run, sleep_accel: Path, tmp_path: Path) -> None:
    (sleep_accel / "activity" / "4711_activity.csv").write_text("nothing\n")
    result = run("import", "sleep-accel", sleep_accel, "--subject", 4711, "--out", tmp_path / "out" / "n.evr")
    assert isinstance(result.exception, InputError)
    assert not (tmp_path / "out").exists()


def test_importing_mmash_and_published_motion(run, mmash: Path, published: Path, tmp_path: Path) -> None:
    assert run("import", "mmash", mmash, "--user", "user_3", "-o", tmp_path / "m.evr").exit_code == 0
    assert run("import", "sleep-accel", published, "--subject", 4711, "-o", tmp_path / "s.evr").exit_code == 0
    assert len(samples_of(container.read(tmp_path / "s.evr")).epoch) == 21


def test_export_and_import_csv_is_the_way_there_and_back(run, tmp_path: Path) -> None:
    result = run("export", "csv", DEMO_NIGHT, "--out", tmp_path)
    assert result.exit_code == 0
    assert "beats.csv" in result.stdout
    back = tmp_path / "back.evr"
    tables = (
        "--beats",
        tmp_path / "beats.csv",
        "--activity",
        tmp_path / "activity.csv",
        "--events",
        tmp_path / "events.csv",
    )
    assert run("import", "csv", *tables, "--out", back).exit_code == 0
    one, two = (samples_of(container.read(path)) for path in (DEMO_NIGHT, back))
    assert one.beat_ms.tolist() == two.beat_ms.tolist()
    assert one.events == two.events


def test_another_recording_is_not_replaced_without_a_word(run, tmp_path: Path) -> None:
    out = tmp_path / "night.evr"
    assert run("synth", "--hours", 1, "--out", out).stderr == ""
    assert run("synth", "--hours", 1, "--out", out).stderr == ""
    assert "night.evr held another recording until now: synthetic seed 1, 1 h" in run(
        "synth", "--hours", 1, "--seed", 2, "--out", out
    ).stderr  # fmt: skip


def test_a_name_that_is_no_utf_8_is_no_trouble(run, tmp_path: Path) -> None:
    beats = Path(f"{tmp_path}/r\udcff.csv")
    beats.write_text("1,800\n2,810\n")
    assert run("import", "csv", "--beats", beats, "--out", tmp_path / "n.evr").exit_code == 0
    assert container.read(tmp_path / "n.evr").header.source_id == "r?"


def test_synth_is_labelled_and_repeatable(run, tmp_path: Path) -> None:
    for name in ("a.evr", "b.evr"):
        assert run("synth", "--seed", 3, "--hours", 2, "--out", tmp_path / name).exit_code == 0
    assert (tmp_path / "a.evr").read_bytes() == (tmp_path / "b.evr").read_bytes()
    assert container.read(tmp_path / "a.evr").header.synthetic


def test_info_tells_source_span_counts_and_damage(run, tmp_path: Path) -> None:
    cut = tmp_path / "cut.evr"
    cut.write_bytes(DEMO_NIGHT.read_bytes()[:-30])
    result = run("info", cut)
    assert result.exit_code == 1
    assert "SYNTHETIC" in result.stdout
    assert "beats" in result.stdout
    assert "cut.evr ends in the middle of a frame" in result.stderr


@pytest.mark.parametrize(
    ("words", "named"), [((), ("synth", "info", "fetch")), (("import",), ("mmash", "slpdb")), (("export",), ("csv",))]
)
def test_help_names_every_command(run, words: tuple[str, ...], named: tuple[str, ...]) -> None:
    result = run(*words, "--help")
    assert result.exit_code == 0
    assert all(word in result.stdout for word in named)


def test_a_recording_of_nothing_is_told_as_that(run, tmp_path: Path) -> None:
    line, _, _ = DEMO_NIGHT.read_bytes().partition(b"\n")
    (tmp_path / "none.evr").write_bytes(line + b"\n")
    assert "none: nothing is recorded" in run("info", tmp_path / "none.evr").stdout
    done = run("export", "csv", tmp_path / "none.evr", "--out", tmp_path / "tables")
    assert isinstance(done.exception, InputError)
    assert not (tmp_path / "tables").exists()
