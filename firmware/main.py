"""What the board starts; MicroPython looks for a file of this name."""

import evensong_firmware.main  # noqa: F401 - it runs
