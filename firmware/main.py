"""What the board starts: the wearable, on whatever board this is."""

import asyncio

from evensong_firmware import app, boards

asyncio.run(app.run(boards.choose()))
