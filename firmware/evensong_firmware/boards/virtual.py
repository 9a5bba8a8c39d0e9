"""The virtual board: plays a tape through the interface that drivers use, on MicroPython's unix port or on CPython.

A tape is a file of records in order of time, 8 bytes each: t_ms of the timeline (4), kind, a, b (2), little endian;
kinds 1 heart rate, 2 beat, 3 activity, 4 wear, 5 mood, 6 event, 7 battery, 8 button. See docs/architecture.md. Behind
its end the board idles. What its light and motor do it writes onto a tape of its own, `signals` in its home.

From the environment: EVENSONG_TAPE (none: a board without sensors), EVENSONG_TAPE_OFFSET_MS (the timeline's time at
which this boot began; what lies before it has been missed), EVENSONG_FLASH (file of the spool), EVENSONG_HOME (folder
of the settings), EVENSONG_DEVICE_ID (16 hex digits), EVENSONG_SERIAL (a terminal to speak on instead of BLE),
EVENSONG_RTC_S (unix seconds by a clock that ran through the reset).
"""

# MicroPython's modules have more than CPython's.
# pyright: reportAttributeAccessIssue=false

import os
import time
from binascii import unhexlify

from evensong_firmware.boards import ACTIVITY, BEAT, BUTTON, EVENT, HEART_RATE, MOOD, WEAR
from evensong_firmware.boards.flash_file import FlashFile
from evensong_firmware.ring import put16, put24
from evensong_firmware.wire import (
    CAPABILITY_BEATS,
    CAPABILITY_BUTTON,
    CAPABILITY_HEART_RATE,
    CAPABILITY_MOVEMENT,
    RESET_POWER_ON,
)

RECORD = 8
_BATTERY = 7  # a: per cent
_SIGNAL = 9  # a: level
# By kind of record; a battery is no sample.
_STREAM = (-1, HEART_RATE, BEAT, ACTIVITY, WEAR, MOOD, EVENT, -1, BUTTON)
_CAPABILITY = (0, CAPABILITY_HEART_RATE, CAPABILITY_BEATS, CAPABILITY_MOVEMENT, 0, CAPABILITY_BUTTON, 0, 0)
_CAPABILITY += (CAPABILITY_BUTTON,)


class Tape:
    """A source of samples. offset_ms: subtracted from the tape's times, it gives device time."""

    def __init__(self, path, offset_ms):
        self._file = open(path, "rb")
        self._buf = bytearray(256)
        self._n = 0
        self._i = 0
        self._offset_s = offset_ms // 1000
        self._offset_ms = offset_ms % 1000
        self.t_s = 0  # of the record at _i
        self.t_ms = 0
        self.battery_pct = 80
        self.capabilities = self._look_through()
        self._seek()

    def _look_through(self):
        """Capability bits of the kinds on the tape."""
        bits = 0
        while self._fill():
            for i in range(4, self._n, RECORD):
                kind = self._buf[i]
                if kind < len(_CAPABILITY):
                    bits |= _CAPABILITY[kind]
        return bits

    def _fill(self):
        self._n = self._file.readinto(self._buf) // RECORD * RECORD
        self._i = 0
        return self._n

    def _seek(self):
        """Go to the first record that is not before this boot."""
        low, high = 0, self._file.seek(0, 2) // RECORD
        while low < high:
            middle = (low + high) // 2
            self._file.seek(middle * RECORD)
            self._fill()
            self._time()
            if self.t_s < 0:
                low = middle + 1
            else:
                high = middle
        self._file.seek(low * RECORD)
        self._n = self._i = 0

    def _time(self):
        """Device time of the record at _i; t_s is negative before this boot. In halves: 2^30 ms are only 12 days."""
        buf, i = self._buf, self._i
        high = buf[i + 2] | buf[i + 3] << 8
        rest = high * 536 + (buf[i] | buf[i + 1] << 8) - self._offset_ms  # 65536 ms are 65 s and 536 ms
        self.t_s = high * 65 + rest // 1000 - self._offset_s
        self.t_ms = rest % 1000

    def read_into(self, buf, t_s, t_ms):
        """Samples up to this device time, at most as many as fit into buf (see `boards`); returns their number."""
        n = 0
        while n + RECORD <= len(buf):
            if self._i >= self._n and not self._fill():
                break
            self._time()
            if self.t_s > t_s or (self.t_s == t_s and self.t_ms > t_ms):
                break
            i = self._i
            self._i = i + RECORD
            kind = self._buf[i + 4]
            if kind == _BATTERY:
                self.battery_pct = self._buf[i + 5]
            if not 1 <= kind < len(_STREAM) or _STREAM[kind] < 0:
                continue
            put24(buf, n, self.t_s)
            put16(buf, n + 3, self.t_ms | _STREAM[kind] << 10)
            buf[n + 5] = self._buf[i + 5]
            buf[n + 6] = self._buf[i + 6]
            buf[n + 7] = self._buf[i + 7]
            n += RECORD
        return n // RECORD

    def restart(self, t_s, t_ms):
        """Device time begins again at 0; it is now this late."""
        self._offset_s += t_s
        self._offset_ms += t_ms


class Virtual:
    name = "virtual"
    poll_ms = 2000
    sensing = None

    def __init__(self):
        self._ticks = time.ticks_ms()
        self.device_id = unhexlify(os.getenv("EVENSONG_DEVICE_ID") or "0000000000000001")
        self.home = os.getenv("EVENSONG_HOME") or "."
        self.flash = FlashFile(os.getenv("EVENSONG_FLASH") or self.home + "/spool.bin")
        line = os.getenv("EVENSONG_SERIAL")
        self.serial = open(line, "r+b", buffering=0) if line else None
        self.radio = not line
        path = os.getenv("EVENSONG_TAPE")
        self._offset_ms = int(os.getenv("EVENSONG_TAPE_OFFSET_MS") or "0")
        self.sources = [Tape(path, self._offset_ms)] if path else []
        self.capabilities = self.sources[0].capabilities if path else 0

    def reset_cause(self):
        return RESET_POWER_ON

    def rtc_s(self):
        rtc_s = os.getenv("EVENSONG_RTC_S")
        return int(rtc_s) if rtc_s else None

    def keep_utc(self, s):
        pass

    def entropy(self, n):
        return os.urandom(n)

    def battery(self):
        pct = self.sources[0].battery_pct if self.sources else 80
        return 3300 + 15 * pct // 2, pct  # about what a lithium cell shows

    def charging(self):
        return False

    def temp_cdeg(self):
        return -32768

    def nap(self):
        time.sleep_ms(self.poll_ms)

    def signal(self, level):
        """Written as a record of the tape's form, kind 9, at timeline time."""
        buf = bytearray(RECORD)
        ms = self._offset_ms + time.ticks_diff(time.ticks_ms(), self._ticks)
        put16(buf, 0, ms & 0xFFFF)
        put16(buf, 2, ms >> 16)
        buf[4] = _SIGNAL
        buf[5] = level
        with open(self.home + "/signals", "ab") as file:
            file.write(buf)

    def reset(self):
        raise SystemExit  # whoever started this process starts it again

    def feed(self):
        pass

    def rest(self, on):
        pass

    def dark(self, on):
        pass
