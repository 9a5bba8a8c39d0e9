"""What a wearer's skin and arm show to the sensors through a night: light at 100 Hz, acceleration at 50 Hz, synthetic.

Made from the samples of a recording: each beat is a pulse in the light, each epoch's count a movement of that vigour,
and movement reaches the light too. Before the first and after the last `wear` the wearable lies on a table.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evensong.recordings.movement_synth import artefact
from evensong.recordings.ppg_synth import Skin, ppg, shaped
from evensong.recordings.samples import Samples
from evensong_wire.frames import EPOCH_MS, Wear

Floats = npt.NDArray[np.float64]
PPG_HZ = 100
ACCELERATION_HZ = 50
ON_TABLE_S = 4200  # after it was taken off: long enough for the night to become final
_COUNTS_PER_UNIT = 50_000_000.0
_MOVEMENT_S = 3.0
_G_PER_COUNT = 0.012  # vigour of a movement of three seconds that makes one count in its epoch, about
_TABLE_PER_SKIN = 0.01

# Of each light: counts per unit of LED current on skin (0.2 mA, 4 uA full scale), and the pulse's share of it.
LIGHTS = {"green": (2400.0, 0.02), "infrared": (3000.0, 0.012), "red": (2800.0, 0.005)}


@dataclass(frozen=True)
class Waveforms:
    """Time 0 is the wearable's first boot. pulse: light in pulse heights, falling with blood, at 100 Hz. mg: shape
    (n, 3), at 50 Hz. on_ms: worn from and to. beat_ms: the beats in it."""

    pulse: npt.NDArray[np.float32]
    mg: npt.NDArray[np.float32]
    on_ms: tuple[int, int]
    beat_ms: npt.NDArray[np.int64]

    @property
    def end_ms(self) -> int:
        return len(self.mg) * 1000 // ACCELERATION_HZ

    def light(self, name: str, t_us: Floats) -> Floats:
        """Counts per unit of LED current that come back at these times."""
        level, share = LIGHTS[name]
        worn = (t_us >= self.on_ms[0] * 1e3) & (t_us < self.on_ms[1] * 1e3)
        at = t_us * (PPG_HZ / 1e6)
        i = np.clip(at.astype(np.int64), 0, len(self.pulse) - 2)
        pulse = self.pulse[i] + (self.pulse[i + 1] - self.pulse[i]) * np.clip(at - i, 0, 1)
        counts: Floats = level * np.where(worn, 1 + share * pulse, _TABLE_PER_SKIN)
        return counts

    def ambient(self, t_us: Floats) -> Floats:
        """What the cancellation of the light around lets through."""
        return np.full(len(t_us), 300.0)

    def acceleration(self, t_us: Floats) -> Floats:
        i = np.clip((t_us * (ACCELERATION_HZ / 1e6)).astype(np.int64), 0, len(self.mg) - 1)
        return self.mg[i].astype(np.float64)


def waveforms(samples: Samples, seed: int) -> Waveforms:
    """Return the waveforms of a recording that has beats and counts. It is put on when the first of them begins."""
    first_ms, last_ms = samples.first_ms, samples.last_ms
    assert first_ms is not None
    assert last_ms is not None
    zero_ms = first_ms // EPOCH_MS * EPOCH_MS
    off = [t_ms for t_ms, state in samples.wear if state is Wear.OFF]
    worn_ms = 0, (off[-1] if off else last_ms) - zero_ms
    length_s = worn_ms[1] / 1000 + ON_TABLE_S
    acceleration = _acceleration(samples, zero_ms, length_s, seed)
    moved = artefact(acceleration, ACCELERATION_HZ, seed=seed)
    beat_ms = samples.beat_ms - zero_ms
    skin = Skin(counts=_COUNTS_PER_UNIT, ambient_share=0.0, perfusion_pct=1.0, bits=30)
    light = ppg(beat_ms, PPG_HZ, skin, seed=seed, length_s=length_s, artefact=np.repeat(moved, 2))
    pulse = (light / _COUNTS_PER_UNIT - 1) * 100
    return Waveforms(pulse.astype(np.float32), (acceleration * 1000).astype(np.float32), worn_ms, beat_ms)


def _acceleration(samples: Samples, zero_ms: int, length_s: float, seed: int) -> Floats:
    """In g, gravity along z, with a movement at a random place in each epoch that has a count. Shape (n, 3)."""
    random = np.random.default_rng(seed)
    n = round(length_s * ACCELERATION_HZ)
    envelope = np.zeros(n)
    length = round(_MOVEMENT_S * ACCELERATION_HZ)
    window = np.hanning(length)
    for epoch, count_q8 in zip(samples.epoch.tolist(), samples.count_q8.tolist(), strict=True):
        start_s = epoch * EPOCH_MS / 1000 - zero_ms / 1000 + random.uniform(2, 30 - _MOVEMENT_S - 2)
        start = round(start_s * ACCELERATION_HZ)
        part = envelope[start : start + length]
        part += window[: len(part)] * _G_PER_COUNT * count_q8 / 256
    axes = [shaped(random, n, ACCELERATION_HZ, _body_band) * envelope for _ in range(3)]
    result: Floats = np.stack(axes, axis=1)
    result[:, 2] += 1.0
    return result + random.normal(0, 0.003, (n, 3))


def _body_band(hz: Floats) -> Floats:
    gain: Floats = ((hz > 0.3) & (hz < 8.0)) / np.sqrt(1 + (hz / 2.0) ** 2)
    return gain
