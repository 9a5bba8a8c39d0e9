"""Which column of somebody's table is where: by the names in its first line, or in the order asked for without names.

One rule for every table that a person hands over. What is no such table is told by its first line: empty, a recording,
no text, another separator, decimal commas, other names.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from pathlib import Path

from evensong.errors import InputError
from evensong.recordings.container import FORMAT
from evensong.recordings.repairs import listed, shown


def columns_named(path: Path, first: bytes, names: tuple[str, ...], optional: str | None = None) -> tuple[int, ...]:
    """Return where these columns stand, from 0, in a table with this first line; `optional` is the last of them, if it
    is there. Names may be in capitals or quoted, among others and in any order. A first line with a number in it holds
    no names.

    Raises:
        InputError: the table is empty, is no such table, or a column is missing.
    """
    wanted = ",".join(names) + (f" and perhaps {optional}" if optional else "")
    cells = [cell.strip().strip('"').lower() for cell in _text(path, first, wanted).split(",")]
    if any(map(is_number, cells)):
        if len(cells) < len(names):
            raise InputError(f"{path} has {len(cells)} column{'s' * (len(cells) > 1)}, not {wanted}.")
        more = optional is not None and len(cells) > len(names) and is_number(cells[len(names)])
        return tuple(range(len(names) + more))
    missing = [name for name in names if name not in cells]
    if missing:
        there = listed([shown(cell) for cell in cells], 6)
        raise InputError(f"{path} has no column {missing[0]!r}: it has {there}, and should have {wanted}.")
    found = (*names, optional) if optional and optional in cells else names
    return tuple(cells.index(name) for name in found)


def _text(path: Path, first: bytes, wanted: str) -> str:
    """The first line, if it is text that commas divide."""
    if not first:
        raise InputError(f"{path} is empty: it should hold rows {wanted}.")
    if FORMAT.encode() in first:
        raise InputError(f"{path} is a recording, no table: `evensong export csv` writes the tables of one.")
    if first.startswith((BOM_UTF16_BE, BOM_UTF16_LE)):
        raise InputError(f"{path} is text in UTF-16: save it as UTF-8 (spreadsheets call it CSV UTF-8).")
    text = first.decode("utf-8", "replace").strip()
    if not text.replace("\t", " ").isprintable():
        raise InputError(f"{path} is no text: it should be a table of rows {wanted}.")
    for separator, name in ((";", "semicolons"), ("\t", "tabs")):
        decimal_commas = re.search(rf"\d,\d+{separator}|{separator}-?\d+,\d", text)
        if separator in text and (decimal_commas or text.count(separator) >= text.count(",")):
            raise InputError(
                f"{path} has {name} between its columns: save it with commas between them and points in numbers, "
                f"as in 12.5,800; it should hold {wanted}."
            )
    return text


def is_number(cell: str) -> bool:
    """True if `float` takes it."""
    try:
        float(cell)
    except ValueError:
        return False
    return True
