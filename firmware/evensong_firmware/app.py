"""Wires the wearable together."""
# MicroPython's gc has more than CPython's.
# pyright: reportAttributeAccessIssue=false

import asyncio
import gc
import os

from evensong_firmware.clock import Clock
from evensong_firmware.conduct import Conduct
from evensong_firmware.config import Config
from evensong_firmware.keys import Keys
from evensong_firmware.link import Session
from evensong_firmware.recorder import Recorder, stream_of
from evensong_firmware.sampler import Sampler
from evensong_firmware.spool import Spool
from evensong_firmware.supervisor import keep_running


async def run(board):
    """Never returns."""
    clock = Clock()
    config = Config(board.home)
    recorder = Recorder(Spool(board.flash, board.entropy, stream_of), clock, board)
    recorder.start()

    conduct = Conduct(board, clock, recorder, config, Keys(board.home))
    tasks = []
    links = []
    if board.radio:
        from evensong_firmware.link_ble import BleLink

        ble = BleLink(Session(recorder, clock, board, config, conduct), conduct)
        links.append(ble)
        tasks.append(("ble", ble.run))
    if board.serial:
        from evensong_firmware.link_uart import UartLink

        uart = UartLink(Session(recorder, clock, board, config, conduct), board.serial)
        links.append(uart)
        tasks.append(("uart in", uart.listen))
        tasks.append(("uart out", uart.talk))
    conduct.links = links
    tasks.append(("sampler", Sampler(board, clock, recorder, config, conduct, links).run))
    if board.sensing:
        tasks.append(("sensing", lambda: board.sensing(clock)))
    if hasattr(gc, "threshold"):  # not on CPython
        gc.collect()
        gc.threshold(max(4096, gc.mem_free() >> 2))  # main.py took greater care of the imports; little comes now
    try:
        os.stat("trial")  # see `starter`
    except OSError:
        pass
    else:
        from evensong_firmware import slots

        asyncio.create_task(slots.prove())
    for name, start in tasks[1:]:
        asyncio.create_task(keep_running(name, start, recorder))
    await keep_running(tasks[0][0], tasks[0][1], recorder)
