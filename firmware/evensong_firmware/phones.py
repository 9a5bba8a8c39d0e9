"""What a phone may know: Bluetooth's own services, for one with a bond, or for everybody if the wearer wants it so.

Loaded only where there is a bond, the button is held, or everybody may read. Every read of these services is asked for
here, in the stack's interrupt, whatever flags they have; a measurement goes to one connection, never to all who
subscribed. The time is UTC: a wearable knows no time zone.
"""
# MicroPython's time has more than CPython's.
# pyright: reportAttributeAccessIssue=false

import sys
import time

import evensong_firmware
from evensong_firmware import wire
from evensong_firmware.boards import BEAT, HEART_RATE
from evensong_firmware.bonds import Bonds
from evensong_firmware.clock import EPOCH_S
from evensong_firmware.ring import get16, put16

EVERYBODY = 2  # of the setting `services`
VOUCHED = 50  # quality of a beat
MOST_RR = 9  # what a notification has room for at the smallest MTU
NOBODY = -2
NOT_AUTHENTICATED, NOT_AUTHORIZED = 5, 8  # Core 5.4, vol 3, part F, 3.4.1.1; 5 makes a phone offer to pair
_READ, _ENCRYPTED, _GET_SECRET, _SET_SECRET = 4, 28, 29, 30
_LOCATION, _BATTERY, _MAKER, _FIRMWARE, _TIME = 1, 2, 3, 4, 5  # places in `handles`
_RR, _CONTACT, _CONTACT_KNOWN = 0x10, 0x02, 0x04  # flags of a measurement (Heart Rate Service 1.0, 3.1.1)


class Phones:
    """One of the `works` of a Conduct. handles: of the characteristics, in the order of `standard`. phone: the
    connection that is served, -1 if there is none.
    """

    def __init__(self, ble, conduct):
        self._ble = ble
        self._conduct = conduct
        self._bonds = Bonds(conduct.keys)
        self.handles = ()
        self.phone = -1
        self._bonded = False
        self._unwelcome = -1
        self._rate = self._n = self._sum = 0
        self._news = False
        self._measured = bytearray(2 + 2 * MOST_RR)
        self._view = memoryview(self._measured)

    # --- in the interrupt ---

    def came(self, connection):
        if self.phone < 0 and self._conduct.config.values["services"] == EVERYBODY:
            self.phone = connection

    def left(self, connection):
        self._bonds.left()
        if connection == self.phone:
            self.phone = -1
            self._bonded = False

    def event(self, event, values):
        """What the stack wants to hear; of an encryption: True if the other end has to go."""
        if event == _READ:
            return self._read(values[0], values[1])
        if event == _GET_SECRET:
            return self._bonds.secret(values[0], values[1], values[2])
        if event == _SET_SECRET:
            return self._bonds.keep(values[0], values[1], values[2])
        if event != _ENCRYPTED:
            return None
        if not values[1] or not values[3] or not self._bonds.good:
            return True
        self._bonds.good = False
        if self.phone != values[0]:
            self._unwelcome = self.phone
            self.phone = values[0]
        self._bonded = True
        return False

    def _read(self, connection, handle):
        """0 if it may be read."""
        handles = self.handles
        if handle not in handles:
            return 0
        which = handles.index(handle)
        may = connection == self.phone and self._bonded
        if not may and self._conduct.config.values["services"] != EVERYBODY:
            return NOT_AUTHENTICATED if which == _LOCATION else NOT_AUTHORIZED
        self._ble.gatts_write(handle, self._value(which))
        return 0

    def _value(self, which):
        if which == _LOCATION:
            return b"\x02"  # wrist
        if which == _BATTERY:
            return bytes((self._conduct.board.battery()[1],))
        if which == _MAKER:
            return b"Evensong"
        if which == _FIRMWARE:
            from evensong_firmware.link import VERSION

            return ("%d.%d.%d" % VERSION).encode()
        value = bytearray(10)  # all zero: not known
        utc_s = self._conduct.clock.utc()[0]
        if which == _TIME and utc_s:
            at = time.gmtime(utc_s - EPOCH_S)
            put16(value, 0, at[0])
            for i in range(1, 6):
                value[1 + i] = at[i]
            value[7] = at[6] + 1
        return value

    # --- between interrupts ---

    def attend(self, hub):
        """Returns a connection that has to go, -1 if none has, NOBODY if there is nobody to attend to any more, and so
        no need of this. hub: connection that has proved the key, -1 if none."""
        conduct = self._conduct
        keys = conduct.keys
        if self._bonds.changed:
            self._bonds.write()
        if self not in conduct.works:
            conduct.works.append(self)
        services = conduct.config.values["services"]
        if not services:
            keys.forget_bonds()
        gone, self._unwelcome = self._unwelcome, -1
        if self.phone >= 0:
            if self._bonded:
                if not keys.bonds:  # they were forgotten
                    gone = self.phone
            elif self.phone == hub:  # it has other words
                self.phone = -1
            elif services != EVERYBODY:
                gone = self.phone
        elif not keys.bonds and not keys.pressed and services != EVERYBODY:
            conduct.works.remove(self)
            for name in ("phones", "bonds"):
                sys.modules.pop("evensong_firmware." + name)
                delattr(evensong_firmware, name)
            return NOBODY
        return gone

    def take(self, buf, i):
        stream = buf[i + 4] >> 2
        if stream == BEAT and buf[i + 5] >= VOUCHED and self._n < MOST_RR:
            rr = (get16(buf, i + 6) * 128 + 62) // 125  # in 1/1024 s
            put16(self._measured, 2 + 2 * self._n, rr)
            self._n += 1
            self._sum += rr
            self._rate = min(255, 61440 * self._n // max(1, self._sum))
            self._news = True
        elif stream == HEART_RATE and self._n == 0:
            self._rate = min(255, get16(buf, i + 6) + 8 >> 4)
            self._news = True

    def look(self, _):
        """Tell what is new. What finds no buffer is lost: it is of now."""
        if self._news:
            measured, n = self._measured, self._n
            self._news = False
            self._n = self._sum = 0
            measured[0] = _CONTACT_KNOWN | (_RR if n else 0)
            if self._conduct.wear == wire.WEAR_ON:
                measured[0] |= _CONTACT
            measured[1] = self._rate
            if self.phone >= 0 and self.handles:
                try:
                    self._ble.gatts_notify(self.phone, self.handles[0], self._view[: 2 + 2 * n])
                except OSError:
                    pass
        return False

    def pressed(self):
        return False

    def kept(self):
        """Nothing of it outlives a reset."""

    def clock_set(self):
        """It goes by no clock."""

    def restart(self, passed_s):
        """It goes by no clock."""
