# What an earlier boot left in a wearable's flash: `prepare_flash.py FLASH PCT UTC_S` fills the spool to so many per
# cent with log lines that no hub has fetched, and leaves a clock that believed UTC_S (0: none). The firmware's own
# spool and recorder write it. Runs on MicroPython and on CPython.
import os
import sys
import time

if not hasattr(time, "ticks_ms"):  # CPython
    time.ticks_ms = lambda: 0
    time.ticks_diff = lambda a, b: a - b

from evensong_firmware.boards.flash_file import FlashFile
from evensong_firmware.clock import Clock
from evensong_firmware.recorder import INFO, Recorder, stream_of
from evensong_firmware.spool import Spool


class Board:
    sources = ()

    def reset_cause(self):
        return 0

    def rtc_s(self):
        return None

    def entropy(self, n):
        return os.urandom(n)


def main():
    path, pct, utc_s = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    clock = Clock()
    board = Board()
    spool = Spool(FlashFile(path), board.entropy, stream_of)
    recorder = Recorder(spool, clock, board)
    recorder.start()
    room = spool.free_bytes()
    while spool.used_bytes() * 100 < pct * room:
        recorder.log(INFO, "nobody has fetched this " + "." * 170)
    if utc_s:
        spool.state.set_utc(utc_s, clock.t_s, 1)
    recorder.checkpoint()


main()
