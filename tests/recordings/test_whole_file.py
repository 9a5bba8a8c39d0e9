"""What the command line writes is whole or not there, and takes the place of nothing but its own kind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from evensong.cli.commands import app
from evensong.errors import InputError
from evensong.whole_file import whole, write_whole


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "night.evr"
    assert run("synth", "--hours", 1, "--out", path).exit_code == 0
    return path


def test_only_its_own_kind_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write_whole(path, b"a,b\n1,2\n", "table", b"a,b\n")
    write_whole(path, b"a,b\n3,4\n", "table", b"a,b\n")
    assert path.read_bytes() == b"a,b\n3,4\n"
    path.write_bytes(b"a,c\n")
    with pytest.raises(InputError, match="is there and is no table"):
        write_whole(path, b"a,b\n", "table", b"a,b\n")
    assert path.read_bytes() == b"a,c\n"


def test_what_a_link_points_to_is_replaced_and_the_link_stays(tmp_path: Path) -> None:
    table, link = tmp_path / "there" / "table.csv", tmp_path / "link.csv"
    table.parent.mkdir()
    table.write_bytes(b"")
    link.symlink_to(table)
    write_whole(link, b"a,b\n1,2\n", "table", b"a,b\n")
    assert link.is_symlink()
    assert table.read_bytes() == b"a,b\n1,2\n"


def test_what_a_process_has_open_is_written_straight(tmp_path: Path) -> None:
    said = tmp_path / "said"
    with said.open("w") as file:
        write_whole(Path(f"/proc/self/fd/{file.fileno()}"), b"a,b\n", "table", b"a,b\n")
        assert os.fstat(file.fileno()).st_ino == said.stat().st_ino
    assert said.read_bytes() == b"a,b\n"


def test_an_error_half_way_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(b"a,b\n1,2\n")
    with pytest.raises(ZeroDivisionError), whole(path, "table", b"a,b\n") as file:
        file.write(b"a,b\n%d\n" % (1 // 0))
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("table.csv", b"a,b\n1,2\n")]


@pytest.mark.parametrize(
    ("name", "says"), [("", "is a folder"), ("none/table.csv", "there is no folder"), ("x" * 300, "name too long")]
)
def test_a_place_that_is_none_is_said(tmp_path: Path, name: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        write_whole(tmp_path / name, b"a,b\n", "table", b"a,b\n")


def test_a_recording_is_never_overwritten_by_its_hypnogram(night: Path) -> None:
    before = night.read_bytes()
    done = run("stage", night, "--out", night)
    assert done.exit_code == 1
    assert night.read_bytes() == before
    assert [path.name for path in night.parent.iterdir() if "passport" in path.name] == []


def test_without_room_the_older_hypnogram_and_its_passport_stay(night: Path, tmp_path: Path) -> None:
    out = tmp_path / "hypnogram.csv"
    assert run("stage", night, "--out", out).exit_code == 0
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    stage = f"ulimit -f 4; exec {sys.executable} -m evensong stage {night} --no-abstain --out {out}"
    done = subprocess.run(["bash", "-c", stage], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "cannot be written" in done.stderr
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_beats_do_not_take_the_place_of_their_light(tmp_path: Path) -> None:
    path = tmp_path / "ppg.csv"
    path.write_text("t_s,ppg\n" + "".join(f"{i / 50},{i % 40}\n" for i in range(1000)))
    before = path.read_bytes()
    done = run("beats", "--ppg", path, "--rate", 50, "--out", path)
    assert done.exit_code == 1
    assert path.read_bytes() == before


def test_tables_of_two_recordings_do_not_mix(night: Path, tmp_path: Path) -> None:
    assert run("export", "csv", night, "--out", tmp_path / "tables").exit_code == 0
    beats = tmp_path / "tables" / "beats.csv"
    other = tmp_path / "other.evr"
    assert run("import", "csv", "--beats", beats, "--out", other).exit_code == 0
    done = run("export", "csv", other, "--out", tmp_path / "tables")
    assert done.exit_code == 1
    assert isinstance(done.exception, InputError) or "name another folder" in done.output


def test_half_a_key_is_no_key(tmp_path: Path) -> None:
    key = tmp_path / "updates.key"
    make = f"{sys.executable} -m evensong firmware key --out {key}"
    done = subprocess.run(["bash", "-c", f"ulimit -f 1; exec {make}"], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert not key.exists()
