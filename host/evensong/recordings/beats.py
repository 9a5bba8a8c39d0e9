"""Where beats lie in time, from intervals and stamps that are coarser, drift against them, or contradict them.

Intervals are kept to the millisecond; stamps only say where a run of intervals lies. Within a run each interval starts
at the beat before. A run ends where the stamps leave the cumulated intervals by more than their resolution (a pause in
recording), or at an interval that is none. Time never runs backwards: no interval starts before the beat before it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evensong.recordings.samples import MAX_IBI_MS, MIN_IBI_MS, Integers

MAX_SHIFT_MS = 1000  # a run may lie this much later than its stamps say; what contradicts them more is refused


@dataclass(frozen=True, slots=True)
class Placed:
    """beat_ms (rising), ibi_ms: equally long. kept: their indices in the source. runs: number of unbroken stretches.
    impossible: indices of intervals shorter than 250 ms or longer than 2.5 s, taken as pauses. overlapping: indices of
    intervals left out because their stamps put them into the one before."""

    beat_ms: Integers
    ibi_ms: Integers
    kept: Integers
    runs: int
    impossible: Integers
    overlapping: Integers


def place(earliest_ms: Integers, latest_ms: Integers, ibi_ms: Integers, slack_ms: int) -> Placed:
    """Return beats for intervals in the order in which they were written.

    earliest_ms, latest_ms: what the stamp says of the end of each interval. slack_ms: how far stamps may contradict
    one run. A run is placed in the middle of what all its stamps allow: 35 beats stamped to the second pin it to 25 ms.
    """
    possible = (ibi_ms >= MIN_IBI_MS) & (ibi_ms <= MAX_IBI_MS)
    summed = np.cumsum(np.where(possible, ibi_ms, 0))
    lows, highs, sums, fine = (a.tolist() for a in (earliest_ms - summed, latest_ms - summed, summed, possible))
    ibis = ibi_ms.tolist()
    runs: list[tuple[int, list[int]]] = []  # offset, members
    members: list[int] = []
    low = high = 0

    def close() -> None:
        if members:
            runs.append(((low + high) // 2, members))

    for i, ok in enumerate(fine):
        if not ok:
            close()
            members = []
        elif not members or lows[i] > high + slack_ms or highs[i] < low - slack_ms:
            close()
            members, low, high = [i], lows[i], highs[i]
        else:
            members.append(i)
            low, high = max(low, lows[i]), min(high, highs[i])
    close()

    beats: list[int] = []
    kept: list[int] = []
    overlapping: list[int] = []
    laid = 0
    for offset, indices in runs:
        shift = 0
        first = True
        for i in indices:
            end = sums[i] + offset
            if first:
                shift = max(0, beats[-1] - (end - ibis[i])) if beats else 0
                if shift > MAX_SHIFT_MS:
                    overlapping.append(i)
                    continue
                first = False
                laid += 1
            beats.append(end + shift)
            kept.append(i)
    kept_at = np.array(kept, np.int64)
    return Placed(
        np.array(beats, np.int64),
        ibi_ms[kept_at],
        kept_at,
        laid,
        np.flatnonzero(~possible),
        np.array(overlapping, np.int64),
    )
