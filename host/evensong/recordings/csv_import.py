"""Importer of plain tables: whatever a watch, a strap or a laboratory can be made to export, as comma separated values.

Each table has times in seconds, on one clock for all: `t_s,bpm`, `t_s,ibi_ms[,quality]`, `t_s,count` for epochs of
30 s, `t_s,x_g,y_g,z_g`, `t_s,event[,value]`. Columns are found as `first_line` says. t = 0 is where the tables
say it is.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from evensong.errors import InputError
from evensong.recordings.acceleration import read_acceleration
from evensong.recordings.event_table import read_events
from evensong.recordings.first_line import columns_named
from evensong.recordings.repairs import Repairs
from evensong.recordings.samples import Samples
from evensong.recordings.tables import read_activity, read_beats, read_heart_rate


def read(
    repairs: Repairs,
    *,
    heart_rate: Path | None = None,
    beats: Path | None = None,
    activity: Path | None = None,
    accel: Path | None = None,
    events: Path | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Samples:
    """Return what the tables hold.

    Raises:
        InputError: none was named, or one makes no sense.
    """
    if not (heart_rate or beats or activity or accel or events):
        raise InputError("Nothing to import: name one of --heart-rate, --beats, --activity, --accel and --events.")
    if activity and accel:
        raise InputError("Both --activity and --accel say how much the wearer moved: name one of them.")
    samples = Samples()
    if heart_rate:
        columns = partial(columns_named, names=("t_s", "bpm"))
        samples.heart_ms, samples.hr_q4 = read_heart_rate(heart_rate, repairs, columns=columns)
    if beats:
        columns = partial(columns_named, names=("t_s", "ibi_ms"), optional="quality")
        samples.beat_ms, samples.ibi_ms, samples.quality = read_beats(beats, repairs, columns)
    if activity:
        columns = partial(columns_named, names=("t_s", "count"))
        samples.epoch, samples.count_q8 = read_activity(activity, repairs, columns)
    if accel:
        samples.epoch, samples.count_q8 = read_acceleration(
            accel, repairs, columns=_time_and_z, delimiter=",", progress=progress
        )
    if events:
        read_events(events, samples, repairs)
    return samples


def _time_and_z(path: Path, first: bytes) -> tuple[int, ...]:
    t_s, _, _, z_g = columns_named(path, first, ("t_s", "x_g", "y_g", "z_g"))
    return t_s, z_g
