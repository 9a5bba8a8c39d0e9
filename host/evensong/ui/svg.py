"""The few pieces of SVG that every drawing is made of.

One SVG fits a phone and a projector: across, everything is in percent of the width; downwards, in CSS pixels, so text
and lines keep their size. Colours come from the style sheet by class: the pages' security policy forbids inline style.
Text is escaped here; what a function takes as `inside` is SVG already.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

from evensong.ui.axis import Tick

MOST_COLUMNS = 1_440  # bands of longer spans are averaged; no screen shows more


def column_epochs(epochs: int) -> int:
    """How many epochs a column stands for, so that a band has at most MOST_COLUMNS of them."""
    return max(-(-epochs // MOST_COLUMNS), 1)


def figure(name: str, title: str, description: str, height_px: int, inside: str) -> Markup:
    """An SVG of the full width that screen readers announce as one picture."""
    return Markup(  # noqa: S704  the texts are escaped in place
        f'<svg xmlns="http://www.w3.org/2000/svg" class="drawing" width="100%" height="{height_px}" role="img"'
        f' aria-labelledby="{name}-title {name}-desc"><title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-desc">{escape(description)}</desc>{inside}</svg>'
    )


def stretched(width: float, height_px: int, inside: str, *, crisp: bool = False) -> str:
    """A space of `width` columns and 100 from top to bottom, stretched over the drawing."""
    edges = ' shape-rendering="crispEdges"' if crisp else ""
    space = f'width="100%" height="{height_px}" viewBox="0 0 {width:g} 100" preserveAspectRatio="none"'
    return f"<svg {space}{edges}>{inside}</svg>"


def grid(ticks: Sequence[Tick], height_px: int) -> str:
    return "".join(f'<line class="grid" x1="{t.percent}%" x2="{t.percent}%" y1="0" y2="{height_px}"/>' for t in ticks)


def remark(x_percent: float, height_px: int, words: str) -> str:
    """A few quiet words in the middle of the height."""
    return f'<text class="remark" x="{x_percent:.3f}%" y="{height_px / 2 + 4:g}">{escape(words)}</text>'


def hatch(name: str) -> str:
    """The pattern `url(#name-hatch)`: of what is not known."""
    return (
        f'<defs><pattern id="{name}-hatch" width="7" height="7" patternUnits="userSpaceOnUse"'
        ' patternTransform="rotate(45)"><rect class="hatch-ground" width="7" height="7"/>'
        '<line class="hatch" x1="0" x2="0" y1="0" y2="7"/></pattern></defs>'
    )
