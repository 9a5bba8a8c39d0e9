"""Charts with two axes, as the house draws: across in percent of the width, downwards in pixels, colours by class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from evensong.ui.svg import figure, stretched

HEIGHT_PX = 240
_TICKS_PX = 22
_DOT_PX = 4.5

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Scale:
    """low to high; ticks: what is labelled, evenly, on the vertical one from end to end. percent: how they are."""

    low: float
    high: float
    ticks: tuple[float, ...]
    title: str
    decimals: int = 1
    percent: bool = False

    def part(self, value: float) -> float:
        """0 at low to 1 at high, clipped."""
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)

    def label(self, value: float) -> str:
        return f"{100 * value:.0f} %" if self.percent else f"{value:.{self.decimals}f}"


@dataclass(frozen=True, slots=True)
class Mark:
    """points: (x, y), drawn in order. css: the class that colours it. line, dots: how it is drawn."""

    label: str
    css: str
    points: Sequence[Point]
    line: bool = True
    dots: bool = True


def chart(name: str, title: str, description: str, marks: Sequence[Mark], x: Scale, y: Scale,
          *, diagonal: bool = False) -> Markup:  # fmt: skip
    """A chart with its axes and legend. name: unique on the page, letters only. diagonal: from corner to corner."""
    parts = [f'<line class="grid" x1="0" x2="100%" y1="{_y(y, tick):.1f}" y2="{_y(y, tick):.1f}"/>' for tick in y.ticks]
    if diagonal:
        parts.append(f'<line class="ideal" x1="0" x2="100%" y1="{HEIGHT_PX}" y2="0"/>')
    for mark in marks:
        if mark.line and len(mark.points) > 1:
            path = " ".join(f"{100 * x.part(a):.2f},{100 - 100 * y.part(b):.2f}" for a, b in mark.points)
            parts.append(stretched(100, HEIGHT_PX, f'<polyline class="stroke {mark.css}" points="{path}"/>'))
        parts += [
            f'<circle class="{mark.css}" cx="{100 * x.part(a):.2f}%" cy="{_y(y, b):.1f}" r="{_DOT_PX}"/>'
            for a, b in mark.points
            if mark.dots
        ]
    for tick in x.ticks:
        part = x.part(tick)
        anchor = "start" if part < 0.02 else "end" if part > 0.98 else "middle"
        where = f'x="{100 * part:.2f}%" y="{HEIGHT_PX + 16}" text-anchor="{anchor}"'
        parts.append(f'<text class="tick" {where}>{escape(x.label(tick))}</text>')
    drawing = figure(name, title, description, HEIGHT_PX + _TICKS_PX, "".join(parts))
    labels = "".join(f"<span>{escape(y.label(tick))}</span>" for tick in reversed(y.ticks))
    return Markup(  # noqa: S704  every text is escaped in place
        f'<figure class="xy"><figcaption><b>{escape(title)}</b>{_legend(marks)}</figcaption>'
        f'<p class="axis-title">{escape(y.title)}</p>'
        f'<div class="plot"><div class="range">{labels}</div>{drawing}</div>'
        f'<p class="axis-title across">{escape(x.title)}</p></figure>'
    )


def _y(scale: Scale, value: float) -> float:
    return HEIGHT_PX * (1 - scale.part(value))


def _legend(marks: Sequence[Mark]) -> str:
    keys = "".join(
        f'<li><svg width="12" height="12"><circle class="{mark.css}" cx="6" cy="6" r="5"/></svg> '
        f"{escape(mark.label)}</li>"
        for mark in marks
    )
    return f'<ul class="legend">{keys}</ul>'
