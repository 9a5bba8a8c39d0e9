"""The daemon's clock: two readings, passed in as a parameter, so that a test or a replay can bring its own.

`utc_ms` labels (it may jump when somebody sets the computer's clock); `monotonic_s` measures. Waiting is asyncio's
business, whose loop has the same time as `monotonic_s`.
"""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    def utc_ms(self) -> int:
        """Milliseconds since 1970-01-01T00:00:00Z."""

    def monotonic_s(self) -> float:
        """Seconds since an arbitrary instant; never runs backwards."""


class SystemClock:
    def utc_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        return time.monotonic()
