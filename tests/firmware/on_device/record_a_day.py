# A wearer's hours through recorder and spool, with power losses: prints every frame that the spool holds, in hex, then
# the state. Samples come from a small generator that is the same on every interpreter. Runs on all of them.
import sys
from binascii import hexlify

from evensong_firmware.boards import ACTIVITY, BEAT, EVENT, HEART_RATE, MOOD, WEAR
from evensong_firmware.clock import Clock
from evensong_firmware.recorder import Recorder, stream_of
from evensong_firmware.ring import put16, put24
from evensong_firmware.sampler import Sampler
from evensong_firmware.spool import Cursor, Spool

sys.path.append(sys.path[0] + "/..")  # nor.py lies beside this folder, on 32 bits in the root
from nor import Nor

POWER_LOSSES = (700, 1499, 1500, 2900)  # after so many polls


class Noise:
    def __init__(self):
        self.x = 1

    def below(self, n):
        self.x = (self.x * 75 + 74) % 65537
        return self.x % n


class Wearer:
    """Goes on living while the device boots. made: (stream, wearer's time in ms, a, b) of every sample it gave away."""

    def __init__(self):
        self.noise = Noise()
        self.now_ms = 0  # of the next beat
        self.boot_ms = 0
        self.queue = []
        self.made = []

    def live_until(self, ms):
        noise = self.noise
        while self.now_ms <= ms:
            ibi_ms = 700 + noise.below(400)
            self.now_ms += ibi_ms
            kind = noise.below(200)
            if kind == 0:
                self.now_ms += 3000 + noise.below(9000)  # lost contact
            self.queue.append((self.now_ms, BEAT, 100 if kind < 180 else 20 + kind % 30, ibi_ms))
            if kind % 5 == 1:
                self.queue.append((self.now_ms + 1, HEART_RATE, 0, 700 + noise.below(500)))
            if kind == 7:
                self.queue.append((self.now_ms + 2, WEAR, noise.below(4), 0))
            if kind == 8:
                self.queue.append((self.now_ms + 3, MOOD, 0x59, 1))
            if kind == 9:
                self.queue.append((self.now_ms + 4, EVENT, 2, 77))
            epoch_ms = self.now_ms // 30000 * 30000
            if epoch_ms > self.now_ms - ibi_ms and kind != 50:
                self.queue.append((epoch_ms, ACTIVITY, 1, noise.below(65536)))
        self.queue.sort()

    def read_into(self, buf, t_s, t_ms):
        n = 0
        until_ms = self.boot_ms + 1000 * t_s + t_ms
        self.live_until(until_ms)
        while self.queue and self.queue[0][0] <= until_ms and n < len(buf):
            at_ms, stream, a, b = self.queue.pop(0)
            ms = at_ms - self.boot_ms
            if ms < 0:
                continue
            put24(buf, n, ms // 1000)
            put16(buf, n + 3, ms % 1000 | stream << 10)
            buf[n + 5] = a
            put16(buf, n + 6, b)
            n += 8
        return n // 8

    def restart(self, t_s, t_ms):
        self.boot_ms += 1000 * t_s + t_ms


class Board:
    poll_ms = 2000

    def __init__(self, wearer):
        self.sources = (wearer,)

    def reset_cause(self):
        return 0

    def rtc_s(self):
        return None

    def entropy(self, n):
        return bytes(range(n))

    def battery(self):
        return 3900, 80

    def temp_cdeg(self):
        return -32768

    def feed(self):
        pass


class Config:
    def __init__(self):
        self.values = {"status_every_s": 300}


class Nobody:
    """In place of the conductor, whose events of its own would be in the spool too."""

    def takes(self, *_):
        return True

    def turn(self):
        pass


class Polls(Clock):
    def __init__(self):
        self.t_s = self.t_ms = 0

    def read(self):
        self.t_s += 2

    def set_utc(self, utc_s, uncertainty_s):
        pass


def main():
    nor = Nor(40)
    wearer = Wearer()
    polls = 0
    for last in POWER_LOSSES:
        board = Board(wearer)
        clock = Polls()
        recorder = Recorder(Spool(nor, board.entropy, stream_of), clock, board)
        recorder.start()
        sampler = Sampler(board, clock, recorder, Config(), Nobody(), ())
        wearer.boot_ms = 2000 * polls
        print("boot", recorder.spool.state.boot_id, wearer.boot_ms)
        while polls < last:
            sampler.turn()
            polls += 1
    recorder.flush()
    cursor = Cursor()
    while True:
        n = recorder.spool.read(cursor)
        if not n:
            break
        print("frame", hexlify(recorder.spool.found[:n]).decode())
    state = recorder.spool.state
    print("state", state.boot_id, state.next_seq, state.sampled, state.stored, state.dropped)


main()
