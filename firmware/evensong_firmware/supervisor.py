"""Tasks that must not end. One that raises - out of memory included - is told of in the log and started again."""
# MicroPython's modules have more than CPython's.
# pyright: reportAttributeAccessIssue=false

import asyncio
import gc

from evensong_firmware.recorder import ERROR

PAUSE_MS = 1000
stopped = 0  # tasks that raised, since the start


async def keep_running(name, start, recorder):
    """start: () -> coroutine."""
    global stopped
    while True:
        try:
            await start()
        except Exception as error:
            stopped += 1
            gc.collect()
            try:
                recorder.log(ERROR, "%s stopped: %r" % (name, error))
            except Exception:  # the log is the lesser loss
                gc.collect()
        await asyncio.sleep_ms(PAUSE_MS)
