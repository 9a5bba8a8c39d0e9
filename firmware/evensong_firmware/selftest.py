"""Looks at what a wearable is made of, part by part, without starting it: for `evensong flash` and `wearable selftest`.

Loaded only when it is asked for. A part is well (1), not well (0), or not there on this board (-1); the sentence says
what was seen.
"""
# MicroPython's modules have more than CPython's.
# pyright: reportAttributeAccessIssue=false

import os

ABSENT = -1
LOW_MV = 3300


def identity(board):
    return 1, "%s %s" % (board.name, "".join(["%02x" % byte for byte in board.device_id]))


def battery(board):
    mv, percent = board.battery()
    return int(mv >= LOW_MV), "%d mV, %d %%" % (mv, percent)


def entropy(board):
    return int(board.entropy(16) != board.entropy(16)), "two draws of 16 bytes"


def spool(board):
    """Its size, and whether it can be read; nothing is written."""
    sectors = board.flash.ioctl(4, 0)
    buf = bytearray(16)
    for sector in (0, sectors - 1):
        board.flash.readblocks(sector, buf, 0)
    return int(sectors >= 16), "%d sectors of %d bytes" % (sectors, board.flash.ioctl(5, 0))


def files(board):
    path = (board.home or "") + "/probe"
    with open(path, "w") as file:
        file.write("evensong")
    with open(path) as file:
        well = file.read() == "evensong"
    os.remove(path)
    return int(well), "written and read back"


PARTS = (("board", identity), ("battery", battery), ("random numbers", entropy), ("spool", spool), ("files", files))


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


def run():
    """Print everything, a JSON list a line: what `evensong flash` reads."""
    import json

    from evensong_firmware.boards import choose

    board = choose()
    for i in range(parts(board)):
        print(json.dumps(look(board, i)))
