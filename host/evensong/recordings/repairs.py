"""What had to be mended in somebody's files, in sentences that say which file, which line, how many and what was done.

An importer either repairs (and says so here) or refuses (`InputError`); it never does either silently.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

MOST_SHOWN = 60  # characters of somebody's line in a sentence of ours


def listed(items: Sequence[object], most: int) -> str:
    """`a, b, c and 4 more`: the first `most` by name, the others by number."""
    named = ", ".join(map(str, items[:most]))
    return f"{named} and {len(items) - most} more" if len(items) > most else named


def shown(text: str) -> str:
    """Somebody's text, cut and without what could command a terminal."""
    cut = text if len(text) <= MOST_SHOWN else text[:MOST_SHOWN] + "..."
    return "".join(letter if letter.isprintable() else "?" for letter in cut)


class Repairs(list[str]):
    """Sentences, in the order in which they were found."""

    def rows(self, path: Path, count: int, first_line: int, what: str) -> None:
        """Note `count` rows of a file, of which the first is in `first_line` (from 1); nothing if there were none."""
        if count == 1:
            self.append(f"{path.name}, line {first_line}: {what}.")
        elif count:
            self.append(f"{path.name}, line {first_line} and {count - 1} more: {what}.")
