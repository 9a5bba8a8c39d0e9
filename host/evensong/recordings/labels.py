"""Reference sleep stages of the public data sets, for training and evaluation only; no recording ever holds them.

Stages are converted by name, never by number: AASM names `W N1 N2 N3 R` (R&K's S4 is N3; Iber et al. 2007), and from
these Evensong's `WAKE LIGHT DEEP REM`. What the scorers left open (unscored, movement time) is left out.

Two sets, each in the shared and the published layout: sleep-accel (`labels/ID_labeled_sleep.txt`) and slpdb (`ID.an`,
the text that rdann prints, or the annotation file `ID.st`).
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt

from evensong.errors import InputError
from evensong.recordings.columns import Integers, blocks, read_columns
from evensong.recordings.repairs import Repairs
from evensong_wire.frames import EPOCH_MS

EPOCH_S = EPOCH_MS // 1000
Names = npt.NDArray[np.str_]

STAGE_OF_AASM = {"W": "WAKE", "N1": "LIGHT", "N2": "LIGHT", "N3": "DEEP", "R": "REM"}
_AASM_OF_SLEEP_ACCEL = {0: "W", 1: "N1", 2: "N2", 3: "N3", 4: "N3", 5: "R"}  # -1: unscored
_AASM_OF_SLPDB = {"W": "W", "1": "N1", "2": "N2", "3": "N3", "4": "N3", "R": "R"}  # MT, M: movement time


def subjects(directory: Path) -> list[str]:
    """Return the subjects of a sleep-accel folder that have both heart rate and labels, in numerical order.

    Raises:
        InputError: there are none.
    """
    labelled = {path.name.removesuffix("_labeled_sleep.txt") for path in directory.glob("labels/*_labeled_sleep.txt")}
    measured = {path.name.removesuffix("_heartrate.txt") for path in directory.glob("heart_rate/*_heartrate.txt")}
    found = sorted(labelled & measured, key=lambda name: (len(name), name))
    if not found:
        raise InputError(
            f"{directory} holds no subject with labels: name the folder with heart_rate/ and labels/ of sleep-accel."
        )
    return found


def records(directory: Path) -> list[str]:
    """Return the records of an slpdb folder that have stages.

    Raises:
        InputError: there are none.
    """
    found = sorted({path.stem for suffix in ("an", "st") for path in directory.glob(f"slp*.{suffix}")})
    if not found:
        raise InputError(f"{directory} holds no record with stages: name the folder that holds slp*.an or slp*.st.")
    return found


def labels(directory: Path, subject: str) -> tuple[Integers, Names]:
    """Return (t_s, stage) of one night: starts of the scored 30 s epochs, and `WAKE LIGHT DEEP REM`.

    directory: a folder of sleep-accel or slpdb; subject: an ID or a record name of it. t_s is recording time, rising,
    in multiples of 30.

    Raises:
        InputError: there is no such subject, or its file makes no sense.
    """
    t_s, names = aasm_labels(directory, subject)
    return t_s, np.array([STAGE_OF_AASM[name] for name in names.tolist()], dtype="<U5")


def aasm_labels(directory: Path, subject: str) -> tuple[Integers, Names]:
    """Return (t_s, name) as `labels` does, with names `W N1 N2 N3 R`."""
    scored = {t_s: name for t_s, name in epochs_of(directory, subject).items() if name is not None}
    t_s = sorted(scored)
    return np.array(t_s, np.int64), np.array([scored[t] for t in t_s], dtype="<U2")


def epochs_of(directory: Path, subject: str) -> dict[int, str | None]:
    """Return {t_s: AASM name, or None where unscored} of all epochs that the PSG covers.

    Raises:
        InputError: there is no such subject, or its file makes no sense.
    """
    candidates = (
        (directory / "labels" / f"{subject}_labeled_sleep.txt", _sleep_accel),
        (directory / f"{subject}.an", _slpdb_text),
        (directory / f"{subject}.st", _slpdb_annotations),
    )
    for path, read in candidates:
        if path.is_file():
            return read(path)
    raise InputError(
        f"{directory} holds no labels of {subject}: looked for " + ", ".join(p.name for p, _ in candidates) + "."
    )


def _sleep_accel(path: Path) -> dict[int, str | None]:
    repairs = Repairs()
    rows, lines = read_columns(path, (0, 1), delimiter=None, repairs=repairs)
    if repairs:
        raise InputError(f"Labels must be whole, but {repairs[0]}")
    off_grid = np.flatnonzero((rows[:, 0] % EPOCH_S != 0) | (rows[:, 1] != np.rint(rows[:, 1])))
    if len(off_grid):
        raise InputError(
            f"{path}, line {lines[off_grid[0]]}: a label must stand at a multiple of 30 s and be a whole number."
        )
    return {int(t): _AASM_OF_SLEEP_ACCEL.get(int(stage)) for t, stage in rows}


_RDANN_ROW = re.compile(rb"^\s*(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2}(?:\.\d{1,6})?)\s+\d+\s+\"[^\t]*\t\s*(\S+)")


def _slpdb_text(path: Path) -> dict[int, str | None]:
    epochs: dict[int, str | None] = {}
    for _, block in blocks(path):
        for row in block.split(b"\n"):
            if match := _RDANN_ROW.match(row):
                hours, minutes, seconds, first_word = match.groups()
                t_s = int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds)
                _put(epochs, t_s, first_word.decode("ascii", "replace"))
    if not epochs:
        raise InputError(f"{path} holds no stages as rdann prints them: is it the right file?")
    return epochs


def _slpdb_annotations(path: Path) -> dict[int, str | None]:
    from evensong.recordings.wfdb_files import read_annotations

    times_s, _, notes = read_annotations(path)
    epochs: dict[int, str | None] = {}
    for t_s, note in zip(times_s.tolist(), notes, strict=True):
        if words := note.split():
            _put(epochs, t_s, words[0])
    if not epochs:
        raise InputError(f"{path} holds no stages: is it the right file?")
    return epochs


def _put(epochs: dict[int, str | None], t_s: float, word: str) -> None:
    # The first annotation of a record stands at sample 1, the others at whole multiples of 30 s.
    epochs[int(t_s // EPOCH_S) * EPOCH_S] = _AASM_OF_SLPDB.get(word)
