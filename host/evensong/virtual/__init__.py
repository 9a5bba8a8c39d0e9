"""A wearable without hardware, for the demo, replays and tests: firmware on MicroPython's unix port, a virtual radio
with a real BLE stack, and one virtual clock over both and over the hub's process. See
`docs/decisions/0003-virtual-clock.md`.

Linux only as it stands; `require_linux` says so.
"""

from __future__ import annotations

import sys

from evensong.errors import Unavailable


def require_linux() -> None:
    """Raises `Unavailable` elsewhere: turns rest on `SO_RCVTIMEO`, inherited sockets and CPU affinity."""
    if sys.platform != "linux":
        raise Unavailable(f"The virtual wearable runs on Linux only, and this is {sys.platform}: use a Linux machine.")
