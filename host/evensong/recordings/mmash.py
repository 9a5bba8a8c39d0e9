"""Importer of MMASH: a day and a night of beats and wrist movement (Rossi 2020).

t = 0 is midnight before day 1, so that t_s is that day's clock in seconds; its date is not known. Bed times are not put
into the recording, because they are the truth that night detection is measured by; neither is the inclinometer's "off",
which is no wear truth, nor the heart rate of `Actigraph.csv`, which the same strap's beats tell better.

Beats: `RR.csv` stamps each interval with a clock of 1 s resolution, loses about 7 s after every 30 s, and holds
"intervals" of up to a minute. Intervals are kept, stamps place them (`beats`), and a pause stands for everything else.

Movement: `Actigraph.csv` has counts of three axes per second. The count of a 30 s epoch is 30 times the mean vector
magnitude of its seconds, so that lost seconds do not look like rest; an epoch with fewer than 10 seconds is missing. It
is another scale than the firmware's counts.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from evensong.errors import InputError
from evensong.recordings.beats import place
from evensong.recordings.columns import Floats, Integers, blocks
from evensong.recordings.repairs import Repairs, listed
from evensong.recordings.samples import EPOCH_S, MAX_COUNT, VOUCHED, Samples
from evensong.recordings.tables import say_what_was_left_out

CITATION = (
    "Rossi A. et al. (2020), Multilevel Monitoring of Activity and Sleep in Healthy People, PhysioNet, "
    "doi 10.13026/cerq-fc86; Goldberger A. et al. 2000"
)

DAY_S = 86_400
LEAST_SECONDS = 10  # of an epoch's 30
MOST_PER_SECOND = 10_000.0  # counts of one axis; ActiGraphs saturate far below


def read(directory: Path, user: str, repairs: Repairs) -> Samples:
    """Return one user's day. user: `1` or `user_1`. directory: what holds the users' folders, or the published
    `DataPaper` folder's parent.

    Raises:
        InputError: there is no such user, or a file makes no sense.
    """
    folder = _folder(directory, user)
    stamps, values, _ = _rows(folder / "RR.csv", ("ibi_s",), repairs)
    ibi_ms = np.rint(values[:, 0] * 1000).astype(np.int64)
    placed = place(stamps * 1000, stamps * 1000 + 999, ibi_ms, slack_ms=1000)
    say_what_was_left_out(folder / "RR.csv", len(placed.impossible), len(placed.overlapping), len(placed.kept), repairs)
    epoch, count_q8 = _activity(folder / "Actigraph.csv", repairs)
    return Samples(
        beat_ms=placed.beat_ms,
        ibi_ms=placed.ibi_ms,
        quality=np.full(len(placed.kept), VOUCHED),
        epoch=epoch,
        count_q8=count_q8,
    )


def _folder(directory: Path, user: str) -> Path:
    name = f"user_{user.removeprefix('user_')}"
    for folder in (directory / name, directory / "DataPaper" / name):
        if folder.is_dir():
            return folder
    found = (path.name for pattern in ("user_*", "DataPaper/user_*") for path in directory.glob(pattern))
    users = sorted(found, key=lambda each: (len(each), each))
    there = f"there are {listed(users, 8)}" if users else "name the folder that holds user_1, user_2 and so on"
    raise InputError(f"{directory} holds no {name}: {there}.")


def _rows(path: Path, names: tuple[str, ...], repairs: Repairs) -> tuple[Integers, Floats, Integers]:
    """Return (seconds since midnight before day 1, the named columns, line numbers), in order of time."""
    text = b"".join(block for _, block in blocks(path)).decode("utf-8", "replace").replace("\0", "")
    table = csv.reader(io.StringIO(text, newline=""))
    stamps: list[int] = []
    values: list[list[float]] = []
    lines: list[int] = []
    bad, first_bad = 0, 0
    try:
        header = next(table, [])
        missing = [name for name in (*names, "day", "time") if name not in header]
        if missing:
            raise InputError(f"{path} has no column {missing[0]!r}: is it the {path.name} of MMASH?")
        at = [header.index(name) for name in names]
        day_at, time_at = header.index("day"), header.index("time")
        for row in table:
            try:
                numbers = [float(row[i]) for i in at]
                stamp = (int(float(row[day_at])) - 1) * DAY_S + _seconds(row[time_at])
            except (ValueError, IndexError, OverflowError):
                numbers, stamp = [], -1
            if numbers and 0 <= stamp < 32 * DAY_S and all(0 <= number <= MOST_PER_SECOND for number in numbers):
                stamps.append(stamp)
                values.append(numbers)
                lines.append(table.line_num)
            else:
                bad, first_bad = bad + 1, first_bad or table.line_num
    except csv.Error as error:
        raise InputError(f"{path}, line {table.line_num}: not a table of comma separated values ({error}).") from None
    if not stamps:
        raise InputError(f"{path} holds no row with a day, a time and {names[0]!r}: is it the right file?")
    repairs.rows(path, bad, first_bad, "left out: without a day, a time and possible numbers")
    return _in_order(path, np.array(stamps), np.array(values), np.array(lines), repairs)


def _seconds(clock: str) -> int:
    hours, minutes, seconds = (int(part) for part in clock.split(":"))
    if not (0 <= hours < 24 and 0 <= minutes < 60 and 0 <= seconds < 60):
        raise ValueError(clock)
    return hours * 3600 + minutes * 60 + seconds


def _in_order(
    path: Path, stamps: Integers, values: Floats, lines: Integers, repairs: Repairs
) -> tuple[Integers, Floats, Integers]:
    # A file that knows one day only and whose clock falls back by half a day has passed midnight without counting it.
    rollovers = np.flatnonzero(np.diff(stamps) < -DAY_S // 2) + 1
    if len(rollovers) == 1 and stamps.max() < DAY_S:
        stamps = stamps + DAY_S * (np.arange(len(stamps)) >= rollovers[0])
        repairs.rows(path, 1, int(lines[rollovers[0]]), "midnight passed without a new day; a day was added")
    backwards = np.flatnonzero(np.diff(stamps) < 0) + 1
    repairs.rows(path, len(backwards), int(lines[backwards[0]]) if len(backwards) else 0, "time ran backwards; sorted")
    order = np.argsort(stamps, kind="stable")
    return stamps[order], values[order], lines[order]


def _activity(path: Path, repairs: Repairs) -> tuple[Integers, Integers]:
    stamps, axes, _ = _rows(path, ("Axis1", "Axis2", "Axis3"), repairs)
    stamps, first = np.unique(stamps, return_index=True)
    magnitude = np.sqrt((axes[first] ** 2).sum(axis=1))
    epoch, start, seconds = np.unique(stamps // EPOCH_S, return_index=True, return_counts=True)
    mean = np.add.reduceat(magnitude, start) / seconds
    enough = seconds >= LEAST_SECONDS
    count_q8 = np.minimum(np.rint(mean * EPOCH_S * 256), MAX_COUNT)
    return epoch[enough].astype(np.int64), count_q8[enough].astype(np.int64)
