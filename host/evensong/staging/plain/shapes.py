"""Names for annotations, which MicroPython reads over but cannot evaluate."""

try:
    from typing import Any

    Maybe = int | None  # None: not known
    Rows = list[list[int]]
    Stages = dict[str, Any]
except ImportError:  # MicroPython
    Any = Maybe = Rows = Stages = None  # type: ignore[misc, assignment]

__all__ = ["Any", "Maybe", "Rows", "Stages"]
