"""Fifty-nine numbers per epoch, relative to the night they lie in: heart rate, its unrest, movement, time.

A feature is an integer in Q10; its unit does not matter, because the model standardises each. What is missing is
marked, not guessed. Windows are centred on the epoch's middle and counted in 5 s bins. Heart rate is measured against
the night's own median and spread, unrest and movement also by rank within the night, so that neither a fit heart nor
another accelerometer's scale reads as another stage. The recipe is this project's own study; quantities follow Walch et
al. 2019 (SLEEP, zsz180) and Fonseca et al. 2015 (Physiol. Meas. 36:2027) in spirit.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

import numpy as np

from . import fixed
from .fixed import Ints, Mask
from .series import BINS, Series

Q = 10
ONE = 1 << Q
MEAN_BINS = (6, 30, 60, 120, 360)  # 30 s to 30 minutes
UNREST_BINS = (6, 30, 120, 360)
BANDS = ((2, 6), (6, 18), (18, 60))  # boxcar widths: periods of about 10-30, 30-90, 90-300 s
ACTIVITY_EPOCHS = (5, 11, 41, 121)
TYPICAL_COUNT_Q8 = 4 << 8  # near the mean of the nights that this was built on
MOVED_Q10 = 2955  # log2(1 + count) of a count that is a movement: ln(1 + count) > 2
LONG_EPOCHS = 120
CYCLE_EPOCHS = 186  # 1.55 h, a sleep cycle
LONGEST_EPOCHS = 12 * 120
_EDGE = 256  # the widest window reaches 180 bins, centred up to 30 before the first

NAMES = (
    *(f"hr_{w}" for w in MEAN_BINS),
    "hr_30_bpm", "hr_6_less_60", "hr_60_less_360", "hr_30_over_q10", "hr_30_change",
    *(f"spread_{w}" for w in MEAN_BINS),
    *(f"unrest_{w}" for w in UNREST_BINS),
    "band_10_30", "band_30_90", "band_90_300",
    *(f"rank_spread_{w}" for w in MEAN_BINS[1:]),
    *(f"rank_unrest_{w}" for w in UNREST_BINS),
    "rank_band_10_30", "rank_band_30_90", "rank_band_90_300",
    "rank_hr_30", "rank_hr_120", "rank_hr_6_less_60", "rank_hr_60_less_360",
    "rank_count", *(f"rank_count_{w}" for w in ACTIVITY_EPOCHS[:3]),
    "hr_coverage",
    "count", *(f"count_{w}" for w in ACTIVITY_EPOCHS), "count_most_21", "count_5_before", "count_5_after",
    "since_moved", "until_moved", "count_known",
    "elapsed", "onset", "cycle_sin", "cycle_cos", "remaining", "ending",
)  # fmt: skip
_RANKED = [name.removeprefix("rank_") for name in NAMES if name.startswith("rank_")]


@dataclass(frozen=True, slots=True)
class Features:
    """values: (n, 59) in Q10, 0 where not known. known: (n, 59). Columns as in `NAMES`."""

    values: Ints
    known: Mask


class _Running:
    """Windowed sums of a series over what is known of it."""

    def __init__(self, values: Ints, known: Mask, number: Ints | None = None) -> None:
        self._known = known
        self._sum = _cumulated(np.where(known, values, 0))
        self._number = _cumulated(known) if number is None else number

    def of(self, values: Ints) -> _Running:
        """Of another series that is known at the same places."""
        return _Running(values, self._known, self._number)

    def over(self, centres: range, width: int) -> tuple[Ints, Ints]:
        """Sum and number over [centre - width / 2, centre + (width + 1) / 2), cut at the ends of the series."""
        low, high = (
            slice(first + _EDGE, first + _EDGE + len(centres) * centres.step, centres.step)
            for first in (centres.start - width // 2, centres.start + (width + 1) // 2)
        )
        return self._sum[high] - self._sum[low], self._number[high] - self._number[low]

    def mean(self, centres: range, width: int, scale: int = 1) -> tuple[Ints, Mask]:
        total, number = self.over(centres, width)
        return fixed.round_div(total * scale, np.maximum(number, 1)), number > 0


def _cumulated(values: Ints | Mask) -> Ints:
    """Sums up to each place, at `_EDGE` places beyond the ends too."""
    sums = np.empty(len(values) + 1 + 2 * _EDGE, np.int64)
    sums[: _EDGE + 1] = 0
    np.cumsum(values, out=sums[_EDGE + 1 : _EDGE + 1 + len(values)])
    sums[_EDGE + 1 + len(values) :] = sums[_EDGE + len(values)]
    return sums


Column = tuple[Ints, Mask]


def measure(series: Series, night: range, epochs: range, *, risen: bool) -> Features:
    """Features of `epochs` as part of `night`; both lie within the series, and `night` names lights-off by its start.

    risen: the end of `night` is when the wearer rose; else it is just the last that is known, and how long the night
    still lasts is not known.

    Epochs outside the night are measured against it too, but do not take part in its median, spread and ranks.
    """
    place = range(epochs.start - series.epochs.start, epochs.stop - series.epochs.start)
    number = np.arange(epochs.start, epochs.stop)
    inside = (number >= night.start) & (number < night.stop)
    columns = _heart(series, night, place) | _movement(series, place, inside) | _time(epochs, night, risen=risen)
    columns |= _ranks({name: columns[name] for name in _RANKED}, inside)
    values = np.stack([columns[name][0] for name in NAMES]).T
    known = np.stack([columns[name][1] for name in NAMES]).T
    return Features(np.where(known, values, 0), known)


def _heart(series: Series, night: range, place: range) -> dict[str, Column]:
    hr, known = series.hr_q8, series.hr_known
    middle = range(BINS * place.start + BINS // 2, BINS * place.stop, BINS)
    bins = slice(BINS * (night.start - series.epochs.start), BINS * (night.stop - series.epochs.start))
    tonight = hr[bins][known[bins]]
    if not len(tonight):
        tonight = np.zeros(1, np.int64)
    low, median, high = fixed.quantiles(tonight, (1, 5, 9), 10)
    scale = max(int(fixed.round_div((high - low) * 100, 256)), 384)  # 1.5 bpm in Q8

    running = _Running(hr, known)
    mean = {w: running.mean(middle, w) for w in MEAN_BINS}
    earlier = running.mean(range(middle.start - 30, middle.stop - 30, BINS), 30)

    def against(top: Column, bottom: Column, unit: int) -> Column:
        difference = fixed.round_div((top[0] - bottom[0]) * ONE, unit)
        return np.clip(difference, -4 * ONE, 4 * ONE), top[1] & bottom[1]

    def level(value: int) -> Column:
        return np.full(len(place), value), np.ones(len(place), bool)

    columns: dict[str, Column] = {f"hr_{w}": against(mean[w], level(median), scale) for w in MEAN_BINS}
    columns["hr_30_bpm"] = against(mean[30], level(median), 8 << 8)
    columns["hr_6_less_60"] = against(mean[6], mean[60], scale)
    columns["hr_60_less_360"] = against(mean[60], mean[360], scale)
    columns["hr_30_over_q10"] = against(mean[30], level(low), scale)
    columns["hr_30_change"] = against(mean[30], earlier, scale)

    every = range(len(hr))
    smooth = {w: running.mean(every, w)[0] for w in sorted({120, 360, *(w for band in BANDS for w in band)})}
    off_slow, off_slower = (running.of((hr - smooth[w]) ** 2) for w in (120, 360))
    steps = _Running(np.abs(np.diff(hr)), known[1:] & known[:-1])
    unrest: dict[str, tuple[Column, int]] = {}  # what is taken the logarithm of, and what keeps it from zero
    for w in MEAN_BINS:  # (0.3 bpm)^2 in Q16; twice the log of the rms
        unrest[f"spread_{w}"] = (off_slow if w < 120 else off_slower).mean(middle, w), 5898
    for w in UNREST_BINS:  # 0.1 bpm in Q12
        unrest[f"unrest_{w}"] = steps.mean(middle, w, scale=16), 410
    for name, (narrow, wide) in zip(("10_30", "30_90", "90_300"), BANDS, strict=True):  # (0.1 bpm)^2 in Q16
        unrest[f"band_{name}"] = running.of((smooth[narrow] - smooth[wide]) ** 2).mean(middle, 60), 655
    logs = fixed.log2(np.stack([value + floor for (value, _), floor in unrest.values()]))
    columns |= {name: (log, there) for (name, ((_, there), _)), log in zip(unrest.items(), logs, strict=True)}
    _, covered = running.over(middle, 30)
    columns["hr_coverage"] = fixed.round_div(covered * ONE, 30), np.ones(len(place), bool)
    return columns


def _movement(series: Series, place: range, inside: Mask) -> dict[str, Column]:
    known = series.count_known
    tonight = np.zeros(len(known), bool)
    tonight[place.start : place.stop] = inside
    log_count = fixed.log2(_half_scaled(series.count_q8, known & tonight) + 256) - 8 * ONE  # log2(1 + count)
    n = len(log_count)
    always = np.ones(len(place), bool)

    def at(where: Ints) -> Column:
        near = np.clip(where, 0, n - 1)
        return log_count[near], known[near] & (near == where)

    running, here = _Running(log_count, known), np.arange(place.start, place.stop)
    columns: dict[str, Column] = {"count": at(here), "count_5_before": at(here - 5), "count_5_after": at(here + 5)}
    for w in ACTIVITY_EPOCHS:
        columns[f"count_{w}"] = running.mean(place, w)
    padded = np.pad(np.where(known, log_count, -1), 10, constant_values=-1)
    most = np.max([padded[i : i + n] for i in range(21)], axis=0)[here]
    columns["count_most_21"] = most, most >= 0

    moved = known & (log_count > MOVED_Q10)
    index = np.arange(n)
    last = np.maximum.accumulate(np.where(moved, index, -LONG_EPOCHS))
    following = np.minimum.accumulate(np.where(moved, index, n + LONG_EPOCHS)[::-1])[::-1]
    some = np.full(len(place), bool(known.any()))
    columns["since_moved"] = fixed.log2(1 + np.minimum(here - last[here], LONG_EPOCHS)), some
    columns["until_moved"] = fixed.log2(1 + np.minimum(following[here] - here, LONG_EPOCHS)), some
    columns["count_known"] = known[here].astype(np.int64) * ONE, always
    return columns


def _half_scaled(count_q8: Ints, reference: Mask) -> Ints:
    """Counts times the root of `TYPICAL_COUNT_Q8` over the night's mean: half of an accelerometer's gain is taken out.

    All of it would take out how restless the night was, too; that costs more agreement than it saves.
    """
    number = int(reference.sum())
    if not number:
        return count_q8
    mean_q8 = max(int(fixed.round_div(count_q8[reference].sum(), number)), 26)
    gain_q10 = isqrt((TYPICAL_COUNT_Q8 << 20) // mean_q8)
    return fixed.round_shift(count_q8 * gain_q10, 10)


def _time(epochs: range, night: range, *, risen: bool) -> dict[str, Column]:
    number = np.arange(epochs.start, epochs.stop, dtype=np.int64)
    elapsed = np.clip(number - night.start, 0, LONGEST_EPOCHS)
    remaining = np.clip(night.stop - number, 0, LONGEST_EPOCHS)
    always = np.ones(len(elapsed), bool)
    turns = fixed.round_div(elapsed << 16, CYCLE_EPOCHS)
    return {
        "elapsed": (fixed.round_div(elapsed * ONE, 480), always),
        "onset": (_fading(elapsed), always),
        "remaining": (fixed.round_div(remaining * ONE, 480), always & risen),
        "ending": (_fading(remaining), always & risen),
        "cycle_sin": (fixed.sine(turns), always),
        "cycle_cos": (fixed.sine(turns + (1 << 14)), always),
    }


def _fading(epochs: Ints) -> Ints:
    """exp(-3 hours) as a power of two: 3 / ln 2 / 120 per epoch, in Q16."""
    return fixed.round_shift(fixed.exp2(-fixed.round_div(epochs * 23637, 10)), fixed.EXP_Q - Q)


def _ranks(columns: dict[str, Column], inside: Mask) -> dict[str, Column]:
    values = np.stack([values for values, _ in columns.values()])
    known = np.stack([known for _, known in columns.values()])
    ranks = fixed.mid_ranks(values, known, inside)
    return {f"rank_{name}": (rank, there) for name, rank, there in zip(columns, ranks, known, strict=True)}
