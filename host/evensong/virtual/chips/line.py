"""The line between `machine` in the firmware's process and the chips here. A question and its answer take no time.

    question:  op u8, a u8, b u16, length u32, world time u64   and `length` bytes where the firmware writes
    answer:    error u8, pin u8, 6 unused, value u64, edge u64, look u64   and `length` bytes where it reads

    1 read registers: a = address, b = register     4 set a pin: a = GPIO, b = level or duty
    2 write them: the same                          5 look at the pins; b = 1: edges of GPIO a count from now on
    3 level of a pin: a = GPIO -> value             6 voltage at a pin: a = GPIO -> value in uV

Errors are numbers of errno as the ESP32's port raises them: 19 nobody acknowledged, 116 the bus is held. If nobody asks
before, `pin` becomes active at `edge`, and at `look` the firmware should ask with 5, because something may have changed
then; with pin 255 it should ask at `edge`. The next question's op has 128 added if `edge` has come to pass and the
firmware has acted on it.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from evensong.virtual.turn import NEVER_US, take

from .chip import Chip, Kind

FD_VARIABLE = "EVENSONG_CHIPS_FD"
_QUESTION = struct.Struct("<BBHIQ")
_ANSWER = struct.Struct("<BB6xQQQ")
_FOLLOWED, _UNSURE = 128, 255
_NOBODY, _HELD = 19, 116
_CLOCKS = 9


@dataclass(frozen=True, slots=True)
class Wiring:
    """Numbers of GPIO, as docs/build-guide.md has them. machine: what MicroPython calls this board."""

    machine: str
    sda: int
    scl: int
    ppg_int: int
    motion_int: int
    button: int
    battery: int
    usb: int


WIRINGS = {
    "esp32s3": Wiring("Generic ESP32S3 module with ESP32S3", 5, 6, 2, 3, 4, 1, 7),
    "esp32c3": Wiring("Generic ESP32C3 module with ESP32C3", 6, 7, 3, 4, 5, 2, 20),
    "esp32": Wiring("Generic ESP32 module with ESP32", 23, 22, 14, 32, 27, 35, 34),
}


class ChipsLine:
    """The chips of one wearable, which share its power. battery_mv(t_us): of the cell, at a world time. stuck: pins
    that a bad wire keeps at a level. set_to: every pin that the firmware set, with the levels or duties, in order."""

    def __init__(
        self,
        wiring: Wiring,
        ppg: Chip,
        motion: Chip,
        others: Sequence[Chip] = (),
        battery_mv: Callable[[int], int] = lambda _: 3900,
        stuck: Mapping[int, int] | None = None,
    ) -> None:
        self.wiring = wiring
        self.failure: BaseException | None = None
        self.transfers = 0
        self.set_to: dict[int, list[int]] = {}
        self._stuck = stuck or {}
        self._chips = {chip.address: chip for chip in (ppg, motion, *others)}
        self._pins = {wiring.ppg_int: ppg, wiring.motion_int: motion}
        self._seen = dict.fromkeys(self._pins, -1)  # when the newest edge was that the firmware knows of
        self._told = (NEVER_US, _UNSURE)  # the edge of the last answer
        self._battery_mv = battery_mv
        self._clocks = 0

    def plug(self, now_us: int) -> socket.socket:
        """Power on. Returns the firmware's end, which the caller closes after its process has it."""
        ours, theirs = socket.socketpair()
        for chip in self._chips.values():
            chip.power_on(now_us)
        self._seen = dict.fromkeys(self._pins, -1)
        threading.Thread(target=self._serve, args=(ours,), daemon=True).start()
        return theirs

    def _serve(self, link: socket.socket) -> None:
        with link, contextlib.suppress(ConnectionResetError, BrokenPipeError):
            while True:
                op, a, b, length, now_us = _QUESTION.unpack(take(link, _QUESTION.size))
                payload = take(link, length) if op == 2 else b""
                try:
                    answer = self._answer(op, a, b, length, now_us, payload)
                except Exception as error:  # noqa: BLE001  the firmware ends with its line, and the world asks why
                    self.failure = error
                    return
                link.sendall(answer)

    def _answer(self, op: int, a: int, b: int, length: int, now_us: int, payload: bytes) -> bytes:
        self.transfers += 1
        error = value = 0
        read = b""
        for chip in self._chips.values():
            chip.run(now_us)
        if op & _FOLLOWED:
            op -= _FOLLOWED
            at_us, pin = self._told
            self._seen[pin] = at_us
        if op <= 2:
            error, read = self._transfer(op, a, b, length, now_us, payload)
        elif op == 3:
            value = self._stuck.get(a, self._level(a, now_us))
        elif op == 4:
            self._set(a, b)
        elif op == 5 and b:
            self._seen[a] = now_us
        elif op == 6:
            value = self._battery_mv(now_us) * 500 if a == self.wiring.battery else 0
        self._told, (look_us, _) = self._edges(now_us)
        at_us, pin = self._told
        return _ANSWER.pack(error, pin, value, at_us, look_us) + read

    def _transfer(
        self, op: int, address: int, register: int, length: int, now_us: int, payload: bytes
    ) -> tuple[int, bytes]:
        if self._held():
            return _HELD, b""
        chip = self._chips.get(address)
        if chip is None or chip.suffers(Kind.NO_ANSWER, now_us):
            return _NOBODY, b""
        if op == 1:
            return 0, chip.read(now_us, register, length)
        chip.write(now_us, register, payload)
        return 0, b""

    def _level(self, pin: int, now_us: int) -> int:
        """The light sensor pulls its line down when it asks, the accelerometer drives its one up."""
        if pin in self._pins:
            chip = self._pins[pin]
            asks = chip.asserted_us <= now_us and not chip.suffers(Kind.LATE, now_us)
            return int(asks == (pin == self.wiring.motion_int))
        if pin == self.wiring.usb:
            return 0
        return 0 if pin == self.wiring.sda and self._held() else 1

    def _held(self) -> bool:
        return any(chip.holds_sda for chip in self._chips.values())

    def _set(self, pin: int, level: int) -> None:
        """Whoever holds the bus in the middle of a byte lets go when that byte has been clocked out."""
        self.set_to.setdefault(pin, []).append(level)
        if pin != self.wiring.scl:
            return
        self._clocks += level
        if self._clocks >= _CLOCKS - 2:
            self._clocks = 0
            for chip in self._chips.values():
                chip.holds_sda = False

    def _edges(self, now_us: int) -> list[tuple[int, int]]:
        """The next two edges, times and pins."""
        edges = [(NEVER_US, _UNSURE), (NEVER_US, _UNSURE)]
        for pin, chip in self._pins.items():
            at_us = chip.edge_us(now_us)
            if at_us > self._seen[pin]:
                edges.append((at_us, pin))
            edges.append((chip.look_us(now_us), _UNSURE))
        return sorted(edges)[:2]
