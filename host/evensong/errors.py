"""Errors that are a person's to mend. The command line prints their one sentence and exits with status 1.

EvensongError
├── InputError      a file or a value from outside is not what it should be
├── ConfigError     a setting is missing or wrong
└── Unavailable     something outside (adapter, port, service) is not there now; `retry_s` says when to try again
"""

from __future__ import annotations

import errno


class EvensongError(Exception):
    """message: one sentence that says what was wrong, where, and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InputError(EvensongError):
    pass


class ConfigError(EvensongError):
    pass


class Unavailable(EvensongError):
    """retry_s: seconds after which trying again makes sense; None if a person has to act first."""

    def __init__(self, message: str, retry_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_s = retry_s


def is_no_room(error: OSError) -> bool:
    """A full disk; a quota and a limit on the size of files count as well."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
