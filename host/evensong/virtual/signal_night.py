"""A night at signal level: light and acceleration into register models of the chips, and from there everything real,
drivers, beat detector, recorder and spool on MicroPython, radio, hub, staging and Nexus.

The recording only says when hearts beat and how much the wearer moved; what reaches the page was measured from
waveforms.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evensong.recordings import container
from evensong.recordings.framing import samples_of

from . import require_linux
from .chips.chip import Chip, ChipFault
from .chips.line import WIRINGS, ChipsLine
from .chips.lis3dh import Lis3dh
from .chips.max3010x import Max3010x, Optics
from .chips.mpu6050 import Mpu6050
from .chips.tmp117 import Tmp117
from .heard import heard
from .interpreters import Interpreter, default_interpreter
from .reckoning import has_final_night, reckon_nights
from .replay import UTC_AT_ZERO_MS, ReplayResult, through
from .waveforms import Waveforms, waveforms
from .wearable import Hardware, Wearable

CHIP_ID = "e5e7"  # what a board puts before its chip's own six bytes
PPG_PPM, MOTION_PPM = 9_000, -17_000  # oscillators as they come: neither data sheet promises better than some per cent
_PPG: dict[str, dict[str, Any]] = {
    "max30101": {"green": True},
    "max30102": {"green": False},
    "max30102-swapped": {"green": False, "swapped": True},
    "max30102-old": {"green": False, "proximity": True},
}


@dataclass(frozen=True)
class Soldered:
    """What the wearable is given: chips on a board, and what they see. ppg, motion: which chip. celsius: of the skin.
    image: see `Wearable.run_image`; None: the firmware's sources."""

    seen: Waveforms
    board: str = "esp32s3"
    ppg: str = "max30101"
    motion: str = "lis3dh"
    ppg_faults: Sequence[ChipFault] = ()
    motion_faults: Sequence[ChipFault] = ()
    skin_faults: Sequence[ChipFault] = ()
    celsius: float = 33.5
    image: Path | None = None

    @property
    def end_ms(self) -> int:
        return self.seen.end_ms

    def give(self, wearable: Wearable) -> None:
        wearable.chips = self.chips()
        if self.image:
            wearable.run_image(self.image)

    def chips(self) -> ChipsLine:
        optics = Optics(self.seen.light, self.seen.ambient)
        ppg = Max3010x(optics, ppm=PPG_PPM, faults=list(self.ppg_faults), **_PPG[self.ppg])
        motion: Chip
        if self.motion == "lis3dh":
            motion = Lis3dh(self.seen.acceleration, ppm=MOTION_PPM, faults=list(self.motion_faults))
        else:
            newer = self.motion == "mpu6886"
            motion = Mpu6050(self.seen.acceleration, newer=newer, ppm=MOTION_PPM, faults=list(self.motion_faults))
        return ChipsLine(
            WIRINGS[self.board], ppg, motion, [Tmp117(lambda _: self.celsius, faults=list(self.skin_faults))]
        )


def signal_night(
    recording: Path,
    *,
    board: str = "esp32s3",
    seed: int = 1,
    folder: Path | None = None,
    image: Path | None = None,
    heap_kib: int | None = None,
    interpreter: Interpreter | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> ReplayResult:
    """Play what a recording's wearer would have shown to the sensors. folder: see `replay`. image: see `Soldered`.
    heap_kib: see `Hardware`. interpreter: None for this machine's own. The result's samples are those of the night;
    `on_tape` are the beats and counts that were there to be found, `heard` says how well the beats were."""
    require_linux()
    read = container.read(recording)
    samples = samples_of(read)
    seen = waveforms(samples, seed)
    return through(
        Soldered(seen, board, image=image),
        read.header,
        utc_at_start_ms=UTC_AT_ZERO_MS,
        on_tape=len(samples.beat_ms) + len(samples.epoch),
        strikes=[],
        finished=has_final_night,
        reckon=reckon_nights,
        seed=seed,
        folder=folder,
        hardware=Hardware(
            device_id=CHIP_ID + read.header.device_id.hex()[4:],
            heap_kib=heap_kib,
            interpreter=interpreter or default_interpreter(),
        ),
        progress=progress,
        listen=lambda journal: heard(journal, seen.beat_ms),
    )
