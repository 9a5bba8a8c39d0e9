"""Device time and what is known of UTC.

Device time is (t_s, t_ms): whole seconds since the boot began and 0 to 999. It is advanced by `ticks_diff` on every
reading, so it passes the wrap of `ticks_ms` (2^30 ms, 12.4 days) as long as it is read at least every 6.2 days, and
stays in small integers, which a millisecond count would leave after 12 days on a 32-bit chip.

UTC only labels: it comes from the hub's TIME_REPLY and is carried over boots as a last known value and an uncertainty.
Without a clock that ran through the reset, what passed while the device was off is unknown, and it says so.
The unix epoch is 1970; MicroPython on ESP32 counts from 2000.
"""
# MicroPython's modules have more than CPython's.
# pyright: reportAttributeAccessIssue=false

import time

from evensong_firmware.wire import UNCERTAINTY_UNKNOWN_S

UTC_UNKNOWN_S = 0
MAX_UTC_S = 0xFFFFFFFF  # in 2106; a hub may say so any day
EPOCH_S = 946684800 if time.gmtime(0)[0] == 2000 else 0  # unix time of time.time() == 0
DRIFT_S_PER_DAY = 9  # 100 ppm: a crystal in the cold, and then some


def between_ms(from_s, from_ms, to_s, to_ms):
    """From one device time to another; at most 2^29 either way, beyond which it does not count."""
    s = to_s - from_s
    if s > 536000:
        return 1 << 29
    if s < -536000:
        return -(1 << 29)
    return s * 1000 + to_ms - from_ms


class Clock:
    def __init__(self):
        self._ticks = time.ticks_ms()
        self.t_s = 0
        self.t_ms = 0
        self._utc_s = UTC_UNKNOWN_S
        self._utc_t_s = 0
        self._utc_uncertainty_s = UNCERTAINTY_UNKNOWN_S

    def read(self):
        """Bring t_s and t_ms up to now."""
        ticks = time.ticks_ms()
        ms = self.t_ms + time.ticks_diff(ticks, self._ticks)
        self._ticks = ticks
        self.t_s += ms // 1000
        self.t_ms = ms % 1000

    def restart(self):
        """Device time begins again at 0, for a new boot id without a reset. UTC stays known."""
        self.read()
        self._utc_t_s -= self.t_s
        self.t_s = 0
        self.t_ms = 0

    def set_utc(self, utc_s, uncertainty_s):
        """It is now this late (unix seconds)."""
        self._utc_s = utc_s
        self._utc_t_s = self.t_s
        self._utc_uncertainty_s = uncertainty_s

    def utc(self):
        """(unix seconds now, uncertainty in s); (0, 65535) if it was never known."""
        if self._utc_s == UTC_UNKNOWN_S:
            return UTC_UNKNOWN_S, UNCERTAINTY_UNKNOWN_S
        passed = self.t_s - self._utc_t_s
        uncertainty = min(UNCERTAINTY_UNKNOWN_S, self._utc_uncertainty_s + passed * DRIFT_S_PER_DAY // 86400)
        return min(MAX_UTC_S, self._utc_s + passed), uncertainty


def carried_utc(state, rtc_s):
    """What a new boot knows: (unix seconds at its start, uncertainty in s).

    state: of the boot before it. rtc_s: unix seconds by a clock that ran through the reset, or None. Without one the
    time of the last checkpoint is only the earliest that it can be now.
    """
    utc_s, at_s, uncertainty_s = state.utc()
    if utc_s == UTC_UNKNOWN_S:
        return UTC_UNKNOWN_S, UNCERTAINTY_UNKNOWN_S
    last_s = min(MAX_UTC_S, utc_s + state.t_s - at_s)
    if rtc_s is None or rtc_s < last_s:
        return last_s, UNCERTAINTY_UNKNOWN_S
    passed = rtc_s - last_s
    return rtc_s, min(UNCERTAINTY_UNKNOWN_S, uncertainty_s + 1 + passed * DRIFT_S_PER_DAY // 86400)
