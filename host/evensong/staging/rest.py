"""Stretches of rest: two states, at rest and up, and the likeliest way between them given movement and heart.

An epoch's evidence is a log-likelihood ratio in units of one still epoch, weighed so that the figures are round:
- movement: in bed about one epoch in ten holds some, while sitting still nearly one in two does: a still epoch says 1
  for rest, one with movement -3. How much it moved does not matter, so neither does the sensor's scale;
- heart: faster than the recording's own slow level says down to -1. A slow heart alone says nothing where movement is
  known, for one sits with a slow heart too; where movement is missing it is all there is and says up to 1;
- off the wrist or in the charger says -3; a still wrist without a pulse, in a recording that has one, says nothing: it
  may be a table, but a tie goes to rest;
- nothing measured at all for 20 minutes says a quarter for rest, because contact is lost most often while lying: such
  voids are 8 % of the hours in bed and 2 % of the others on five mmash days (docs/decisions/0016). One that lasts
  `LONG_VOID` says nothing: the recording stopped.
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
VOID, LONG_VOID = 40, 240  # epochs without any measurement
AT_AN_EDGE = 120  # epochs of a void that rest beside it may take in
LEAST_SEEN = 120  # epochs on the wrist and measured, for a stretch of rest to count at all
NEAR_Q8 = 15 << 8  # bpm above the low end that are never fast: a night by itself spreads so far
STEP_Q8 = 5 << 8  # bpm beyond the border that say all they can


def stretches(series: Series) -> list[tuple[int, int]]:
    """(first, stop) of each stretch of rest, as places in the series: in order, apart."""
    return runs(_path(evidence(series)))


def trimmed(series: Series, start: int, stop: int) -> tuple[int, int]:
    """Rest from `start` to `stop` as far as it was seen on the wrist; nothing if that is less than `LEAST_SEEN`.

    A change that nobody saw lies somewhere in the void, so rest takes in up to `AT_AN_EDGE` of a void beside it. It
    begins where it has movement, or its lack, to show for it, if it ever has: with a slow heart alone one may just sit.
    """
    beating = _beating(series)
    measured = series.measured.reshape(-1, BINS).any(axis=1)  # not by a reading that is up to 30 s away
    void = series.worn & ~_felt(series, beating) & ~measured
    seen = start + np.flatnonzero((series.worn & ~void)[start:stop])
    if len(seen) < LEAST_SEEN:
        return start, start
    felt = start + np.flatnonzero(series.count_known[start:stop])  # nothing is known off the wrist
    first, last = int(felt[0] if len(felt) else seen[0]), int(seen[-1])
    before, after = void[start:first][::-1], void[last + 1 : stop]
    return first - _silence(before), last + 1 + _silence(after)


def evidence(series: Series) -> Ints:
    """(n,) evidence of rest per epoch, in 1/64 of a still epoch: see the module."""
    rate, beating = _rate(series), _beating(series)
    felt = _felt(series, beating)
    movement = np.where(felt, np.where(_moved(series), -3 * ONE, ONE), 0)
    heart = _heart(rate, beating)
    heart = np.where(series.count_known, np.minimum(heart, 0), heart)
    result = movement + heart
    void = series.worn & ~felt & ~beating
    result[void] = 1
    for start, stop in runs(void & ~series.count_known):
        if stop - start >= VOID:
            result[start:stop] = ONE // 4
    for start, stop in runs(void):
        if stop - start >= LONG_VOID:
            result[start:stop] = -1
    result[~series.worn] = -3 * ONE
    return result


def runs(mask: Mask) -> list[tuple[int, int]]:
    """(first, stop) of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(np.int8), [0]))))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _moved(series: Series) -> Mask:
    return np.asarray(fixed.log2(series.count_q8 + 256) - (8 << fixed.LOG_Q) > MOVED_Q10)


def _felt(series: Series, beating: Mask) -> Mask:
    """Where movement, or its lack, is a wearer's: a still sensor without a pulse may be a table's."""
    return np.asarray(series.count_known & (_moved(series) | beating | ~beating.any()))


def _silence(void: Mask) -> int:
    """Length of a void at the beginning, at most `AT_AN_EDGE`; 0 for moments without contact."""
    length = int(np.argmin(np.append(void, False)))
    return min(length, AT_AN_EDGE) if length >= VOID else 0


def _beating(series: Series) -> Mask:
    return np.asarray(series.hr_known.reshape(-1, BINS).any(axis=1))


def _rate(series: Series) -> Ints:
    known = series.hr_known.reshape(-1, BINS)
    total = np.where(known, series.hr_q8.reshape(-1, BINS), 0).sum(axis=1)
    return fixed.round_div(total, np.maximum(known.sum(axis=1), 1))


def _heart(rate: Ints, beating: Mask) -> Ints:
    """-1 for a fast heart to 1 for a slow one, around a border 2/5 up the recording's own range."""
    if not beating.any():
        return np.zeros(len(rate), np.int64)
    low, high = fixed.quantiles(rate[beating], (1, 9), 10)
    border = low + max(int(fixed.round_div(2 * (high - low), 5)), NEAR_Q8)
    slowness = np.clip(fixed.round_div((border - rate) * ONE, STEP_Q8), -ONE, ONE)
    return np.where(beating, slowness, 0)


def _path(said: Ints) -> Mask:
    """Where the likeliest path is at rest. It may begin and end in either state for nothing.

    By how much the best path that is at rest now leads the best one that is up says all: by more than `CHANGE`, and
    both came from rest; behind by more, and both from being up; else each stayed as it was.
    """
    lead = 0
    leads: list[int] = []  # before each epoch's own evidence
    for value in said.tolist():
        leads.append(lead)
        if lead > CHANGE:
            lead = CHANGE
        elif lead < -CHANGE:
            lead = -CHANGE
        lead += value
    known = np.append(leads[1:], (CHANGE + 1) * (1 if lead > 0 else -1))  # what each epoch's state is read from
    n = len(said)
    decided = np.where(np.abs(known) > CHANGE, np.arange(n), n - 1)
    following = np.minimum.accumulate(decided[::-1])[::-1]
    return np.asarray(known[following] > 0)
