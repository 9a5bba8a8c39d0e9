"""Samples on a grid: heart rate per 5 s bin in Q8 bpm, count per 30 s epoch in Q8, whether it was worn."""

from .arithmetic import round_div
from .shapes import Maybe, Rows

BIN_MS = 5_000
EPOCH_MS = 30_000
BINS = 6  # of an epoch
REACH = 6  # bins: further than 30 s from any measurement nothing is known
OFF_WRIST = (0, 3)  # wear states OFF and CHARGING


def worn(wear: Rows, start_ms: int) -> bool:
    """Whether a bin lies on the wrist from its start to its end."""
    state = 1
    for t_ms, to in wear:
        if t_ms <= start_ms:
            state = to
        elif t_ms < start_ms + BIN_MS and to in OFF_WRIST:
            return False
    return state not in OFF_WRIST and not any(t == start_ms and to in OFF_WRIST for t, to in wear)


def believable(beats: Rows) -> Rows:
    """Beats (t_ms, ibi_ms, quality) whose interval is within 30 % of the median of the 11 plausible ones around."""
    kept = [row for row in beats if row[2] >= 50 and 300 <= row[1] <= 2000]
    if len(kept) <= 11:
        return kept
    result = []
    for i, row in enumerate(kept):
        around = [kept[max(0, min(len(kept) - 1, i + step))][1] for step in range(-5, 6)]
        median = sorted(around)[5]
        if 10 * abs(row[1] - median) <= 3 * median:
            result.append(row)
    return result


def by_bin(rows: Rows, first_ms: int, bins: int) -> list[list[int]]:
    """The second column of the rows in each bin."""
    found: list[list[int]] = [[] for _ in range(bins)]
    for row in rows:
        place = (row[0] - first_ms) // BIN_MS
        if 0 <= place < bins:
            found[place].append(row[1])
    return found


def heart_rate(readings_q4: Rows, beats: Rows, wear: Rows, first_ms: int, bins: int) -> list[Maybe]:
    """Readings where there are some, else beats per time over the 25 s around; bridged, known within `REACH`."""
    readings = by_bin([row for row in readings_q4 if 25 << 4 <= row[1] <= 250 << 4], first_ms, bins)
    intervals = by_bin(believable(beats), first_ms, bins)
    on_wrist = [worn(wear, first_ms + BIN_MS * i) for i in range(bins)]
    measured: list[Maybe] = []
    for i in range(bins):
        value: Maybe = None
        if readings[i]:
            value = round_div(16 * sum(readings[i]), len(readings[i]))
        elif intervals[i]:
            around = [ms for each in intervals[max(0, i - 2) : i + 3] for ms in each]
            value = round_div(len(around) * (60_000 << 8), sum(around))
        measured.append(value if on_wrist[i] else None)
    bridged = bridge(measured)
    return [value if there else None for value, there in zip(bridged, on_wrist)]


def bridge(measured: list[Maybe]) -> list[Maybe]:
    """Straight lines between measurements, constant beyond the first and the last, None too far from any."""
    known = {i: value for i, value in enumerate(measured) if value is not None}
    at = sorted(known)
    result: list[Maybe] = [None] * len(measured)
    for left, right in zip(at, at[1:]):
        for i in range(left, right + 1):
            if min(i - left, right - i) <= REACH:
                result[i] = known[left] + round_div((known[right] - known[left]) * (i - left), right - left)
    for end in at[:1] + at[-1:]:
        for i in range(max(end - REACH, 0), min(end + REACH + 1, len(measured))):
            if i <= at[0] or i >= at[-1]:
                result[i] = known[end]
    return result


def counts(activity: Rows, on_wrist: list[bool], first_epoch: int) -> list[Maybe]:
    """The largest count whose middle lies in the epoch; those beyond the ends go to the first and the last."""
    result: list[Maybe] = [None] * len(on_wrist)
    for t_ms, count in activity:
        place = max(0, min(len(result) - 1, (t_ms + EPOCH_MS // 2) // EPOCH_MS - first_epoch))
        result[place] = max(count, result[place] or 0)
    return [value if there else None for value, there in zip(result, on_wrist)]


def worn_epochs(wear: Rows, first_ms: int, epochs: int) -> list[bool]:
    return [all(worn(wear, first_ms + k * EPOCH_MS + b * BIN_MS) for b in range(BINS)) for k in range(epochs)]
