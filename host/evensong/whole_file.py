"""Files that are written whole or not at all, and never in place of what somebody keeps under that name."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from evensong.errors import InputError


@contextmanager
def whole(path: Path, what: str, own: bytes | Callable[[Path], bool]) -> Iterator[BinaryIO]:
    """Yield a file to write into; it takes its name if the block ends without error. A device or pipe is written
    straight, and so is what a process has open (/dev/stdout); where a link is, what it points to is replaced.

    what, own: what is written, and how every such file begins, or what knows one: only such a one is replaced, or an
    empty one.

    Raises:
        InputError: the file cannot be written, or another kind of file is there. What was there before stays.
    """
    check_place(path, what, own)
    try:
        if _is_straight(path):
            with path.open("ab") as file:
                yield file
            return
        path = path.resolve()
        part = path.with_name(f".{path.name}.part")
        try:
            with part.open("wb") as file:
                yield file
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}.") from None


def write_whole(path: Path, content: bytes, what: str, own: bytes | Callable[[Path], bool]) -> None:
    """The same for what is there already."""
    with whole(path, what, own) as file:
        file.write(content)


def check_place(path: Path, what: str, own: bytes | Callable[[Path], bool]) -> None:
    """What `whole` would refuse is refused at once, before an hour's work that is to be written there.

    Raises:
        InputError: as `whole` does; the folder may still be full when the work is done.
    """
    try:
        if path.is_dir() or not path.name:
            raise InputError(f"{path} is a folder: name the file to write.")
        if not path.parent.is_dir():
            raise InputError(f"{path} cannot be written: there is no folder {path.parent}.")
        is_own = _is_straight(path) or not path.exists() or path.stat().st_size == 0 or _is_own(path, own)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}.") from None
    if not is_own:
        raise InputError(f"{path} is there and is no {what}, so it is left alone: name another file to write.")
    if not os.access(path if _is_straight(path) else path.resolve().parent, os.W_OK):
        raise InputError(f"{path} cannot be written: Permission denied.")


def check_folder(path: Path) -> None:
    """The same for a folder into which files are to be written, which need not be there yet. Raises InputError."""
    there = next(place for place in (path, *path.absolute().parents) if place.exists())
    if not there.is_dir():
        raise InputError(f"{path} cannot be written into: {there} is no folder.")
    if not os.access(there, os.W_OK | os.X_OK):
        raise InputError(f"{path} cannot be written into: Permission denied.")


def _is_straight(path: Path) -> bool:
    """A link below these folders is a process's open file: to replace it would take it from everybody."""
    opened = path.is_symlink() and path.absolute().parts[1] in ("dev", "proc")
    return opened or (path.exists() and not path.is_file())


def _is_own(path: Path, own: bytes | Callable[[Path], bool]) -> bool:
    if callable(own):
        return own(path)
    with path.open("rb") as file:
        return file.read(len(own)) == own
