"""How a command ends: interrupted, without room, with nobody who reads on. One sentence or none, never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ENTRIES = ([sys.executable, "-m", "evensong"], [str(Path(sys.executable).parent / "evensong")])
INTERRUPTED = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n"


def run(command: list[str], **how: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, text=True, stderr=subprocess.PIPE, timeout=100, **how)  # type: ignore[call-overload,no-any-return]


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("endings") / "night.evr"
    done = run([*ENTRIES[0], "synth", "--hours", "1", "--out", str(path)], stdout=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    return path


@pytest.mark.parametrize("entry", ENTRIES, ids=["python -m", "script"])
@pytest.mark.parametrize("imported", ["typer", "pydantic", "numpy", "evensong_wire"])
def test_ctrl_c_while_modules_are_imported(night: Path, tmp_path: Path, entry: list[str], imported: str) -> None:
    """Each is imported at another moment: by the command line, by a command, by what the command uses."""
    (tmp_path / f"{imported}.py").write_text(INTERRUPTED)
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    words = ["hub", "status"] if imported == "pydantic" else ["stage", str(night)]
    done = run([*entry, *words], env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_ctrl_c_that_falls_into_a_destructor_is_not_lost(night: Path, tmp_path: Path) -> None:
    dying = "import os, signal\nclass Dying:\n def __del__(self): os.kill(os.getpid(), signal.SIGINT)\nDying()\n"
    (tmp_path / "typer.py").write_text(f"{dying}\nfor _ in range(10**8): pass\n")
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    done = run([*ENTRIES[0], "info", str(night)], env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.parametrize("words", [["--help"], ["info"], ["stage"], ["nights", "--json"]], ids=" ".join)
def test_no_room_for_what_is_printed(night: Path, words: list[str]) -> None:
    named = [] if words == ["--help"] else [str(night)]
    with Path("/dev/full").open("w") as full:
        done = run([*ENTRIES[0], *words, *named], stdout=full)
    assert done.returncode == 1
    assert done.stderr == (
        "evensong: There is no room for what this command prints (No space left on device): free some space there.\n"
    )


@pytest.mark.parametrize("words", [["--help"], ["info"], ["stage"], ["nights"]], ids=" ".join)
def test_nobody_reads_what_is_printed(night: Path, words: list[str]) -> None:
    named = [] if words == ["--help"] else [str(night)]
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as pipe:
        done = run([*ENTRIES[0], *words, *named], stdout=pipe)
    assert done.returncode in (1, 141)
    assert done.stderr == ""


@pytest.mark.parametrize("blocks", [1, 40])
def test_no_room_for_a_replay_names_the_folder_that_was_asked_for(night: Path, tmp_path: Path, blocks: int) -> None:
    """Files of so many KB at most: the Nexus's store cannot be made, or not be written."""
    kept = tmp_path / "kept"
    replay = f"ulimit -f {blocks}; exec {sys.executable} -m evensong replay {night} --keep {kept}"
    done = run(["bash", "-c", replay], stdout=subprocess.PIPE)
    assert done.returncode == 1
    assert done.stderr.startswith(f"evensong: There is no room for the replay in {kept}: free some space there")
    assert done.stderr.count("\n") == 1


def test_no_room_for_a_hub_in_the_nexus_is_one_sentence(tmp_path: Path) -> None:
    store = tmp_path / "n.sqlite"
    enroll = f"ulimit -f 40; exec {sys.executable} -m evensong nexus enroll bedroom --store {store}"
    done = run(["bash", "-c", enroll], stdout=subprocess.PIPE)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"evensong: {store} cannot be the Nexus's store (disk I/O error)")
