"""The features of one epoch of a night, in Q10, each None where it is not known: see `evensong.staging.features`."""

from . import arithmetic as a
from .series import BINS
from .shapes import Maybe

ONE = 1 << 10
MEANS = (6, 30, 60, 120, 360)
UNRESTS = (6, 30, 120, 360)
BANDS = (("10_30", 2, 6), ("30_90", 6, 18), ("90_300", 18, 60))
ACTIVITIES = (5, 11, 41, 121)
MOVED = 2955
LONG = 120
LONGEST = 12 * 120
RANKED = (
    "spread_30", "spread_60", "spread_120", "spread_360", "unrest_6", "unrest_30", "unrest_120", "unrest_360",
    "band_10_30", "band_30_90", "band_90_300", "hr_30", "hr_120", "hr_6_less_60", "hr_60_less_360",
    "count", "count_5", "count_11", "count_41",
)  # fmt: skip


def window(values: list[Maybe], centre: int, width: int) -> list[int]:
    """What is known in [centre - width / 2, centre + (width + 1) / 2)."""
    low = max(0, min(len(values), centre - width // 2))
    high = max(0, min(len(values), centre + (width + 1) // 2))
    return [value for value in values[low:high] if value is not None]


def mean(values: list[Maybe], centre: int, width: int, scale: int = 1) -> Maybe:
    known = window(values, centre, width)
    return a.round_div(sum(known) * scale, len(known)) if known else None


def against(top: Maybe, bottom: Maybe, unit: int) -> Maybe:
    if top is None or bottom is None:
        return None
    return a.clip(a.round_div((top - bottom) * ONE, unit), -4 * ONE, 4 * ONE)


def squares(values: list[Maybe], bases: list[Maybe]) -> list[Maybe]:
    return [None if v is None or b is None else (v - b) ** 2 for v, b in zip(values, bases)]


def log2_of(value: Maybe, floor: int) -> Maybe:
    return None if value is None else a.log2(value + floor)


def measure(hr: list[Maybe], count: list[Maybe], first: int, night: tuple[int, int], epochs: tuple[int, int],
            risen: bool) -> list[dict[str, Maybe]]:  # fmt: skip
    """hr per bin, count per epoch of a recording that begins with epoch `first`. night, epochs: (start, stop)."""
    rows = [_time(number, night, risen) for number in range(*epochs)]
    places = [number - first for number in range(*epochs)]
    inside = [night[0] <= number < night[1] for number in range(*epochs)]
    _heart(rows, places, hr, hr[BINS * (night[0] - first) : BINS * (night[1] - first)])
    _movement(rows, places, inside, count)
    for name in RANKED:
        tonight = [row[name] for row, there in zip(rows, inside) if there]
        among = [value for value in tonight if value is not None]
        for row in rows:
            value = row[name]
            row["rank_" + name] = None if value is None else a.mid_rank(value, among)
    return rows


def _heart(rows: list[dict[str, Maybe]], places: list[int], hr: list[Maybe], night: list[Maybe]) -> None:
    tonight = [value for value in night if value is not None] or [0]
    low, median, high = (a.quantile(tonight, tenths) for tenths in (1, 5, 9))
    scale = max(a.round_div((high - low) * 100, 256), 384)
    every = range(len(hr))
    smooth = {w: [mean(hr, i, w) for i in every] for w in (2, 6, 18, 60, 120, 360)}
    slow, slower = squares(hr, smooth[120]), squares(hr, smooth[360])
    steps: list[Maybe] = [None if x is None or y is None else abs(y - x) for x, y in zip(hr, hr[1:])]
    waves = {}
    for name, narrow, wide in BANDS:
        wave = squares(smooth[narrow], smooth[wide])
        waves[name] = [None if there is None else value for value, there in zip(wave, hr)]
    for row, place in zip(rows, places):
        middle = BINS * place + BINS // 2
        level = {w: mean(hr, middle, w) for w in MEANS}
        for w in MEANS:
            row["hr_" + str(w)] = against(level[w], median, scale)
            row["spread_" + str(w)] = log2_of(mean(slow if w < 120 else slower, middle, w), 5898)
        for w in UNRESTS:
            row["unrest_" + str(w)] = log2_of(mean(steps, middle, w, 16), 410)
        for name, wave in waves.items():
            row["band_" + name] = log2_of(mean(wave, middle, 60), 655)
        row["hr_30_bpm"] = against(level[30], median, 8 << 8)
        row["hr_6_less_60"] = against(level[6], level[60], scale)
        row["hr_60_less_360"] = against(level[60], level[360], scale)
        row["hr_30_over_q10"] = against(level[30], low, scale)
        row["hr_30_change"] = against(level[30], mean(hr, middle - 30, 30), scale)
        row["hr_coverage"] = a.round_div(len(window(hr, middle, 30)) * ONE, 30)


def _movement(rows: list[dict[str, Maybe]], places: list[int], inside: list[bool], count: list[Maybe]) -> None:
    tonight = [count[place] for place, there in zip(places, inside) if there]
    known = [value for value in tonight if value is not None]
    gain = 1 << 10
    if known:  # half of the accelerometer's gain is taken out
        gain = a.root((4 << 28) // max(a.round_div(sum(known), len(known)), 26))
    logs = [None if value is None else a.log2(a.round_shift(value * gain, 10) + 256) - 8 * ONE for value in count]
    moved = [i for i, value in enumerate(logs) if value is not None and value > MOVED]
    for row, place in zip(rows, places):
        for name, where in (("count", place), ("count_5_before", place - 5), ("count_5_after", place + 5)):
            row[name] = logs[where] if 0 <= where < len(logs) else None
        for w in ACTIVITIES:
            row["count_" + str(w)] = mean(logs, place, w)
        around = window(logs, place, 21)
        row["count_most_21"] = max(around) if around else None
        since = min([place - i for i in moved if i <= place] + [LONG])
        until = min([i - place for i in moved if i >= place] + [LONG])
        some = any(value is not None for value in count)
        row["since_moved"] = a.log2(1 + since) if some else None
        row["until_moved"] = a.log2(1 + until) if some else None
        row["count_known"] = 0 if count[place] is None else ONE


def _time(number: int, night: tuple[int, int], risen: bool) -> dict[str, Maybe]:
    elapsed = a.clip(number - night[0], 0, LONGEST)
    remaining = a.clip(night[1] - number, 0, LONGEST)
    turns = a.round_div(elapsed << 16, 186)
    return {
        "elapsed": a.round_div(elapsed * ONE, 480),
        "onset": _fading(elapsed),
        "remaining": a.round_div(remaining * ONE, 480) if risen else None,
        "ending": _fading(remaining) if risen else None,
        "cycle_sin": a.sine(turns),
        "cycle_cos": a.sine(turns + (1 << 14)),
    }


def _fading(epochs: int) -> int:
    """exp(-3 hours)."""
    return a.round_shift(a.exp2(-a.round_div(epochs * 23637, 10)), 6)
