"""Tables of heart rate, beats and activity in text files: rows of time in seconds and values, comma separated.

What no heart and no wrist can do is left out and said; times that run backwards are sorted and said. The CSV importer
and the public data sets share these. A first line of names is passed over.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from evensong.errors import InputError
from evensong.recordings.beats import place
from evensong.recordings.columns import Columns, Floats, Integers, in_order, read_columns
from evensong.recordings.repairs import Repairs
from evensong.recordings.samples import MAX_BPM, MAX_COUNT, MAX_IBI_MS, MIN_BPM, MIN_IBI_MS, VOUCHED
from evensong_wire.frames import EPOCH_MS

ROUNDING_MS = 2  # times and intervals that somebody rounded to milliseconds, each for itself


def read_heart_rate(
    path: Path,
    repairs: Repairs,
    extent_s: tuple[float, float] = (-np.inf, np.inf),
    columns: Columns = (0, 1),
) -> tuple[Integers, Integers]:
    """Return (t_ms, hr_q4) of rows `t_s,bpm`. What lies outside extent_s is passed over.

    Raises:
        InputError: the file is missing or holds no reading.
    """
    rows, lines = read_columns(path, columns, delimiter=",", repairs=repairs)
    inside = (rows[:, 0] >= extent_s[0]) & (rows[:, 0] <= extent_s[1])
    rows, lines = rows[inside], lines[inside]
    possible = (rows[:, 1] >= MIN_BPM) & (rows[:, 1] <= MAX_BPM)
    rows, lines = keep(possible, rows, lines, path, repairs, f"not {MIN_BPM:.0f} to {MAX_BPM:.0f} beats a minute")
    rows = in_order(in_ms(rows), lines, path, repairs)
    return rows[:, 0].astype(np.int64), np.rint(rows[:, 1] * 16).astype(np.int64)


def read_beats(path: Path, repairs: Repairs, columns: Columns) -> tuple[Integers, Integers, Integers]:
    """Return (beat_ms, ibi_ms, quality) of rows `t_s,ibi_ms` or `t_s,ibi_ms,quality`; t_s is the end of the interval.

    Raises:
        InputError: the file is missing or holds no beat.
    """
    rows, lines = read_columns(path, columns, delimiter=",", repairs=repairs)
    if rows.shape[1] < 3:
        rows = np.column_stack([rows, np.full(len(rows), float(VOUCHED))])
    fitting = (rows[:, 2] >= 0) & (rows[:, 2] <= 100)
    rows, lines = keep(fitting, rows, lines, path, repairs, "of a quality that is not 0 to 100")
    rows = in_order(in_ms(rows), lines, path, repairs)
    stamps, ibi_ms, quality = np.rint(rows).astype(np.int64).T
    placed = place(stamps - ROUNDING_MS, stamps + ROUNDING_MS, ibi_ms, slack_ms=1)
    say_what_was_left_out(path, len(placed.impossible), len(placed.overlapping), len(placed.kept), repairs)
    return placed.beat_ms, placed.ibi_ms, quality[placed.kept]


def say_what_was_left_out(path: Path, impossible: int, overlapping: int, kept: int, repairs: Repairs) -> None:
    """Note how many intervals of a file were no heart's.

    Raises:
        InputError: none is left.
    """
    if not kept:
        raise InputError(f"{path} holds no interval of {MIN_IBI_MS} to {MAX_IBI_MS} ms: is it the right file?")
    if impossible:
        repairs.append(
            f"{path.name}: {impossible} interval{'s' if impossible > 1 else ''} outside {MIN_IBI_MS} to {MAX_IBI_MS} "
            "ms left out; a pause stands in their place."
        )
    if overlapping:
        repairs.append(
            f"{path.name}: {overlapping} interval{'s' if overlapping > 1 else ''} left out that, by their times, lie "
            "in the one before."
        )


def read_activity(path: Path, repairs: Repairs, columns: Columns = (0, 1)) -> tuple[Integers, Integers]:
    """Return (epoch, count_q8) of rows `t_s,count`, where t_s is the start of a 30 s epoch.

    Raises:
        InputError: the file is missing, holds no count, or its times are no multiples of 30 s.
    """
    rows, lines = read_columns(path, columns, delimiter=",", repairs=repairs)
    possible = (rows[:, 1] >= 0) & (rows[:, 1] * 256 <= MAX_COUNT)
    rows, lines = keep(possible, rows, lines, path, repairs, f"not 0 to {MAX_COUNT >> 8} counts")
    off_grid = np.flatnonzero(rows[:, 0] * 1000 % EPOCH_MS)
    if len(off_grid):
        line = lines[off_grid[0]]
        raise InputError(
            f"{path}, line {line}: an epoch starts at a multiple of 30 s; sum the counts to 30 s epochs first."
        )
    rows = in_order(in_ms(rows), lines, path, repairs)
    return (rows[:, 0] // EPOCH_MS).astype(np.int64), np.rint(rows[:, 1] * 256).astype(np.int64)


def in_ms(rows: Floats) -> Floats:
    """Return rows with the first column, seconds, as whole milliseconds."""
    return np.column_stack([np.rint(rows[:, 0] * 1000), rows[:, 1:]])


def keep(
    good: npt.NDArray[np.bool_], rows: Floats, lines: Integers, path: Path, repairs: Repairs, complaint: str
) -> tuple[Floats, Integers]:
    """Return the good rows and their line numbers, noting the others.

    Raises:
        InputError: none is good.
    """
    bad = np.flatnonzero(~good)
    if len(bad) == len(rows):
        raise InputError(f"{path}: no row is left, as they are {complaint}; is it the right file?")
    if len(bad):
        repairs.rows(path, len(bad), int(lines[bad[0]]), f"left out, as {complaint}")
    return rows[good], lines[good]
