"""Heart rate in 5 s bins and counts per epoch: samples on a grid, with what is missing marked.

Which samples are believed is decided here and nowhere else:
- heart rate: 25 to 250 bpm;
- a beat: quality 50 or more, 300 to 2000 ms, and within 30 % of the median of the 11 believable intervals around it.
  Beats fill the bins that no heart-rate reading fills: beats per time over the 25 s around, because wrist readings are
  smoothed about as much (then slpdb's beats are as restless as sleep-accel's readings; bin by bin, 3 times);
- whatever was measured off the wrist or in the charger counts as missing;
- of several counts for one epoch, the largest: a part of an epoch can only count less.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evensong_wire.frames import Wear

from . import fixed
from .fixed import Ints, Mask, round_div
from .intake import EPOCH_MS, Samples

BIN_MS = 5_000
BINS = EPOCH_MS // BIN_MS  # of an epoch
REACH_BINS = 6  # a bin further than 30 s from any measurement is missing
_LEAST_Q4, _MOST_Q4 = 25 << 4, 250 << 4
_LEAST_IBI_MS, _MOST_IBI_MS = 300, 2000
_NEIGHBOURS = 11
_SMOOTH_BINS = 5


@dataclass(frozen=True, slots=True)
class Series:
    """epochs: numbers of the n epochs. hr_q8, hr_known: (6 n,) bpm and where it rests on measurement. measured: (6 n,)
    bins that hold a measurement themselves. count_q8, count_known: (n,). worn: (n,) False where off the wrist."""

    epochs: range
    hr_q8: Ints
    hr_known: Mask
    measured: Mask
    count_q8: Ints
    count_known: Mask
    worn: Mask


def lay_out(samples: Samples) -> Series:
    """The grid of a whole recording."""
    epochs = samples.epochs
    start_ms = epochs.start * EPOCH_MS
    edges = start_ms + BIN_MS * np.arange(BINS * len(epochs) + 1, dtype=np.int64)
    bin_worn = worn_bins(samples.wear, edges)
    hr_q8, measured = _heart_rate(samples, edges)
    measured &= bin_worn
    hr_q8, known = _bridge(hr_q8, measured)
    worn: Mask = np.asarray(bin_worn.reshape(-1, BINS).all(axis=1))
    count_q8, count_known = _counts(samples.activity, epochs)
    return Series(epochs, hr_q8, known & bin_worn, measured, count_q8, count_known & worn, worn)


def believable(beats: Ints) -> Mask:
    """Which rows of `Samples.beats` are taken for true intervals."""
    ibi_ms = beats[:, 1]
    good = (beats[:, 2] >= 50) & (ibi_ms >= _LEAST_IBI_MS) & (ibi_ms <= _MOST_IBI_MS)
    kept = ibi_ms[good]
    if len(kept) > _NEIGHBOURS:
        median = fixed.running_median(kept, _NEIGHBOURS)
        good[good] = 10 * np.abs(kept - median) <= 3 * median
    return good


def _heart_rate(samples: Samples, edges: Ints) -> tuple[Ints, Mask]:
    readings = samples.heart_rate
    readings = readings[(readings[:, 1] >= _LEAST_Q4) & (readings[:, 1] <= _MOST_Q4)]
    total, number = _sums(readings[:, 0], readings[:, 1], edges)
    from_readings = round_div(16 * total, np.maximum(number, 1))
    believed = believable(samples.beats)
    t_ms, ibi_ms = samples.beats[:, 0], samples.beats[:, 1]
    total_ms, beat_count = _sums(t_ms[believed], ibi_ms[believed], edges)
    around_ms, around = (_around(column) for column in (total_ms, beat_count))
    from_beats = round_div(around * (60_000 << 8), np.maximum(around_ms, 1))
    return np.where(number > 0, from_readings, from_beats), (number > 0) | (beat_count > 0)


def _around(values: Ints) -> Ints:
    """Sum over the `_SMOOTH_BINS` bins around each."""
    running = np.cumsum(np.pad(values, (_SMOOTH_BINS // 2 + 1, _SMOOTH_BINS // 2)))
    return np.asarray(running[_SMOOTH_BINS:] - running[:-_SMOOTH_BINS])


def _sums(t_ms: Ints, values: Ints, edges: Ints) -> tuple[Ints, Ints]:
    at = np.searchsorted(t_ms, edges)
    running = np.concatenate(([0], np.cumsum(values)))
    return np.diff(running[at]), np.diff(at)


def _bridge(values: Ints, measured: Mask) -> tuple[Ints, Mask]:
    """Linear interpolation between measured bins, constant beyond them; known within `REACH_BINS` of one."""
    n = len(values)
    at = np.flatnonzero(measured)
    if not len(at):
        return np.zeros(n, np.int64), np.zeros(n, bool)
    place = np.arange(n)
    left = np.maximum.accumulate(np.where(measured, place, at[0]))
    right = np.minimum.accumulate(np.where(measured, place, at[-1])[::-1])[::-1]
    inside = (left < place) & (place < right)
    width = np.where(inside, right - left, 1)
    bridged = values[left] + round_div((values[right] - values[left]) * (place - left), width)
    filled = np.where(inside, bridged, np.where(place <= left, values[left], values[right]))
    return filled, np.minimum(np.abs(place - left), np.abs(right - place)) <= REACH_BINS


def _counts(activity: Ints, epochs: range) -> tuple[Ints, Mask]:
    count = np.full(len(epochs), -1, np.int64)
    place = (activity[:, 0] + EPOCH_MS // 2) // EPOCH_MS - epochs.start  # the epoch that holds the count's middle
    np.maximum.at(count, np.clip(place, 0, max(len(epochs) - 1, 0)), activity[:, 1])
    return np.maximum(count, 0), count >= 0


def worn_bins(wear: Ints, edges: Ints) -> Mask:
    """Per bin; before the first word about it, and where unknown, it counts as worn."""
    off = (wear[:, 1] == int(Wear.OFF)) | (wear[:, 1] == int(Wear.CHARGING))
    if not off.any():
        return np.ones(len(edges) - 1, bool)
    # A bin is off if it is off at any instant of it: at its start, or by a change within it.
    state = np.concatenate(([False], off))
    first = np.searchsorted(wear[:, 0], edges[:-1], "right")
    _, changes_to_off = _sums(wear[off, 0], wear[off, 1], edges)
    return np.asarray(~state[first] & (changes_to_off == 0))
