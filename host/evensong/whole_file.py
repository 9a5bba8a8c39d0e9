"""Files that are written whole or not at all, and never in place of what somebody keeps under that name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from evensong.errors import InputError


@contextmanager
def whole(path: Path, what: str, begins: bytes) -> Iterator[BinaryIO]:
    """Yield a file to write into; it takes its name if the block ends without error. A device or pipe is written
    straight.

    what, begins: what is written, and how every such file begins: only such a one is replaced, or an empty one.

    Raises:
        InputError: the file cannot be written, or another kind of file is there. What was there before stays.
    """
    if path.is_dir() or not path.name:
        raise InputError(f"{path} is a folder: name the file to write.")
    if not path.parent.is_dir():
        raise InputError(f"{path} cannot be written: there is no folder {path.parent}.")
    part = path.with_name(f".{path.name}.part")
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as file:
                yield file
            return
        if not _may_be_replaced(path, begins):
            raise InputError(f"{path} is there and is no {what}, so it is left alone: name another file to write.")
        try:
            with part.open("wb") as file:
                yield file
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}.") from None


def write_whole(path: Path, content: bytes, what: str, begins: bytes) -> None:
    """The same for what is there already."""
    with whole(path, what, begins) as file:
        file.write(content)


def _may_be_replaced(path: Path, begins: bytes) -> bool:
    if not path.exists():
        return True
    with path.open("rb") as file:
        start = file.read(len(begins))
    return not start or start == begins
