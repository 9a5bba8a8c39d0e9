"""One board: which sensors it has, where its flash is, what it is called. One file for each kind.

A board is what `choose` returns, with
  name            what HELLO calls it
  capabilities    bits of the wire's Capability
  device_id       8 bytes that stay the same for the life of the hardware
  home            folder for settings
  poll_ms         how long samples may wait in the sources
  flash           block device for the spool
  sources         each with `read_into(buf, t_s, t_ms)`: writes the samples taken up to this device time into the
                  caller's buffer, oldest first, as many as fit, and returns their number, 0 if none are left; and
                  `restart(t_s, t_ms)`: device time begins again at 0, where it was this late
  radio           True if it speaks BLE
  serial          a stream that asyncio can poll, for frames over a serial line, or None
  reset_cause()   of the wire's ResetCause
  rtc_s()         unix seconds by a clock that ran through the last reset, or None
  entropy(n)      n random bytes
  keep_utc(s)     it is now this many unix seconds; what `rtc_s` tells after the next reset
  battery()       (millivolts, per cent)
  charging()      True on external power
  temp_cdeg()     of the skin, hundredths of a degree, -32768 if unknown
  signal(level)   light and vibration motor, whichever there are: 0 off, 1 to 3 from gentle to strong
  reset()         start again, at once
  feed()          tell the hardware watchdog that all is well
  sensing(clock)  coroutine that empties the chips whenever one asks for it; None if none can
  rest(on)        True: the optical sensor goes dark, the accelerometer watches for movement; False: both measure
  dark(on)        True: the optical sensor goes dark, movement is measured as ever
  self_tests()    what `selftest` can look at beyond what every board has: pairs of a name and a test; a board may
                  have none of this
  nap()           sleep lightly for a moment, not longer than samples can wait in the chips; only while the radio is off

A sample has 8 bytes: t_s (3), t_ms | stream << 10 (2), a (1), b (2), little endian. Streams: 0 beat (a quality, b
ibi_ms, time of the beat), 1 heart rate (b hr_q4), 2 activity (a << 16 | b count_q8, time of the epoch's end); from 8
on, samples that are a frame of their own: 8 wear (a state), 9 mood (a valence << 4 | arousal, b prompted), 10 event
(a code, b arg). 11 is no sample of the ledger: an edge of the button (a 1 pressed, 0 released).
"""

BEAT, HEART_RATE, ACTIVITY, WEAR, MOOD, EVENT, BUTTON = 0, 1, 2, 8, 9, 10, 11


def choose():
    """The board that this runs on, by what MicroPython says of its machine."""
    import os

    machine = os.uname()[4] if hasattr(os, "uname") else ""
    if "ESP32S3" in machine:
        from evensong_firmware.boards.esp32s3 import Board
    elif "ESP32C3" in machine:
        from evensong_firmware.boards.esp32c3 import Board
    elif "ESP32" in machine:
        from evensong_firmware.boards.esp32 import Board
    else:
        from evensong_firmware.boards.virtual import Virtual as Board
    return Board()
