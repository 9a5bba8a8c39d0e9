# What the firmware's hot path costs: `steady_state.py TURNS` plays that many polls of two seconds through sampler,
# recorder and spool, after a start that is not counted, and prints one JSON object. Beats close frames, checkpoints
# fill sectors, sectors are erased: all of it counts. The flash is in memory and the board makes its samples itself,
# because files of the unix port allocate. Runs on MicroPython, 64 and 32 bits.
import gc
import json
import sys
from struct import pack_into

from evensong_firmware.clock import Clock
from evensong_firmware.conduct import Conduct
from evensong_firmware.config import DEFAULTS
from evensong_firmware.keys import Keys
from evensong_firmware.recorder import Recorder, stream_of
from evensong_firmware.ring import put16, put24
from evensong_firmware.sampler import Sampler
from evensong_firmware.spool import Spool

SECTORS = 40
START_TURNS = 300
ERASED = b"\xff" * 4096
PROGRAMMED = ["%ds" % n for n in range(257)]  # by length


class Nor:
    def __init__(self):
        self._sectors = [bytearray(ERASED) for _ in range(SECTORS)]

    def ioctl(self, op, arg):
        if op == 4:
            return SECTORS
        if op == 5:
            return 4096
        pack_into("4096s", self._sectors[arg], 0, ERASED)
        return 0

    def readblocks(self, block, buf, offset=0):
        buf[:] = self._sectors[block][offset : offset + len(buf)]  # slices allocate; nothing is read but at the start

    def writeblocks(self, block, buf, offset=0):
        pack_into(PROGRAMMED[len(buf)], self._sectors[block], offset, buf)  # the firmware programs erased bytes only


class Wearer:
    """Beats of an uneven rhythm, a heart rate every 5 s, a count every 30 s: one sample at a time."""

    def __init__(self):
        self._s = 1
        self._ms = 0
        self._rate_s = 3
        self._count_s = 30
        self._noise = 1

    def _put(self, buf, s, ms, stream, a, b):
        put24(buf, 0, s)
        put16(buf, 3, ms | stream << 10)
        buf[5] = a
        put16(buf, 6, b)
        return 1

    def read_into(self, buf, t_s, t_ms):
        self._noise = (self._noise * 75 + 74) % 65537
        if self._count_s <= t_s:
            self._count_s += 30
            return self._put(buf, self._count_s - 30, 0, 2, 0, self._noise >> 4)
        if self._rate_s <= t_s:
            self._rate_s += 5
            return self._put(buf, self._rate_s - 5, 0, 1, 0, 900 + self._noise % 200)
        ibi_ms = 850 + self._noise % 97
        ms = self._ms + ibi_ms
        s = self._s + ms // 1000
        if s >= t_s:
            return 0
        self._s = s
        self._ms = ms % 1000
        return self._put(buf, s, self._ms, 0, 100 if self._noise % 50 else 30, ibi_ms)


class Board:
    home = "nowhere"
    poll_ms = 2000
    power = (3900, 80)

    def __init__(self):
        self.sources = (Wearer(),)

    def reset_cause(self):
        return 0

    def rtc_s(self):
        return None

    def entropy(self, n):
        return bytes(n)

    def battery(self):
        return self.power

    def temp_cdeg(self):
        return -32768

    def charging(self):
        return False

    def rest(self, on):
        pass

    def dark(self, on):
        pass

    def feed(self):
        pass


class Config:
    values = DEFAULTS


class PollClock(Clock):
    def read(self):
        self.t_s += 2


def main():
    board = Board()
    clock = PollClock()
    recorder = Recorder(Spool(Nor(), board.entropy, stream_of), clock, board)
    recorder.start()
    sampler = Sampler(board, clock, recorder, Config, Conduct(board, clock, recorder, Config, Keys("nowhere")), ())
    for _ in range(START_TURNS):
        sampler.turn()
    state = recorder.spool.state
    samples, frames, log_sectors = state.sampled, state.next_seq, recorder.spool.log.head
    turns = int(sys.argv[1])
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range(turns):
        sampler.turn()
    after = gc.mem_alloc()
    gc.enable()
    figures = {
        "bytes": after - before,
        "samples": state.sampled - samples,
        "frames": state.next_seq - frames,
        "log_sectors": recorder.spool.log.head - log_sectors,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
