"""Labelled nights, on the product's own path: importer, frames, decoder, `gather`.

No shortcut, so that what is trained on is what a hub will stage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evensong.errors import InputError
from evensong.recordings import framing, labels, sleep_accel, slpdb
from evensong.recordings.repairs import Repairs
from evensong.staging import Samples, gather
from evensong.staging.network import CLASSES
from evensong_wire.stream import Stream, pack

_COLUMN = {"WAKE": 0, "LIGHT": 1, "DEEP": 2, "REM": 3}


@dataclass(frozen=True, slots=True)
class LabelledNight:
    """name: of the recording. subject: the unit of every split. epoch: (n,) the scored epochs; stage: 0 to 3 in the
    order of a hypnogram's columns; aasm: 0 to 4 in the order of the network's classes."""

    name: str
    subject: str
    samples: Samples
    epoch: NDArray[np.int64]
    stage: NDArray[np.int64]
    aasm: NDArray[np.int64]


def load(directory: Path, progress: Callable[[int, int], None] = lambda *_: None) -> list[LabelledNight]:
    """All labelled nights of a folder of sleep-accel or slpdb. progress: called with (done, total).

    Raises:
        InputError: the folder holds none, or one of its files makes no sense.
    """
    if not directory.is_dir():
        raise InputError(f"There is no folder {directory}: name one that holds nights with labels.")
    is_sleep_accel = (directory / "labels").is_dir()
    names = labels.subjects(directory) if is_sleep_accel else labels.records(directory)
    nights = []
    for done, name in enumerate(names):
        progress(done, len(names))
        nights.append(_night(directory, name, is_sleep_accel=is_sleep_accel))
    progress(len(names), len(names))
    return nights


def _night(directory: Path, name: str, *, is_sleep_accel: bool) -> LabelledNight:
    source = sleep_accel if is_sleep_accel else slpdb
    repairs = Repairs()
    header, raws = framing.record(source.read(directory, name, repairs), framing.Source(source.__name__, name, None))
    stream = Stream()
    frames = [frame for chunk in _chunks(raws) for frame in stream.feed(chunk)]
    t_s, names = labels.aasm_labels(directory, name)
    subject = name if is_sleep_accel else name.rstrip("ab")  # slp01a and slp01b are the same man
    return LabelledNight(
        name=name,
        subject=subject,
        samples=gather(frames, header.starts()),
        epoch=t_s // labels.EPOCH_S,
        stage=np.array([_COLUMN[labels.STAGE_OF_AASM[each]] for each in names.tolist()], np.int64),
        aasm=np.array([CLASSES.index(each) for each in names.tolist()], np.int64),
    )


def _chunks(raws: list[bytes]) -> Iterator[bytes]:
    for raw in raws:
        yield pack(raw)
