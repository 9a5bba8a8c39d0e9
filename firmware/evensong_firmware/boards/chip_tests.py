"""What a board with chips can look at in a self-test: buses, sensors, their interrupts, button, light, motor.

Loaded only when it is asked for. A sensor that measures is interrupted: it is left without its settings, which its
source notices at its next look, tells as a fault `reset`, and mends; so the gap has its cause.
"""
# MicroPython's modules have more than CPython's.
# pyright: reportAttributeAccessIssue=false

import errno
import time
from array import array

from machine import Pin

from evensong_firmware.drivers.find import find_motion, find_ppg, find_skin

_PULSE_MS = 150
_CONVERSION_MS = 140  # a TMP117's mean of eight takes 125
_LEAST_MG, _MOST_MG = 700, 1300  # at rest: offsets of 40 to 80 mg an axis, and a hand that is not quite still


def tests():
    """Pairs of a name and a test: board -> (1 well, 0 not well, -1 not there; what was seen)."""
    return (
        ("I2C bus", _bus),
        ("light sensor", _light),
        ("light sensor's interrupt", _light_interrupt),
        ("accelerometer", _motion),
        ("accelerometer's self-test", _forced),
        ("accelerometer's interrupt", _motion_interrupt),
        ("skin temperature", _skin),
        ("button", _button),
        ("light and motor", _signal),
    )


def _bus(board):
    low = [name for name, pin in (("SDA", board.sda), ("SCL", board.scl)) if not Pin(pin).value()]
    if not low:
        return 1, "free"
    board.bus.free()
    return 0, "%s held low: a short, a part without power, or no pull-ups" % " and ".join(low)


def _on_the_bus(board, source, find, role, test):
    """Find the chip, let the test have it, and give it back to its source."""
    bus = board.bus
    try:
        driver, other = find(bus)
        if driver is None:
            if other < 0:
                return 0, "nobody answers: look at power, SDA and SCL, and its address"
            return 0, "another chip (0x%02x) answers where %s belongs" % (other, role)
        tester = _tester_of(bus, driver)
        try:
            return test(tester)
        finally:
            tester.reset()
            if source.resting:
                tester.rest()
    except OSError as error:
        return _trouble(bus, error)


def _trouble(bus, error):
    if error.errno == errno.ENODEV:
        return 0, "it stopped answering: a loose wire, or too little power"
    bus.free()
    return 0, "something held the bus and was clocked free: test again"


def _tester_of(bus, driver):
    if driver.RATE_HZ == 100:
        from evensong_firmware.drivers.max3010x_test import Max3010xTest

        return Max3010xTest(bus)
    if driver.ASKS:
        from evensong_firmware.drivers.lis3dh_test import Lis3dhTest

        return Lis3dhTest(bus, driver.address)
    from evensong_firmware.drivers.mpu6050_test import Mpu6050Test

    return Mpu6050Test(bus, driver.address, bus.get(driver.address, 0x75))


def _on_light(board, test):
    return _on_the_bus(board, board.sources[1], find_ppg, "a MAX30101 or MAX30102 (0x15)", test)


def _on_motion(board, test):
    return _on_the_bus(board, board.sources[0], find_motion, "a LIS3DH or MPU-6050", test)


def _light(board):
    return _on_light(board, lambda chip: chip.look())


def _light_interrupt(board):
    return _on_light(board, lambda chip: _wire(chip, board.ppg_int))


def _motion(board):
    return _on_motion(board, _at_rest)


def _forced(board):
    return _on_motion(board, _self_test)


def _motion_interrupt(board):
    return _on_motion(board, lambda chip: _wire(chip, board.motion_int))


def _wire(chip, pin):
    if chip.interrupt(Pin(pin)):
        return 1, "comes and goes at GPIO %d" % pin
    return 0, "does not come to GPIO %d: look at its wire" % pin


def _at_rest(chip):
    mg, problem = chip.burst()
    if problem:
        return 0, problem
    x, y, z = [sum(mg[i::3]) // chip.BURST for i in range(3)]
    g = int((x * x + y * y + z * z) ** 0.5)
    if _LEAST_MG <= g <= _MOST_MG:
        return 1, "%d mg (x %d, y %d, z %d)" % (g, x, y, z)
    return 0, "%d mg (x %d, y %d, z %d), not 1000: lay it still and test again" % (g, x, y, z)


def _self_test(chip):
    (x, y, z), well = chip.forced()
    seen = "x %+d, y %+d, z %+d mg" % (x, y, z)
    return (1, seen) if well else (0, seen + ": its mass does not move as it should")


def _skin(board):
    """Nothing to give back: it is left with the settings that its source wants."""
    found = array("h", (0,))
    try:
        driver, other = find_skin(board.bus)
        if driver is None and other < 0:
            return -1, "no TMP117, which is an option"
        if driver is None:
            return 0, "another chip answers where a TMP117 belongs"
        driver.start()
        time.sleep_ms(_CONVERSION_MS)
        driver.read(found)
    except OSError as error:
        return _trouble(board.bus, error)
    cdeg = found[0]
    return int(0 < cdeg < 5000), "%d.%02d degrees" % (cdeg // 100, cdeg % 100) if cdeg > 0 else "no temperature"


def _button(board):
    if Pin(board.button_pin).value():
        return 1, "not pressed"
    return 0, "pressed, or closed to ground: let go of it and test again"


def _signal(board):
    board.signal(1)
    time.sleep_ms(_PULSE_MS)
    board.signal(0)
    what = "light and motor were" if board.motor_pin >= 0 else "light was"
    return 1, "%s on for %d ms: did you notice?" % (what, _PULSE_MS)
