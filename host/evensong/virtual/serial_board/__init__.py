"""An ESP32 board at the end of a serial line, without hardware: for `evensong flash` and its tests.

    server   RFC 2217 over TCP, with a cable that can be pulled
    board    the lines DTR and RTS, power, and what runs: the ROM loader or MicroPython
    rom      the serial protocol of the ROM loader and of esptool's stub
    repl     MicroPython's raw REPL, in front of a real MicroPython process

`virtual/micropython/board/boot.py` is what that process runs first: littlefs in the board's flash file, then main.py.

What it is not: it executes no Xtensa or RISC-V code. esptool's stub and MicroPython's image are taken, checked and
kept, and what they would do is done by this model and by MicroPython's unix port.
"""
