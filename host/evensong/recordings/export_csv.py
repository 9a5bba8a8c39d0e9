"""Export of a recording as plain tables in recording time: beats.csv, heart_rate.csv, activity.csv, events.csv.

Values are written so that `evensong import csv` reads them back exactly: times to the millisecond, heart rate in
1/16 bpm, counts in 1/256. events.csv holds wear changes and mood check-ins too, see `event_table`. What the tables do
not hold is where they came from: boots, battery, raw signals.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from operator import itemgetter
from pathlib import Path

from evensong.errors import InputError
from evensong.recordings.container import Recording
from evensong.recordings.event_table import rows_of
from evensong.recordings.framing import samples_of
from evensong.recordings.samples import Samples
from evensong.whole_file import write_whole
from evensong_wire.frames import EPOCH_MS

COLUMNS = {
    "beats.csv": ("t_s", "ibi_ms", "quality"),
    "heart_rate.csv": ("t_s", "bpm"),
    "activity.csv": ("t_s", "count"),
    "events.csv": ("t_s", "event", "value"),
}


def export(recording: Recording, directory: Path) -> dict[str, int]:
    """Write the tables that the recording has anything for; return the number of rows of each.

    Raises:
        InputError: there is nothing to write, or the folder cannot be written or holds tables of something else.
    """
    tables = {name: listed for name, rows in _tables(samples_of(recording)).items() if (listed := list(rows))}
    if not tables:
        raise InputError(f"This recording of {recording.header.source} holds no samples, so there is nothing to write.")
    for name in COLUMNS:
        if name not in tables and (directory / name).exists():
            raise InputError(f"{directory} holds {name}, which this recording has nothing for: name another folder.")
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{directory} cannot be the folder of the tables: {error.strerror or error}.") from None
    for name, rows in tables.items():
        _write(directory / name, COLUMNS[name], rows)
    return {name: len(rows) for name, rows in tables.items()}


def _write(path: Path, names: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(names)
    header = text.getvalue().encode()
    table.writerows(rows)
    write_whole(path, text.getvalue().encode(), "such table", header)


def _tables(samples: Samples) -> dict[str, Iterator[tuple[object, ...]]]:
    beats = zip(samples.beat_ms.tolist(), samples.ibi_ms.tolist(), samples.quality.tolist(), strict=True)
    heart = zip(samples.heart_ms.tolist(), samples.hr_q4.tolist(), strict=True)
    activity = zip(samples.epoch.tolist(), samples.count_q8.tolist(), strict=True)
    return {
        "beats.csv": ((_seconds(t), ibi, grade) for t, ibi, grade in beats),
        "heart_rate.csv": ((_seconds(t), f"{hr / 16:g}") for t, hr in heart),
        "activity.csv": ((_seconds(epoch * EPOCH_MS), repr(count / 256)) for epoch, count in activity),
        "events.csv": ((_seconds(t), *event) for t, *event in sorted(rows_of(samples), key=itemgetter(0))),
    }


def _seconds(t_ms: int) -> str:
    sign, t_ms = ("-", -t_ms) if t_ms < 0 else ("", t_ms)
    return f"{sign}{t_ms // 1000}.{t_ms % 1000:03d}"
