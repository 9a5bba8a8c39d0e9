# What a sample of a sensor costs: `signal_cost.py SECONDS [ppg|motion]` empties a MAX30101 at 100 Hz and a LIS3DH at
# 50 Hz, or one of them, through their drivers and sources into the sampler's buffer, after a start that is not counted,
# and prints one JSON object. The chips are a few registers and a pulse that repeats, so that they allocate nothing
# and cost next to nothing. Runs on MicroPython, 64 and 32 bits.
import gc
import json
import sys
from array import array

from evensong_firmware.sources.motion import Motion
from evensong_firmware.sources.pulse import Pulse

START_S = 60
PERIOD = 96  # samples of a beat
RISE = (0, 40, 160, 340, 560, 760, 900, 980, 1000, 980, 920, 840)  # of a pulse, in counts; then it falls evenly


class Registers:
    """The bus with both chips on it, each with 17 samples in its FIFO whenever it is looked at."""

    def __init__(self):
        self._wave = array("i", [100000 - (RISE[i] if i < 12 else 840 - 10 * (i - 12)) for i in range(PERIOD)])
        self._light = self._arm = 0

    def get(self, address, register):
        return {0x57FF: 0x15, 0x180F: 0x33}.get(address << 8 | register, 0)

    def put(self, address, register, value):
        pass

    def read(self, address, register, buf):
        if register == 0:
            buf[0], buf[2], buf[4], buf[5], buf[6] = 0x80, 0xA0, 17, 0, 0
        elif register == 0xAE:
            buf[0], buf[1] = 0x90, 17
        elif address == 0x57:
            self._fill_light(buf)
        else:
            self._fill_arm(buf)

    def _fill_light(self, buf):
        width = len(buf) // 16
        for i in range(16):
            counts = self._wave[self._light]
            self._light = (self._light + 1) % PERIOD
            for at in range(i * width, i * width + width, 3):
                buf[at] = counts >> 16
                buf[at + 1] = counts >> 8 & 255
                buf[at + 2] = counts & 255

    def _fill_arm(self, buf):
        for i in range(16):
            self._arm = (self._arm * 75 + 74) % 65537
            z = 8000 + (self._arm & 0x70)
            at = 6 * i
            buf[at] = buf[at + 1] = buf[at + 2] = buf[at + 3] = 0
            buf[at + 4] = z & 255
            buf[at + 5] = z >> 8


class Night:
    def __init__(self, only):
        bus = Registers()
        self.motion = Motion(bus)
        self.pulse = Pulse(bus, self.motion)
        self._only = only
        self._buf = bytearray(8 * 16)
        self._ms = 0
        self.ppg = self.arm = self.made = 0

    def live(self, s):
        """So many seconds of light and movement."""
        until_ms = self._ms + 1000 * s
        while self._ms < until_ms:
            self._ms += 160
            t_s, t_ms = self._ms // 1000, self._ms % 1000
            if self._only != "motion":
                self.pulse.due = True
                self.pulse.empty(t_s, t_ms)
                self.ppg += 16
            if self._only != "ppg" and self._ms % 320 == 0:
                self.motion.due = True
                self.motion.empty(t_s, t_ms)
                self.arm += 16
            if self._ms % 1920 == 0:
                self._poll(t_s, t_ms)

    def _poll(self, t_s, t_ms):
        if self._only != "ppg":
            self.made += self.motion.read_into(self._buf, t_s, t_ms)
        if self._only != "motion":
            self.made += self.pulse.read_into(self._buf, t_s, t_ms)


def main():
    night = Night(sys.argv[2] if len(sys.argv) > 2 else "")
    night.live(START_S)
    ppg, arm, made = night.ppg, night.arm, night.made
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    night.live(int(sys.argv[1]))
    after = gc.mem_alloc()
    gc.enable()
    print(
        json.dumps(
            {"bytes": after - before, "ppg": night.ppg - ppg, "motion": night.arm - arm, "made": night.made - made}
        )
    )


main()
