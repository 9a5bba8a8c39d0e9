"""A tape for the virtual board, made from the frames of a recording (format: docs/architecture.md, "A tape").

Every measurement of the recording is on it, at its own time on the timeline, once, however often its frame came.
Words of the recording device about itself (boots, status, log, a full spool) are not: the virtual wearable has its
own.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from evensong.errors import InputError
from evensong_wire.frames import EPOCH_MS, EventCode
from evensong_wire.models import AccelRaw, Activity, Ema, Event, Frame, HeartRate, Ibi, PpgRaw, WearChange

from .wearable import Wearable

RECORD = struct.Struct("<IBBH")  # t_ms, kind, a, b
HEART_RATE, BEAT, ACTIVITY, WEAR, MOOD, EVENT, BATTERY, BUTTON, SIGNAL = 1, 2, 3, 4, 5, 6, 7, 8, 9
SAMPLES = (HEART_RATE, BEAT, ACTIVITY, WEAR, MOOD)
_PLAYED = frozenset({EventCode.TIME_ZERO, EventCode.LIGHTS_OFF, EventCode.RISE, EventCode.BUTTON})
_LAST_MS = (1 << 32) - 1

Record = tuple[int, int, int, int]


@dataclass(frozen=True)
class Tape:
    """records: (t_ms, kind, a, b) in order of time."""

    records: list[Record]

    @property
    def samples(self) -> int:
        """Measurements on it: the ledger's unit."""
        return sum(kind in SAMPLES for _, kind, _, _ in self.records)

    @property
    def end_ms(self) -> int:
        return self.records[-1][0] if self.records else 0

    @property
    def time_zero_ms(self) -> int:
        """Timeline time of the recording's own t = 0."""
        return next((t_ms for t_ms, kind, a, _ in self.records if (kind, a) == (EVENT, EventCode.TIME_ZERO)), 0)

    def give(self, wearable: Wearable) -> None:
        self.write(wearable.tape)

    def write(self, path: Path) -> None:
        path.write_bytes(b"".join(RECORD.pack(*record) for record in self.records))


def tape_of(frames: Iterable[Frame], boots: Mapping[tuple[bytes, int], int]) -> Tape:
    """boots: (incarnation, boot id) -> start of that boot in ms of the timeline. Raises InputError for what no tape can
    hold: raw blocks, times before 0 or past 49 days, a boot whose place in time is unknown."""
    records: list[Record] = []
    seen: set[tuple[bytes, int, int]] = set()
    for frame in frames:
        header = frame.header
        identity = (header.incarnation, header.boot_id, header.seq)
        if not header.numbered or identity in seen:
            continue
        seen.add(identity)
        starts_ms = boots.get((header.incarnation, header.boot_id))
        if starts_ms is None:
            raise InputError(f"The recording has frames of boot {header.boot_id}, which its header does not mention.")
        records += _records(frame, starts_ms + header.time_ms)
    for t_ms, *_ in records:
        if not 0 <= t_ms <= _LAST_MS:
            raise InputError(f"The recording has a sample at {t_ms / 1000:.3f} s of its timeline: not within 49 days.")
    # a stable order: samples of one kind at one instant stay as they were
    records.sort(key=lambda record: record[:2])
    return Tape(records)


def _records(frame: Frame, t_ms: int) -> list[Record]:
    match frame.body:
        case HeartRate(offset_ms, hr_q4):
            return [(t_ms + at_ms, HEART_RATE, 0, value) for at_ms, value in zip(offset_ms, hr_q4, strict=True)]
        case Ibi(offset_ms, ibi_ms, quality):
            beats = zip(offset_ms, ibi_ms, quality, strict=True)
            return [(t_ms + at_ms, BEAT, how_sure, interval_ms) for at_ms, interval_ms, how_sure in beats]
        case Activity(count_q8):
            return [
                (t_ms + (i + 1) * EPOCH_MS, ACTIVITY, count >> 16, count & 0xFFFF)
                for i, count in enumerate(count_q8)
                if count is not None
            ]
        case WearChange(state):
            return [(t_ms, WEAR, int(state), 0)]
        case Ema(valence, arousal, prompted):
            return [(t_ms, MOOD, valence << 4 | arousal, int(prompted))]
        case Event(code, arg) if code in _PLAYED:
            if not 0 <= arg <= 0xFFFF:
                raise InputError(f"The recording has an event {code} with argument {arg}: a tape holds 0 to 65535.")
            return [(t_ms, EVENT, int(code), arg)]
        case PpgRaw() | AccelRaw():
            raise InputError("The recording holds raw PPG or acceleration, which the virtual board cannot play.")
    return []
