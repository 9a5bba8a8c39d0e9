# `esp32` with one partition, `spool`: NOR flash in a file.
import os

from evensong_firmware.boards.flash_file import FlashFile


class Partition:
    TYPE_DATA = 1

    @staticmethod
    def find(type, label=None):
        return [FlashFile(os.getenv("EVENSONG_FLASH"))] if label == "spool" else []
