"""Columns of numbers out of text files that strangers wrote.

Reads in blocks of a few MiB, so that a night of raw movement (100 MB) needs little memory. A row that is not all finite
numbers is left out and counted in `Repairs`; a file with not a single good row is refused. Any byte may come: nothing
but `InputError` is raised.
"""

from __future__ import annotations

import io
import warnings
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from evensong.errors import InputError
from evensong.recordings.repairs import Repairs, listed, shown

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

BLOCK_BYTES = 4 << 20
# Where the wanted columns stand, from 0; or what finds them in the first line that is not empty (b"": there is none).
Columns = tuple[int, ...] | Callable[[Path, bytes], tuple[int, ...]]
LIMIT = 1e12  # no time, rate or count of ours is beyond it; integers made of these cannot overflow


def blocks(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield (number of the first line, whole lines) until the end of a file.

    Raises:
        InputError: the file is not there or cannot be read.
    """
    line = 1
    try:
        with path.open("rb") as file:
            rest = b""
            if file.peek(len(BOM_UTF8)).startswith(BOM_UTF8):  # as spreadsheets write; or the first row would be lost
                file.seek(len(BOM_UTF8))
            while chunk := file.read(BLOCK_BYTES):
                head, newline, tail = (rest + chunk).rpartition(b"\n")
                rest = tail
                if newline:
                    yield line, head + newline
                    line += head.count(b"\n") + 1
            if rest:
                yield line, rest
    except OSError as error:
        raise unreadable(path, error) from None


def first_of(text: bytes) -> bytes:
    """The first line that is not empty; b"" if there is none."""
    return next((line for line in text.split(b"\n", 1000) if line.strip()), b"")


def unreadable(path: Path, error: OSError) -> InputError:
    """The sentence for a file that the system does not let us read."""
    if isinstance(error, FileNotFoundError):
        return InputError(f"There is no file {path}: check the folder and the name.")
    if isinstance(error, IsADirectoryError):
        return InputError(f"{path} is a folder: name a file in it.")
    return InputError(f"{path} cannot be read: {error.strerror or error}.")


def read_columns(
    path: Path,
    columns: Columns,
    *,
    delimiter: str | None,
    repairs: Repairs,
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[Floats, Integers]:
    """Return some columns as an array (rows, columns), and each row's line number. The file is read once, so it may be
    a pipe.

    delimiter: None is white space. A first line without numbers holds names. progress is told the bytes of each block.

    Raises:
        InputError: the file is missing, empty or has no row with numbers in these columns.
    """
    found = list(row_blocks(path, columns, delimiter=delimiter, repairs=repairs, progress=progress))
    return np.concatenate([rows for rows, _ in found]), np.concatenate([lines for _, lines in found])


def row_blocks(
    path: Path,
    columns: Columns,
    *,
    delimiter: str | None,
    repairs: Repairs,
    progress: Callable[[int], None] = lambda _: None,
) -> Iterator[tuple[Floats, Integers]]:
    """Yield what `read_columns` returns, block by block, for files that should not lie in memory whole."""
    bad, first_bad, good = 0, 0, 0
    example = ""
    for line, text in blocks(path):
        progress(len(text))
        if callable(columns):
            columns = columns(path, first_of(text))
        rows, lines, bad_lines = _parse(text, line, columns, delimiter)
        if len(bad_lines) and bad_lines[0] == 1:
            bad_lines = bad_lines[1:]  # the names
        if len(bad_lines):
            if not first_bad:
                first_bad = int(bad_lines[0])
                row = text.split(b"\n")[first_bad - line].decode(errors="replace").rstrip()
                example = f" (line {first_bad} is '{shown(row)}')"
            bad += len(bad_lines)
        good += len(rows)
        if len(rows):
            yield rows, lines
    if callable(columns):
        columns = columns(path, b"")
    if not good:
        separator = "white space" if delimiter is None else f"'{delimiter}'"
        raise InputError(
            f"{path} holds no row of {len(columns)} numbers separated by {separator}{example}: is it the right file?"
        )
    repairs.rows(path, bad, first_bad, "left out, as not finite numbers")


def _parse(
    text: bytes, line: int, columns: tuple[int, ...], delimiter: str | None
) -> tuple[Floats, Integers, Integers]:
    """Return rows, their line numbers and the numbers of the bad lines."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # an empty block warns
            rows = np.loadtxt(io.BytesIO(text), delimiter=delimiter, usecols=columns, ndmin=2, comments=None)
        if len(rows) == text.count(b"\n") + (not text.endswith(b"\n")) and (np.abs(rows) < LIMIT).all():
            return rows, np.arange(line, line + len(rows)), np.empty(0, np.int64)
    except (ValueError, UserWarning, UnicodeError):
        pass  # something is wrong somewhere in here: go line by line
    good: list[list[float]] = []
    lines: list[int] = []
    bad: list[int] = []
    separator = delimiter.encode() if delimiter else None
    for number, row in enumerate(text.split(b"\n"), line):
        if not row.strip():
            continue
        try:
            cells = row.split(separator)
            values = [float(cells[column].strip(b'" \r')) for column in columns]
        except (ValueError, IndexError):
            values = []
        if values and all(abs(value) < LIMIT for value in values):
            good.append(values)
            lines.append(number)
        else:
            bad.append(number)
    return np.array(good, np.float64).reshape(-1, len(columns)), np.array(lines, np.int64), np.array(bad, np.int64)


def in_order(rows: Floats, lines: Integers, path: Path, repairs: Repairs) -> Floats:
    """Return rows sorted by their first column, time, without repeats, saying where times ran backwards.

    Of rows with the same time the first counts.
    """
    times = rows[:, 0]
    backwards = np.flatnonzero(np.diff(times) < 0) + 1
    order = np.argsort(times, kind="stable")
    fresh = np.concatenate([[True], np.diff(times[order]) > 0])
    dropped = int((~fresh).sum())
    repeats = f"{dropped} row{'s' if dropped > 1 else ''} dropped whose time was there already"
    if len(backwards):
        where = f"line{'s' if len(backwards) > 1 else ''} {listed(lines[backwards].tolist(), 3)}"
        also = f", {repeats}" if dropped else ""
        repairs.append(f"{path.name}: times run backwards at {where}; sorted by time{also}.")
    elif dropped:
        repairs.append(f"{path.name}: {repeats}.")
    result: Floats = rows[order][fresh]
    return result
