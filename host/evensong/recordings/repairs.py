"""What had to be mended in somebody's files, in sentences that say which file, which line, how many and what was done.

An importer either repairs (and says so here) or refuses (`InputError`); it never does either silently.
"""

from __future__ import annotations

from pathlib import Path


class Repairs(list[str]):
    """Sentences, in the order in which they were found."""

    def rows(self, path: Path, count: int, first_line: int, what: str) -> None:
        """Note `count` rows of a file, of which the first is in `first_line` (from 1); nothing if there were none."""
        if count == 1:
            self.append(f"{path.name}, line {first_line}: {what}.")
        elif count:
            self.append(f"{path.name}, line {first_line} and {count - 1} more: {what}.")
