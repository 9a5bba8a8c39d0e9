"""What a source measured, in the source's own time, before it is cut into frames.

Times are whole milliseconds of recording time (t = 0 of the source), may be negative, and rise strictly within a kind.
Values are those of the wire: 1/16 bpm, milliseconds, 1/256 count. Reference labels have no place here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from evensong_wire.frames import EPOCH_MS, Wear

Integers = npt.NDArray[np.int64]

EPOCH_S = EPOCH_MS // 1000
MIN_IBI_MS = 250  # 240 beats a minute
MAX_IBI_MS = 2500  # 24 beats a minute; what is longer is a pause in recording, not in the heart
MIN_BPM = 20.0
MAX_BPM = 250.0
MAX_COUNT = (1 << 24) - 1  # count_q8 of an epoch
VOUCHED = 100  # quality of a beat that nothing speaks against
NOT_SINUS = 40  # quality of an interval that touches an ectopic or unsure beat: a beat, but no NN interval


def _none() -> Integers:
    return np.empty(0, np.int64)


@dataclass(slots=True)
class Samples:
    """heart_ms, hr_q4: equally long. beat_ms (the beat that ends the interval), ibi_ms, quality: equally long.
    epoch, count_q8: equally long, the epoch's start is epoch * 30 s. wear: (t_ms, state). mood: (t_ms, valence,
    arousal, prompted). events: (t_ms, code, arg), TIME_ZERO not among them.
    """

    heart_ms: Integers = field(default_factory=_none)
    hr_q4: Integers = field(default_factory=_none)
    beat_ms: Integers = field(default_factory=_none)
    ibi_ms: Integers = field(default_factory=_none)
    quality: Integers = field(default_factory=_none)
    epoch: Integers = field(default_factory=_none)
    count_q8: Integers = field(default_factory=_none)
    wear: list[tuple[int, Wear]] = field(default_factory=list)
    mood: list[tuple[int, int, int, bool]] = field(default_factory=list)
    events: list[tuple[int, int, int]] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Number of measurements, the ledger's unit."""
        return len(self.heart_ms) + len(self.beat_ms) + len(self.epoch) + len(self.wear) + len(self.mood)

    @property
    def first_ms(self) -> int | None:
        """Earliest instant that any sample or event reaches back to; None without samples and events."""
        starts = [
            int(times[0]) for times in (self.heart_ms, self.beat_ms - self.ibi_ms, self.epoch * EPOCH_MS) if len(times)
        ]
        starts += [entry[0] for entries in (self.wear, self.mood, self.events) for entry in entries]
        return min(starts, default=None)

    @property
    def last_ms(self) -> int | None:
        """Latest instant of any sample or event, an epoch's end included; None without samples and events."""
        ends = [int(times[-1]) for times in (self.heart_ms, self.beat_ms, (self.epoch + 1) * EPOCH_MS) if len(times)]
        ends += [entry[0] for entries in (self.wear, self.mood, self.events) for entry in entries]
        return max(ends, default=None)
