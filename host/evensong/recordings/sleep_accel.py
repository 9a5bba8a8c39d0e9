"""Importer of sleep-accel: a night of wrist heart rate and movement beside polysomnography (Walch 2019).

Two layouts: the published one with raw acceleration (`motion/ID_acceleration.txt`, `t x y z` in g at about 50 Hz),
from which the firmware's own integers make the activity counts, and the one with `activity/ID_activity.csv`, whose
counts are already per epoch (and smoothed with a look-ahead of up to 285 s). t = 0 is the start of the PSG in both.

Of the labels only the extent is used, never a stage: the PSG's start serves as lights-off and its end as rising, which
is what a wearer would tell the wearable by its button. Without labels there is no rising. The published files begin
days before the night; what is not within six hours before t = 0 and sixteen behind it is passed over.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from evensong.errors import InputError
from evensong.recordings.acceleration import read_acceleration
from evensong.recordings.columns import Integers
from evensong.recordings.labels import epochs_of
from evensong.recordings.repairs import Repairs, listed
from evensong.recordings.samples import EPOCH_S, Samples
from evensong.recordings.tables import read_activity, read_heart_rate
from evensong_wire.frames import EventCode

CITATION = (
    "Walch O. (2019), Motion and heart rate from a wrist-worn wearable and labeled sleep from polysomnography, "
    "PhysioNet, doi 10.13026/hmhs-py35, ODC-By 1.0; Walch O. et al., SLEEP 2019, zsz180; Goldberger A. et al. 2000"
)

EXTENT_S = (-6 * 3600.0, 16 * 3600.0)


def read(directory: Path, subject: str, repairs: Repairs, progress: Callable[[int], None] = lambda _: None) -> Samples:
    """Return one subject's night.

    Raises:
        InputError: there is no such subject, or a file makes no sense.
    """
    heart = directory / "heart_rate" / f"{subject}_heartrate.txt"
    if not heart.is_file():
        raise InputError(f"{directory} holds no subject {subject!r}: {_who_is_there(directory)}")
    heart_ms, hr_q4 = read_heart_rate(heart, repairs, EXTENT_S)
    epoch, count_q8 = _activity(directory, subject, repairs, progress)
    events = [(0, EventCode.LIGHTS_OFF.value, 0)]
    if (directory / "labels" / f"{subject}_labeled_sleep.txt").is_file():
        events.append(((max(epochs_of(directory, subject)) + EPOCH_S) * 1000, EventCode.RISE.value, 0))
    return Samples(heart_ms=heart_ms, hr_q4=hr_q4, epoch=epoch, count_q8=count_q8, events=events)


def _who_is_there(directory: Path) -> str:
    found = (path.name.removesuffix("_heartrate.txt") for path in directory.glob("heart_rate/*_heartrate.txt"))
    names = sorted(found, key=lambda name: (len(name), name))
    if not names:
        return "name the folder that holds heart_rate/, labels/ and activity/ or motion/."
    return f"there are {listed(names, 5)}."


def _activity(
    directory: Path, subject: str, repairs: Repairs, progress: Callable[[int], None]
) -> tuple[Integers, Integers]:
    counts = directory / "activity" / f"{subject}_activity.csv"
    if counts.is_file():
        return read_activity(counts, repairs, columns=(1, 2))
    motion = directory / "motion" / f"{subject}_acceleration.txt"
    if motion.is_file():
        return read_acceleration(motion, repairs, delimiter=None, extent_s=EXTENT_S, progress=progress)
    raise InputError(f"{directory} holds no movement of {subject}: looked for {counts.name} and {motion.name}.")
