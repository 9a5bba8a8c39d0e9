"""Heart rate, movement, lost stretches and the labels of the time axis, as SVG on the hypnogram's axis."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup, escape

from evensong.record import Gap
from evensong.ui.axis import Axis, position
from evensong.ui.svg import column_epochs, figure, grid, remark, stretched

HEART_PX = 92
MOVEMENT_PX = 56
AXIS_PX = 22
GAPS_PX = 10


def mean(values: Sequence[float | None]) -> float | None:
    """Of the values that are known; None if there are none."""
    known = [v for v in values if v is not None]
    return sum(known) / len(known) if known else None


def heart_range(bpm: Sequence[float | None]) -> tuple[int, int] | None:
    """Lowest and highest line of the heart-rate band: whole tens that hold all readings; None if there are none."""
    known = [b for b in bpm if b is not None]
    if not known:
        return None
    low, high = math.floor(min(known) / 10) * 10, math.ceil(max(known) / 10) * 10
    return low, max(high, low + 20)


def heart_rate(bpm: Sequence[float | None], axis: Axis, name: str, description: str) -> Markup:
    """A line that breaks where there is no reading."""
    parts = [grid(axis.ticks(), HEART_PX)]
    lines = heart_range(bpm)
    if lines is None:
        parts.append(remark(50, HEART_PX, "no heart rate was measured"))
    else:
        low, high = lines
        columns, size = _columns(bpm)
        path, pen_down = [], False
        for i, value in enumerate(columns):
            if value is None:
                pen_down = False
                continue
            y = 4 + 92 * (high - value) / (high - low)
            alone = not pen_down and (i + 1 == len(columns) or columns[i + 1] is None)
            path.append(f"M{i + 0.1:g} {y:.1f}h.8" if alone else f"{'L' if pen_down else 'M'}{i + 0.5:g} {y:.1f}")
            pen_down = True
        parts.append(stretched(len(bpm) / size, HEART_PX, f'<path class="heart" d="{"".join(path)}"/>'))
    return figure(name, "Heart rate", description, HEART_PX, "".join(parts))


def movement(counts: Sequence[float | None], axis: Axis, name: str, description: str) -> Markup:
    """Columns of log(1 + count), full height at 300 counts or the night's most; a base line where it was measured."""
    columns, size = _columns(counts)
    full = math.log1p(max([300.0, *(c for c in columns if c is not None)]))
    bars, base = [], []
    for i, count in enumerate(columns):
        if count is None:
            continue
        base.append(f"M{i} 97h1v3h-1z")
        if count > 0:
            height = 97 * math.log1p(count) / full
            bars.append(f"M{i} 97h1v-{height:.1f}h-1z")
    inside = f'<path class="movement-base" d="{"".join(base)}"/><path class="movement" d="{"".join(bars)}"/>'
    nothing = "" if base else remark(50, MOVEMENT_PX, "no movement was measured")
    parts = [grid(axis.ticks(), MOVEMENT_PX), nothing, stretched(len(counts) / size, MOVEMENT_PX, inside, crisp=True)]
    return figure(name, "Movement", description, MOVEMENT_PX, "".join(parts))


def lost(gaps: Sequence[Gap], first_epoch: int, axis: Axis, name: str, description: str) -> Markup:
    """A mark over every stretch of which samples are lost; each says what happened when pointed at."""
    parts = []
    for gap in gaps:
        x1, x2 = (axis.percent(position(ms, first_epoch)) for ms in (gap.from_ms, gap.to_ms))
        title = escape(f"{gap.lost_s:g} s lost: {gap.cause}")
        parts.append(
            f'<rect class="lost" x="{x1}%" y="2" width="{x2 - x1:.3f}%" height="6" rx="3"><title>{title}</title></rect>'
        )
    return figure(name, "Lost", description, GAPS_PX, "".join(parts))


def axis_labels(axis: Axis) -> Markup:
    """The times beneath the bands. Hidden from screen readers: each band's description says when it was."""
    parts = []
    for tick in axis.ticks():
        css = "tick" if tick.major else "tick minor"
        anchor = "start" if tick.percent < 2 else "end" if tick.percent > 98 else "middle"
        parts.append(
            f'<text class="{css}" x="{tick.percent}%" y="15" text-anchor="{anchor}">{escape(tick.label)}</text>'
        )
    return Markup(  # noqa: S704  the labels are escaped in place
        f'<svg xmlns="http://www.w3.org/2000/svg" class="drawing" width="100%" height="{AXIS_PX}" aria-hidden="true">'
        f"{''.join(parts)}</svg>"
    )


def _columns(values: Sequence[float | None]) -> tuple[list[float | None], int]:
    """Means over columns of some epochs, None where a column has no value; and how many epochs these are."""
    size = column_epochs(len(values))
    return [mean(values[i : i + size]) for i in range(0, len(values), size)], size
