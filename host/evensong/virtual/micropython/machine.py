# `machine` as the ESP32 has it, as far as the boards use it: its pins lead to chips in the world's process, over a
# line of their own that takes no virtual time (see ../chips/line.py for the message). Handlers of pins run where the
# firmware sleeps or polls. Runs on MicroPython's unix port and on CPython.
import os
import struct
import time
from array import array

import vclock

_LOOK = 5
_UNSURE = 255

PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = 1, 2, 3, 4, 5

os.chdir(os.getenv("EVENSONG_HOME"))  # as the board's file system, of which the firmware starts in the root

_line = open(int(os.getenv("EVENSONG_CHIPS_FD")), "r+b", 0)
_ask = bytearray(16)
_answer = array(vclock.WORD, [0, 0, 0, 0])
_handlers = {}  # number of a pin -> (handler, pin)
_followed = 0  # 128: the first edge of the last answer was acted upon


# Functions here have few variables each: with more than some ten, MicroPython takes their place from the heap.


def _put_question(op, a, b, n):
    global _followed
    ask = _ask
    ask[0] = op | _followed
    ask[1] = a
    ask[2] = b & 255
    ask[3] = b >> 8
    ask[4] = n & 255
    ask[5] = n >> 8
    struct.pack_into("<Q", ask, 8, vclock.now_us)
    _followed = 0
    _line.write(ask)


def _transfer(op, a, b, payload, result):
    # one exchange; payload: bytes that follow the question, result: buffer for those that follow the answer
    _put_question(op, a, b, len(payload or result or b""))
    if payload:
        _line.write(payload)
    vclock.read(_line, _answer, 32)
    vclock.edge_us = _answer[2]
    if _answer[0] & 255:
        raise OSError(_answer[0] & 255)
    if result:
        vclock.read(_line, result, len(result))


def _on_edge():
    # The first edge of the last answer says at which pin it will be; what comes behind it has to be asked for.
    global _followed
    while vclock.edge_us <= vclock.now_us:
        number = _answer[0] >> 8
        if _followed or number == _UNSURE:
            _transfer(_LOOK, 0, 0, None, None)
            continue
        _followed = 128
        vclock.edge_us = _answer[3]
        if number in _handlers:
            handler, pin = _handlers[number]
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
        if x is not None:
            return _transfer(4, self.number, 1 if x else 0, None, None)
        _transfer(3, self.number, 0, None, None)
        return _answer[1]

    def irq(self, handler=None, trigger=3):
        _handlers[self.number] = (handler, self)
        _transfer(_LOOK, self.number, 1, None, None)


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
        _transfer(6, self._pin.number, 0, None, None)
        return _answer[1]


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
