"""Looks at what a wearable is made of, part by part, without starting it: for `evensong flash` and `wearable selftest`.

Loaded only when it is asked for. A part is well (1), not well (0), or not there on this board (-1); the sentence says
what was seen.
"""
# MicroPython's modules have more than CPython's.
# pyright: reportAttributeAccessIssue=false

import os
import sys

LEAST_MV, LOW_MV, MOST_MV = 2500, 3300, 4350  # of a lithium cell: none, empty, full with what a divider may be off
SHORT_MS = 50


def identity(board):
    return 1, "%s %s" % (board.name, "".join(["%02x" % byte for byte in board.device_id]))


def battery(board):
    mv, percent = board.battery()
    seen = "%d mV, %d %%" % (mv, percent) + (", external power" if board.charging() else "")
    if mv < LEAST_MV:
        return 0, seen + ": no cell, or no divider at its pin"
    if mv > MOST_MV:
        return 0, seen + ": more than a cell has, so its divider is wrong"
    return (1, seen) if mv >= LOW_MV else (0, seen + ": charge it")


def clock(board):
    """Whether time passes, and whether it knows which."""
    import time

    before = time.ticks_ms()
    time.sleep_ms(SHORT_MS)
    ms = time.ticks_diff(time.ticks_ms(), before)
    known = "the date is known" if board.rtc_s() else "the first hub tells the date"
    return int(SHORT_MS - 5 <= ms <= 2 * SHORT_MS), "%d ms took %d; %s" % (SHORT_MS, ms, known)


def entropy(board):
    return int(board.entropy(16) != board.entropy(16)), "two draws of 16 bytes"


def spool(board):
    """Mount it, and write into the sector that it would erase next anyway: what that held was acknowledged."""
    from evensong_firmware.spool import Spool

    flash = board.flash
    size = "%d sectors of %d bytes" % (flash.ioctl(4, 0), flash.ioctl(5, 0))
    spool = Spool(flash, board.entropy, lambda _: -1)
    ring = spool.frames
    number = ring.head + 1
    if number - ring.sectors >= spool.tail.number:
        return 1, size + ", all full, so nothing was written"
    block = ring.first_block + number % ring.sectors
    written, erased, buf = b"\x5a" * 64, b"\xff" * 64, bytearray(64)
    flash.ioctl(6, block)
    flash.writeblocks(block, written, 0)
    flash.readblocks(block, buf, 0)
    well = buf == written
    flash.ioctl(6, block)
    flash.readblocks(block, buf, 0)
    if well and buf == erased:
        return 1, size + ", written, read back and erased"
    return 0, size + ": it does not keep what is written"


def files(board):
    path = (board.home or "") + "/probe"
    with open(path, "w") as file:
        file.write("evensong")
    with open(path) as file:
        well = file.read() == "evensong"
    os.remove(path)
    return int(well), "written and read back"


PARTS = (
    ("board", identity),
    ("battery", battery),
    ("clock", clock),
    ("random numbers", entropy),
    ("spool", spool),
    ("files", files),
)


def parts(board):
    """How many there are: our own, and one for each sensor or other part that the board can test."""
    return len(PARTS) + len(_tests_of(board))


def _tests_of(board):
    return board.self_tests() if hasattr(board, "self_tests") else []


def look(board, i):
    """(name, 1 / 0 / -1, what was seen) of part i."""
    name, test = PARTS[i] if i < len(PARTS) else _tests_of(board)[i - len(PARTS)]
    try:
        well, seen = test(board)
    except Exception as error:
        return name, 0, "%r" % error
    return name, well, seen


def forget():
    """Let go of every module that only a self-test needs: the night wants the room."""
    for name in list(sys.modules):
        package, _, module = name.rpartition(".")
        if package and module.endswith(("test", "tests")):
            del sys.modules[name]
            delattr(sys.modules[package], module)


def run():
    """Print everything, a JSON list a line: what `evensong flash` reads."""
    import json

    from evensong_firmware.boards import choose

    board = choose()
    for i in range(parts(board)):
        board.feed()  # its watchdog runs since `choose`
        print(json.dumps(look(board, i)))
