"""How fast a chip's samples come, by the processor's clock. Loaded only for a self-test."""
# MicroPython's time has more than CPython's.
# pyright: reportAttributeAccessIssue=false

import time


def gathered(chip, wait_ms):
    """(samples that wait after so long, -1 without settings; ms that it really was). The chip has just begun."""
    before = time.ticks_us()
    time.sleep_ms(wait_ms)
    ms = time.ticks_diff(time.ticks_us(), before) // 1000
    return chip.waiting(), ms


def trouble(chip, n, ms, rate_hz):
    """What is wrong with n samples in so many ms, "" if nothing is: 15 % off, or fewer than a burst."""
    if n < 0:
        return "it forgets its settings: its supply dips"
    due = ms * rate_hz // 1000
    if n < chip.BURST or not due * 85 // 100 - 1 <= n <= due * 115 // 100 + 1:
        return "%d samples came in %d ms, not %d" % (n, ms, due)
    return ""
