"""The same nights, measured worse: what a stager must stand. Labels stay; only what it is told changes.

Chance is seeded by the night's name, so the same night is always spoilt in the same way.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from evensong.staging import EPOCH_MS, Samples
from evensong.training.corpus import LabelledNight
from evensong_wire.frames import EventCode

Ints = NDArray[np.int64]
Change = Callable[[Samples, np.random.Generator], Samples]

SMOOTHED_EPOCHS = 5 / 3  # sigma of the data set's Gaussian, 50 s
_SHARPENINGS = 30
_GAPS, _GAP_MS = 6, 20 * 60_000


def conditions(night: LabelledNight) -> dict[str, LabelledNight]:
    """The night under each of `CONDITIONS`."""
    return {
        name: replace(night, samples=change(night.samples, np.random.default_rng(zlib.crc32(night.name.encode()))))
        for name, change in CONDITIONS.items()
    }


def _gain(factor: float) -> Change:
    def change(samples: Samples, _: np.random.Generator) -> Samples:
        activity = samples.activity.copy()
        activity[:, 1] = np.rint(activity[:, 1] * factor)
        return replace(samples, activity=activity)

    return change


def _lights_off(minutes: int) -> Change:
    def change(samples: Samples, _: np.random.Generator) -> Samples:
        events = samples.events.copy()
        events[events[:, 1] == EventCode.LIGHTS_OFF, 0] += minutes * 60_000
        return replace(samples, events=events)

    return change


def _detected(samples: Samples, _: np.random.Generator) -> Samples:
    told = np.isin(samples.events[:, 1], (int(EventCode.LIGHTS_OFF), int(EventCode.RISE)))
    return replace(samples, events=samples.events[~told])


def _thinned(samples: Samples, rng: np.random.Generator) -> Samples:
    def kept(rows: Ints) -> Ints:
        return rows[rng.random(len(rows)) >= 0.1]

    return replace(
        samples, heart_rate=kept(samples.heart_rate), beats=kept(samples.beats), activity=kept(samples.activity)
    )


def _gaps(samples: Samples, rng: np.random.Generator) -> Samples:
    last_ms = samples.span_ms[1] if samples.span_ms else 0
    starts = rng.integers(0, max(last_ms - _GAP_MS, 1), _GAPS)

    def kept(rows: Ints) -> Ints:
        lost = ((rows[:, :1] >= starts) & (rows[:, :1] < starts + _GAP_MS)).any(axis=1)
        return rows[~lost]

    return replace(
        samples, heart_rate=kept(samples.heart_rate), beats=kept(samples.beats), activity=kept(samples.activity)
    )


def _strap(samples: Samples, _: np.random.Generator) -> Samples:
    return replace(samples, activity=samples.activity[:0])


def _drifting(samples: Samples, _: np.random.Generator) -> Samples:
    """Every time but that of t = 0 is 100 ppm later; a count's epoch is where its time falls."""

    def later(rows: Ints) -> Ints:
        moved = rows.copy()
        moved[:, 0] += rows[:, 0] // 10_000
        return moved

    assert samples.span_ms is not None
    first_ms, last_ms = samples.span_ms
    return replace(
        samples, heart_rate=later(samples.heart_rate), beats=later(samples.beats), activity=later(samples.activity),
        events=later(samples.events), span_ms=(first_ms + first_ms // 10_000, last_ms + last_ms // 10_000),
    )  # fmt: skip


def _sharpened(samples: Samples, _: np.random.Generator) -> Samples:
    """Counts as they may have been before the data set's smoothing: Richardson (1972) and Lucy (1974), on 30 s epochs.

    A surrogate for our firmware's counts, which are not smoothed: no night of this data set has both.
    """
    if not len(samples.activity):
        return samples
    place = samples.activity[:, 0] // EPOCH_MS
    place = place - place.min()
    smooth = np.zeros(int(place.max()) + 1)
    smooth[place] = samples.activity[:, 1]
    reach = np.arange(-6, 7)
    kernel = np.exp(-0.5 * (reach / SMOOTHED_EPOCHS) ** 2)
    kernel /= kernel.sum()
    sharp = np.full(len(smooth), smooth.mean() + 1)
    for _step in range(_SHARPENINGS):
        ratio = (smooth + 1e-3) / (np.convolve(sharp, kernel, "same") + 1e-3)
        sharp *= np.convolve(ratio, kernel, "same")
    activity = samples.activity.copy()
    activity[:, 1] = np.rint(sharp[place])
    return replace(samples, activity=activity)


CONDITIONS: dict[str, Change] = {
    "counts halved": _gain(0.5),
    "counts doubled": _gain(2.0),
    "lights-off 15 min early": _lights_off(-15),
    "lights-off 15 min late": _lights_off(15),
    "lights-off and rise detected": _detected,
    "10 % of samples lost": _thinned,
    "6 gaps of 20 min": _gaps,
    "heart-rate strap only": _strap,
    "clock 100 ppm fast": _drifting,
    "counts not smoothed (surrogate)": _sharpened,
}
