"""What a MicroPython process of the board runs first: littlefs in the board's flash file, main.py, then commands.

Where the firmware's chip has `esp32.Partition`, here is a block device on the flash file; the file system on it is the
real littlefs. A command comes on standard input as its length and a newline, then its source; it is executed as the
raw REPL does: what it prints, 04, what it raised. On the file BOARD_STATUS it says b when it is up, r when it waits for
a command.
"""

import io
import os
import sys

BLOCK = 4096


class Partition:
    """Bytes [offset, offset + size) of the flash file, as NOR keeps them."""

    def __init__(self, path, offset, size):
        self._file = open(path, "r+b")
        self._offset = offset
        self._size = size

    def ioctl(self, op, arg):
        if op == 4:
            return self._size // BLOCK
        if op == 5:
            return BLOCK
        if op == 6:
            self._file.seek(self._offset + arg * BLOCK)
            self._file.write(b"\xff" * BLOCK)
        return 0

    def readblocks(self, block, buf, offset=0):
        self._file.seek(self._offset + block * BLOCK + offset)
        self._file.readinto(buf)

    def writeblocks(self, block, buf, offset=0):
        at = self._offset + block * BLOCK + offset
        self._file.seek(at)
        old = self._file.read(len(buf))
        self._file.seek(at)
        if old != b"\xff" * len(buf):
            buf = bytes([before & now for before, now in zip(old, buf)])
        self._file.write(buf)


def mount():
    device = Partition(os.getenv("BOARD_FLASH"), int(os.getenv("BOARD_VFS_AT")), int(os.getenv("BOARD_VFS_SIZE")))
    try:
        files = os.VfsLfs2(device)
    except OSError:
        os.VfsLfs2.mkfs(device)
        files = os.VfsLfs2(device)
    os.mount(files, "/flash")
    os.chdir("/flash")
    sys.path[:] = ["", ".frozen"]


def say(status):
    status_file.write(status)


def execute(source, names):
    error = ""
    try:
        exec(compile(source, "<stdin>", "exec"), names)
    except KeyboardInterrupt as interrupt:
        error = traceback_of(interrupt)
    except Exception as exception:
        error = traceback_of(exception)
    return error


def traceback_of(exception):
    text = io.StringIO()
    sys.print_exception(exception, text)
    return text.getvalue()


def run_main(names):
    try:
        with open("main.py") as file:
            source = file.read()
    except OSError:
        return
    print(execute(source, names), end="")


def commands(names):
    source = sys.stdin.buffer
    while True:
        try:
            say(b"r")
            line = source.readline()
            if not line:
                return
            text = source.read(int(line))
            print("\x04" + execute(text, names), end="")
        except KeyboardInterrupt:  # it came between two commands
            pass


status_file = open(os.getenv("BOARD_STATUS"), "wb", buffering=0)
main_names = {"__name__": "__main__"}
mount()
say(b"b")
if os.getenv("BOARD_MODE") == "main":
    run_main(main_names)
commands(main_names)
