"""Stretches of rest: two states, at rest and up, and the likeliest way between them given movement and heart.

An epoch's evidence is a log-likelihood ratio in units of one still epoch, weighed so that the figures are round:
- movement: in bed about one epoch in ten holds some, while sitting still nearly one in two does: a still epoch says 1
  for rest, one with movement -3. How much it moved does not matter, so neither does the sensor's scale;
- heart: faster than the recording's own slow level says down to -1. A slow heart alone says nothing where movement is
  known, for one sits with a slow heart too; where movement is missing it is all there is and says up to 1;
- off the wrist or in the charger says -3; a still wrist without a pulse, in a recording that has one, says nothing: it
  may be a table. Nothing measured says nothing, but a tie goes to rest (contact is lost most often while lying), unless
  it lasts `LONG_VOID`.
Each change of state costs `CHANGE`, so short stretches of either sort do not count. The clock is never looked at.
The path is Viterbi's (1967, IEEE Trans. Inf. Theory 13:260), in integers.
"""

from __future__ import annotations

import numpy as np

from . import fixed
from .features import MOVED_Q10
from .fixed import Ints, Mask
from .series import BINS, Series

Q = 6  # evidence in 1/64 of a still epoch
ONE = 1 << Q
CHANGE = 20 * ONE  # amid a day, forty still epochs make a stretch of rest; ten with movement and a fast heart end one
LONG_VOID = 240  # epochs without any measurement
NEAR_Q8 = 15 << 8  # bpm above the low end that are never fast: a night by itself spreads so far
STEP_Q8 = 5 << 8  # bpm beyond the border that say all they can


def stretches(series: Series) -> list[tuple[int, int]]:
    """(first, stop) of each stretch of rest, as places in the series: in order, apart."""
    return runs(_path(evidence(series)))


def trimmed(series: Series, start: int, stop: int) -> tuple[int, int]:
    """Rest from `start` to `stop` as far as it was seen on the wrist.

    A change that nobody saw is dated to where it is first seen: rest begins where it has movement, or its lack, to show
    for it, if it ever has. Its end needs no such care, for rest lasts until something speaks against it.
    """
    worn = np.flatnonzero(series.worn[start:stop])
    felt = np.flatnonzero(series.count_known[start:stop])  # nothing is known off the wrist
    first = felt if len(felt) else worn
    return (start + int(first[0]), start + int(worn[-1]) + 1) if len(worn) else (start, start)


def evidence(series: Series) -> Ints:
    """(n,) evidence of rest per epoch, in 1/64 of a still epoch: see the module."""
    moved = fixed.log2(series.count_q8 + 256) - (8 << fixed.LOG_Q) > MOVED_Q10
    rate, beating = _rate(series)
    felt = series.count_known & (moved | beating | ~beating.any())
    movement = np.where(felt, np.where(moved, -3 * ONE, ONE), 0)
    heart = _heart(rate, beating)
    heart = np.where(series.count_known, np.minimum(heart, 0), heart)
    result = movement + heart
    void = ~felt & ~beating
    result[void] = 1
    for start, stop in runs(void):
        if stop - start >= LONG_VOID:
            result[start:stop] = -1
    result[~series.worn] = -3 * ONE
    return result


def runs(mask: Mask) -> list[tuple[int, int]]:
    """(first, stop) of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(np.int8), [0]))))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _rate(series: Series) -> tuple[Ints, Mask]:
    known = series.hr_known.reshape(-1, BINS)
    number = known.sum(axis=1)
    total = np.where(known, series.hr_q8.reshape(-1, BINS), 0).sum(axis=1)
    return fixed.round_div(total, np.maximum(number, 1)), number > 0


def _heart(rate: Ints, beating: Mask) -> Ints:
    """-1 for a fast heart to 1 for a slow one, around a border 2/5 up the recording's own range."""
    if not beating.any():
        return np.zeros(len(rate), np.int64)
    low, high = (fixed.quantile(rate[beating], part, 10) for part in (1, 9))
    border = low + max(int(fixed.round_div(2 * (high - low), 5)), NEAR_Q8)
    slowness = np.clip(fixed.round_div((border - rate) * ONE, STEP_Q8), -ONE, ONE)
    return np.where(beating, slowness, 0)


def _path(said: Ints) -> Mask:
    """Where the likeliest path is at rest. It may begin and end in either state for nothing."""
    rest = up = 0
    came_up: list[bool] = []  # whether the best path that is up now was at rest before
    came_to_rest: list[bool] = []
    for value in said.tolist():
        from_rest, from_up = rest - CHANGE > up, up - CHANGE > rest
        came_up.append(from_rest)
        came_to_rest.append(from_up)
        rest, up = (up - CHANGE if from_up else rest) + value, rest - CHANGE if from_rest else up
    result = np.zeros(len(came_up), bool)
    resting = rest > up
    for i in range(len(came_up) - 1, -1, -1):
        result[i] = resting
        if came_to_rest[i] if resting else came_up[i]:
            resting = not resting
    return result
