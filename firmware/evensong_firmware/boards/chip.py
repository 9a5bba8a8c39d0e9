"""What the boards with an ESP32 have in common; each board's own file says where things are soldered.

The spool is a partition of its own, of type data and with the label `spool`: nothing else may write to it, because the
spool relies on NOR flash being NOR flash.
"""
# MicroPython's asyncio has more than CPython's.
# pyright: reportAttributeAccessIssue=false

import asyncio
import os
import time

import esp32
import machine

from evensong_firmware.clock import EPOCH_S
from evensong_firmware.drivers.bus import Bus
from evensong_firmware.sources.button import Button
from evensong_firmware.sources.motion import Motion
from evensong_firmware.sources.pulse import Pulse
from evensong_firmware.sources.skin import Skin
from evensong_firmware.sources.worn import Worn
from evensong_firmware.wire import (
    CAPABILITY_BEATS,
    CAPABILITY_BUTTON,
    CAPABILITY_MOVEMENT,
    RESET_DEEP_SLEEP,
    RESET_POWER_ON,
    RESET_SOFT,
    RESET_UNKNOWN,
    RESET_WATCHDOG,
)

WATCHDOG_MS = 30000
NAP_MS = 250
DEAF_MS = 120
_SET_S = 1700000000  # a clock that shows less was never set
# By machine.reset_cause(), 1 to 5. The port takes a brown-out for a power-on, and 2 is what machine.reset() leaves.
_CAUSES = (RESET_UNKNOWN, RESET_POWER_ON, RESET_SOFT, RESET_WATCHDOG, RESET_DEEP_SLEEP, RESET_SOFT)
# Voltage of a lithium-polymer cell at rest with 0, 10, ... 90 % left; 100 % at 4.2 V. Typical curve of the 3.7 V cells
# in the build guide, not of one that was measured.
_TENTHS_MV = (3270, 3690, 3730, 3770, 3790, 3820, 3870, 3920, 3980, 4060, 4200)


def percent_of(mv):
    """What is left at this voltage, 0 to 100."""
    if mv >= _TENTHS_MV[10]:
        return 100
    i = 9
    while i >= 0:
        low = _TENTHS_MV[i]
        if mv >= low:
            return 10 * i + 10 * (mv - low) // (_TENTHS_MV[i + 1] - low)
        i -= 1
    return 0


class ChipBoard:
    """A subclass has numbers of GPIO: sda, scl, ppg_int, motion_int, button_pin (to ground), battery_pin (behind a
    divider that halves), light_pin, usb_pin (high on external power) and motor_pin; -1 where a board has none.
    """

    name = "esp32"
    poll_ms = 2000
    capabilities = CAPABILITY_BEATS | CAPABILITY_MOVEMENT | CAPABILITY_BUTTON
    home = "."  # where the port starts: the root of its file system
    radio = True
    serial = None
    sda = scl = ppg_int = motion_int = button_pin = battery_pin = usb_pin = light_pin = motor_pin = -1
    light_inverted = False

    def __init__(self):
        pin = machine.Pin
        self.device_id = b"\xe5\xe7" + machine.unique_id()[:6]
        found = esp32.Partition.find(esp32.Partition.TYPE_DATA, label="spool")
        if not found:
            raise OSError("no partition `spool`: flash this board with the wearable's own partition table")
        self.flash = found[0]
        self._light = machine.Signal(pin(self.light_pin, pin.OUT), self.light_inverted)
        self._motor = machine.PWM(pin(self.motor_pin), freq=1000, duty_u16=0) if self.motor_pin >= 0 else None
        self._usb = pin(self.usb_pin, pin.IN) if self.usb_pin >= 0 else None
        self._adc = machine.ADC(pin(self.battery_pin), atten=machine.ADC.ATTN_11DB)
        self._watchdog = machine.WDT(timeout=WATCHDOG_MS)
        self.bus = Bus(self.sda, self.scl)
        self._skin = Skin(self.bus)
        self._motion = Motion(self.bus)
        self._pulse = Pulse(self.bus, self._motion)
        self._button = Button(pin(self.button_pin, pin.IN, pin.PULL_UP))
        self._resting = False
        worn = Worn(self._pulse, self._skin, self.charging)
        self.sources = (self._motion, self._pulse, self._skin, worn, self._button)
        self._flag = asyncio.ThreadSafeFlag()
        pin(self.ppg_int, pin.IN, pin.PULL_UP).irq(self._ppg_asks, pin.IRQ_FALLING)
        pin(self.motion_int, pin.IN, pin.PULL_DOWN).irq(self._motion_asks, pin.IRQ_RISING)

    def _ppg_asks(self, _):
        self._pulse.due = True
        self._flag.set()

    def _motion_asks(self, _):
        self._motion.due = True
        self._flag.set()

    async def sensing(self, clock):
        """Empty the chips when one of them asks, or often enough if their interrupts fail."""
        motion, pulse = self._motion, self._pulse
        while True:
            if motion.deaf or pulse.deaf:
                await asyncio.sleep_ms(DEAF_MS)
            else:
                await self._flag.wait()
            clock.read()
            if self._resting:
                self._peer()
            motion.empty(clock.t_s, clock.t_ms)
            pulse.empty(clock.t_s, clock.t_ms)

    def _peer(self):
        """While it rests: look for skin once after each movement."""
        if self._motion.due:
            self._motion.due = self._pulse.looked = False
            self._pulse.rest(False)
        elif self._pulse.looked:
            self._pulse.rest(True)

    def reset_cause(self):
        cause = machine.reset_cause()
        return _CAUSES[cause] if 0 < cause < 6 else RESET_UNKNOWN

    def rtc_s(self):
        """The chip's clock runs through every reset but a power loss, if it was ever set."""
        s = time.time() + EPOCH_S
        return s if s > _SET_S else None

    def keep_utc(self, s):
        t = time.gmtime(s - EPOCH_S)
        machine.RTC().datetime((t[0], t[1], t[2], t[6], t[3], t[4], t[5], 0))

    def entropy(self, n):
        return os.urandom(n)

    def battery(self):
        mv = self._adc.read_uv() // 500  # half of the cell's voltage reaches the pin
        return mv, percent_of(mv)

    def charging(self):
        return self._usb is not None and self._usb.value() == 1

    def temp_cdeg(self):
        return self._skin.cdeg

    def signal(self, level):
        """A motor needs a third of its voltage to start at all."""
        self._light.value(level > 0)
        if self._motor:
            self._motor.duty_u16(min(65535, 21845 * level))

    def reset(self):
        machine.reset()

    def self_tests(self):
        from evensong_firmware.boards import chip_tests

        return chip_tests.tests()

    def feed(self):
        self._watchdog.feed()

    def rest(self, on):
        """Movement then makes the optical sensor look for skin, once."""
        self._resting = on
        self._motion.rest(on)
        self._pulse.rest(on)

    def dark(self, on):
        self._pulse.rest(on)

    def nap(self):
        """The FIFOs of the sensors hold 32 samples: a third of a second at 100 Hz."""
        machine.lightsleep(NAP_MS)
        self._motion.deaf = self._pulse.deaf = True  # no interrupt comes through while it sleeps
        self._flag.set()
