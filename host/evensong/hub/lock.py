"""One hub for one journal: an advisory lock on a file beside it, which ends with the process that holds it."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from evensong.errors import ConfigError, Unavailable


@contextlib.contextmanager
def locked(journal: Path) -> Iterator[None]:
    """Keep a second hub off this journal. Unavailable if one runs already."""
    path = lock_path(journal)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.open("a")
    except OSError as error:
        raise ConfigError(f"The journal's folder {path.parent} cannot be used: {error.strerror}.") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unavailable(f"A hub runs on {journal} already: stop it, or give this one another journal.") from None
        yield


def is_running(journal: Path) -> bool:
    """Whether a hub holds this journal now."""
    try:
        with lock_path(journal).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def lock_path(journal: Path) -> Path:
    return journal.with_name(journal.name + ".lock")
