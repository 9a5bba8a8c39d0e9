"""A stretch of computing in the event loop's thread that a signal to stop ends at once.

What it is not: it does not stop the hub. The event loop gets the signal too, and does that as soon as it runs again.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_NOT_THE_LOOPS = (signal.SIG_DFL, signal.SIG_IGN, signal.default_int_handler, None)


class _Stopped(BaseException):
    pass


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise _Stopped


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Left at a signal that the event loop has a handler for; transactions within are rolled back."""
    handlers = {}
    if threading.current_thread() is threading.main_thread():
        found = {number: signal.getsignal(number) for number in STOP_SIGNALS}
        handlers = {number: handler for number, handler in found.items() if handler not in _NOT_THE_LOOPS}
    try:
        for number in handlers:
            signal.signal(number, _stop)
        yield
    except _Stopped:
        pass
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
