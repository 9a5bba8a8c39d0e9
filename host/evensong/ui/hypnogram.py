"""The hypnogram and the probabilities beneath it, as SVG.

Epochs that nobody could decide are hatched over the full height: what is not known is shown, not left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

from markupsafe import Markup

from evensong.record import STAGED, Stage
from evensong.ui.axis import Axis
from evensong.ui.svg import column_epochs, figure, grid, hatch, remark, stretched

LANES = (Stage.WAKE, Stage.REM, Stage.LIGHT, Stage.DEEP)  # from the top
LANE_PX = 42
BAR_PX = 20
HEIGHT_PX = LANE_PX * len(LANES)
SURE_PX = 60
NAMED_FROM_PERCENT = 18  # narrower stretches have no room for a word on a phone

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Run:
    """Epochs start to stop - 1 (positions in the document) of one stage."""

    stage: Stage
    start: int
    stop: int


def runs(stages: Sequence[Stage]) -> list[Run]:
    return [Run(stage, start, stop) for stage, start, stop in _stretches(stages)]


def hypnogram(stages: Sequence[Stage], axis: Axis, name: str, description: str) -> Markup:
    """name: unique on the page, letters only; description: what somebody who cannot see it should know."""
    parts = [grid(axis.ticks(), HEIGHT_PX)]
    parts += [f'<line class="lane" x1="0" x2="100%" y1="{_middle(s)}" y2="{_middle(s)}"/>' for s in LANES]
    previous: Run | None = None
    bars: list[str] = []
    for run in runs(stages):
        x, width = axis.percent(run.start), axis.percent(run.stop) - axis.percent(run.start)
        if run.stage not in LANES:
            parts.append(f'<rect x="{x}%" width="{width:.3f}%" height="{HEIGHT_PX}" {_fill(run.stage, name)}/>')
            if width > NAMED_FROM_PERCENT:
                parts.append(
                    remark(x + width / 2, HEIGHT_PX, "unknown" if run.stage is Stage.UNKNOWN else "not staged")
                )
            previous = None
            continue
        if previous is not None:
            y1, y2 = sorted((_middle(previous.stage), _middle(run.stage)))
            parts.append(f'<line class="step" x1="{x}%" x2="{x}%" y1="{y1}" y2="{y2}"/>')
        y = _middle(run.stage) - BAR_PX // 2
        bars.append(f'<rect class="{run.stage}" x="{x}%" y="{y}" width="{width:.3f}%" height="{BAR_PX}" rx="4"/>')
        previous = run
    return figure(name, "Hypnogram", description, HEIGHT_PX, hatch(name) + "".join(parts + bars))


def sparkline(stages: Sequence[Stage], axis: Axis, name: str, description: str) -> Markup:
    """A hypnogram for a list: four lines of bars, 36 px high."""
    lane, bar = 9, 7
    parts = []
    for run in runs(stages):
        x, width = axis.percent(run.start), axis.percent(run.stop) - axis.percent(run.start)
        if run.stage in LANES:
            y = lane * LANES.index(run.stage) + 1
            parts.append(f'<rect class="{run.stage}" x="{x}%" y="{y}" width="{width:.3f}%" height="{bar}" rx="2"/>')
        else:
            parts.append(f'<rect x="{x}%" width="{width:.3f}%" height="{lane * 4}" {_fill(run.stage, name)}/>')
    return figure(name, "Hypnogram", description, lane * 4, hatch(name) + "".join(parts))


def probabilities(p: Sequence[tuple[int, int, int, int] | None], name: str, description: str) -> Markup:
    """The four probabilities stacked to full height in the order of the lanes; hatched where there are none."""
    size = column_epochs(len(p))
    columns = [_mean_p(p[i : i + size]) for i in range(0, len(p), size)]
    order = [STAGED.index(stage) for stage in LANES]
    parts = []
    for unknown, start, stop in _stretches([column is None for column in columns]):
        if unknown:
            x, width = 100 * start / len(columns), 100 * (stop - start) / len(columns)
            parts.append(f'<rect x="{x:.3f}%" width="{width:.3f}%" height="{SURE_PX}" fill="url(#{name}-hatch)"/>')
    areas = []
    for depth, stage in enumerate(LANES):  # each from its top to the very bottom, the next ones over it: no seams
        path, pen_down = [], False
        for i, column in enumerate(columns):
            if column is None:
                path.append("V100z" if pen_down else "")
                pen_down = False
                continue
            top = f"{100 * sum(column[k] for k in order[:depth]):.1f}"
            path.append(f"V{top}h1" if pen_down else f"M{i} 100V{top}h1")
            pen_down = True
        areas.append(f'<path class="{stage}" d="{"".join(path)}{"V100z" if pen_down else ""}"/>')
    parts.append(stretched(len(p) / size, SURE_PX, f'<g class="sure">{"".join(areas)}</g>'))
    return figure(name, "Probabilities", description, SURE_PX, hatch(name) + "".join(parts))


def proportions(minutes: Sequence[tuple[Stage, float]], name: str, description: str) -> Markup:
    """One bar, divided as these (stage, minutes) are."""
    total = sum(m for _, m in minutes)
    parts, x = [], 0.0
    for stage, value in minutes:
        width = 100 * value / total if total else 0
        parts.append(f'<rect x="{x:.3f}%" width="{width:.3f}%" height="14" {_fill(stage, name)}/>')
        x += width
    return figure(name, "Shares of the stages", description, 14, hatch(name) + "".join(parts))


def _stretches(values: Sequence[T]) -> Iterator[tuple[T, int, int]]:
    """Equal neighbours taken together: the value, its first index and the one after its last."""
    start = 0
    for value, group in groupby(values):
        stop = start + sum(1 for _ in group)
        yield value, start, stop
        start = stop


def _fill(stage: Stage, name: str) -> str:
    """The attribute that colours a stage by its class, or hatches it."""
    return f'fill="url(#{name}-hatch)"' if stage is Stage.UNKNOWN else f'class="{stage}"'


def _middle(stage: Stage) -> int:
    return LANE_PX * LANES.index(stage) + LANE_PX // 2


def _mean_p(column: Sequence[tuple[int, int, int, int] | None]) -> tuple[float, ...] | None:
    known = [p for p in column if p is not None]
    if not known:
        return None
    total = sum(sum(p) for p in known) or 1
    return tuple(sum(p[k] for p in known) / total for k in range(len(STAGED)))
