# `machine` as the ESP32 has it, as far as the boards use it: its pins lead to chips in the world's process, over a
# line of their own that takes no virtual time (see ../chips/line.py for the message). Handlers of pins run where the
# firmware sleeps or polls. Runs on MicroPython's unix port and on CPython.
import os
import struct
import time

import vclock

PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = 1, 2, 3, 4, 5

os.chdir(os.getenv("EVENSONG_HOME"))  # as the board's file system, of which the firmware starts in the root

_line = open(int(os.getenv("EVENSONG_CHIPS_FD")), "r+b", 0)
_ask = bytearray(16)
_answer = bytearray(24)
_handlers = {}  # number of a pin -> (handler, pin)


def _read(buf):
    n = _line.readinto(buf)
    while n < len(buf):
        rest = bytearray(len(buf) - n)
        more = _line.readinto(rest)
        if not more:
            raise SystemExit  # the world is gone
        buf[n : n + more] = rest[:more]
        n += more


def _transfer(op, a, b, payload, result):
    # one exchange; payload: bytes that follow the question, result: buffer for those that follow the answer
    n = len(payload) if payload else (len(result) if result else 0)
    struct.pack_into("<BBHIQ", _ask, 0, op, a, b, n, vclock.now_us)
    _line.write(_ask)
    if payload:
        _line.write(payload)
    _read(_answer)
    vclock.edge_us = struct.unpack_from("<Q", _answer, 8)[0]
    if _answer[0]:
        raise OSError(_answer[0])
    if result:
        _read(result)
    return _answer[4] | _answer[5] << 8 | _answer[6] << 16 | _answer[7] << 24


def _on_edge():
    # some pin may have changed: the answer's last 8 bytes have one bit for each that did
    _transfer(5, 0, 0, None, None)
    for i in range(64):
        if _answer[16 + (i >> 3)] >> (i & 7) & 1 and i in _handlers:
            handler, pin = _handlers[i]
            handler(pin)


vclock.on_edge = _on_edge


class Pin:
    IN, OUT, OPEN_DRAIN = 1, 3, 7
    PULL_DOWN, PULL_UP = 1, 2
    IRQ_RISING, IRQ_FALLING = 1, 2

    def __init__(self, number, mode=-1, pull=-1, *, value=None):
        self.number = number
        if value is not None:
            self.value(value)

    def value(self, x=None):
        if x is None:
            return _transfer(3, self.number, 0, None, None)
        return _transfer(4, self.number, 1 if x else 0, None, None)

    def irq(self, handler=None, trigger=3):
        _handlers[self.number] = (handler, self)
        _transfer(5, 0, 0, None, None)


class Signal:
    def __init__(self, pin, invert=False):
        self._pin = pin
        self._invert = invert

    def value(self, x):
        self._pin.value(bool(x) != self._invert)


class PWM:
    def __init__(self, pin, freq=0, duty_u16=0):
        self._pin = pin

    def duty_u16(self, duty):
        _transfer(4, self._pin.number, duty, None, None)


class ADC:
    ATTN_11DB = 3

    def __init__(self, pin, atten=0):
        self._pin = pin

    def read_uv(self):
        return _transfer(6, self._pin.number, 0, None, None)


class I2C:
    def __init__(self, number, scl=None, sda=None, freq=400000, timeout=50000):
        pass

    def readfrom_mem_into(self, address, register, buf):
        _transfer(1, address, register, None, buf)

    def writeto_mem(self, address, register, buf):
        _transfer(2, address, register, buf, None)


class WDT:
    def __init__(self, timeout=5000):
        pass

    def feed(self):
        pass


class RTC:
    def datetime(self, value):
        pass  # like a board that loses its clock with its power


def lightsleep(ms):
    time.sleep_ms(ms)


def unique_id():
    return bytes([int(os.getenv("EVENSONG_DEVICE_ID")[i : i + 2], 16) for i in range(4, 16, 2)])


def reset_cause():
    return PWRON_RESET
