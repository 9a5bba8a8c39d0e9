"""Runs the wearable, on whatever board this is, as soon as it is imported."""
# MicroPython's gc has more than CPython's.
# pyright: reportAttributeAccessIssue=false

import asyncio
import gc

if hasattr(gc, "threshold"):  # not on CPython
    gc.threshold(1024)  # what an import leaves behind would cut a small heap into pieces

from evensong_firmware import app, boards

asyncio.run(app.run(boards.choose()))
