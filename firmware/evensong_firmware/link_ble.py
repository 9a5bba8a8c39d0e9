"""The wire over BLE: a GATT service on MicroPython's built-in `bluetooth`, for a hub, and a phone beside it.

Events come in an interrupt, in which nothing may be allocated: it only notes small integers and sets a flag; the writes
themselves wait in the stack's own buffer until `run` fetches them. Notifications are cut to ATT MTU - 3, because some
stacks cut longer ones silently. When the stack has no more buffers it says ENOMEM, and the same bytes are tried again.
What was on its way when a link drops is gone although the stack took it: the hub asks for it after reconnecting.

Whoever connects has the hub's place, and `link.STRANGER_S` to prove that it is one. Then it is hung up on, or, if it is
a phone that may stay (`phones`), makes room. Whoever pairs without the wearer's hand on the button is hung up on.
"""
# MicroPython's modules have more than CPython's.
# pyright: reportAttributeAccessIssue=false, reportMissingImports=false
# The stubs take handles for views of memory.
# pyright: reportArgumentType=false, reportCallIssue=false, reportIndexIssue=false

import asyncio
import errno
import sys

import bluetooth

import evensong_firmware
from evensong_firmware import wire

_CONNECTED = 1
_DISCONNECTED = 2
_WRITTEN = 3
_READ = 4
_MTU_EXCHANGED = 21
_ENCRYPTED = 28
_NO_INPUT_NO_OUTPUT = 3  # pairing: there is no display to compare numbers on

ADVERTISE_US = 1000000
RETRY_MS = 20
MAX_RETRIES = 1000  # 20 s without a free buffer: the link is dead, whatever the stack says
CONTROL_BYTES = 1024  # what the hub may write while the firmware does something else
MAX_CHUNK = 244
NOT_AUTHORIZED = 8  # as in `phones`
EVERYBODY = 2
NOBODY = -2


class BleLink:
    """session: a `link.Session`. Its name goes into the scan response."""

    def __init__(self, session, conduct):
        self._session = session
        self._conduct = conduct
        self._name = conduct.config.name(conduct.board).encode()
        self._ble = bluetooth.BLE()
        self._flag = asyncio.ThreadSafeFlag()
        self._connection = -1  # in the hub's place
        self._unbidden = -1  # connection that has to go
        self._resting = False
        self._turns = 0  # of the hub's place; the interrupt counts, `run` compares
        self._mtu = wire.MIN_ATT_MTU
        self._frames = self._control = 0  # handles
        self._standard = ()  # handles of `standard`
        self._phones = None
        self._chunk = bytearray(MAX_CHUNK)
        self._view = memoryview(self._chunk)

    def _irq(self, event, values):
        phones = self._phones
        if event == _CONNECTED:
            self._mtu = wire.MIN_ATT_MTU
            self._connection = values[0]
            self._turns += 1
            if phones is not None:
                phones.came(values[0])
        elif event == _DISCONNECTED:
            if phones is not None:
                phones.left(values[0])
            if values[0] == self._connection:
                self._connection = -1
                self._turns += 1
        elif event == _MTU_EXCHANGED:
            if values[0] == self._connection:
                self._mtu = values[1]
        elif event == _WRITTEN:
            if values[0] != self._connection:  # a phone has nothing to say to us
                self._unbidden = values[0]
        else:
            answer = NOT_AUTHORIZED if event == _READ or event == _ENCRYPTED else None
            if phones is not None:
                answer = phones.event(event, values)
            if event != _ENCRYPTED:
                return answer
            if answer:
                self._unbidden = values[0]
        self._flag.set()
        return None

    def rest(self, on):
        """on: True, the radio is off until it is False again; a connection ends."""
        if on:
            self._resting = True
            self._connection = -1
            self._turns += 1
            if self._phones is not None:
                self._phones.left(self._phones.phone)
            self._ble.active(False)
        else:
            self._resting = False
            self._begin()
        self._flag.set()

    def wake(self):
        """The session may have something to say."""
        self._flag.set()

    async def run(self):
        self._begin()
        turn = self._turns
        while True:
            await self._flag.wait()
            if not self._resting:
                self._attend()
            if turn != self._turns:
                turn = self._turns
                self._session.close()
                if self._connection < 0:
                    if not self._resting:
                        self._advertise()
                    continue
                self._session.open()
            if self._connection >= 0:
                await self._talk(turn)
                if turn == self._turns and self._session.overstays():
                    if self._phones is not None and self._phones.phone == self._connection:
                        self._connection = -1
                        self._turns += 1
                        self._flag.set()
                    else:
                        self._ble.gap_disconnect(self._connection)

    def _attend(self):
        """To phones, which take memory only while there are any, and to who has to go."""
        conduct = self._conduct
        hub = self._connection if self._session.proven() else -1
        if self._phones is not None:
            other = self._phones.attend(hub)
            if other >= 0:
                self._ble.gap_disconnect(other)
            elif other == NOBODY:
                self._phones = None
        elif self._standard and self._connection != hub and conduct.keys.pressed:
            self._load_phones()
        gone, self._unbidden = self._unbidden, -1
        if gone >= 0:
            self._ble.gap_disconnect(gone)

    def _load_phones(self):
        from evensong_firmware.phones import Phones

        self._phones = Phones(self._ble, self._conduct)
        self._phones.handles = self._standard

    def _begin(self):
        ble, conduct = self._ble, self._conduct
        wanted = conduct.config.values["services"]
        if not wanted:
            conduct.keys.forget_bonds()
        elif self._phones is None and (wanted == EVERYBODY or conduct.keys.has_bonds()):
            self._load_phones()  # before the stack asks for what it knows
        ble.irq(self._irq)
        ble.active(True)
        ble.config(gap_name=self._name, mtu=wire.PREFERRED_ATT_MTU)
        ble.config(bond=wanted > 0, le_secure=True, io=_NO_INPUT_NO_OUTPUT)
        frames = (bluetooth.UUID(wire.FRAMES_UUID), bluetooth.FLAG_NOTIFY)
        control = (bluetooth.UUID(wire.CONTROL_UUID), bluetooth.FLAG_WRITE | bluetooth.FLAG_WRITE_NO_RESPONSE)
        table = ((bluetooth.UUID(wire.SERVICE_UUID), (frames, control)),)
        if wanted:
            from evensong_firmware import standard

            table += standard.services(wanted == EVERYBODY)
            sys.modules.pop("evensong_firmware.standard")
            del evensong_firmware.standard
        handles = ble.gatts_register_services(table)
        self._frames, self._control = handles[0]
        self._standard = sum(handles[1:], ())
        if self._phones is not None:
            self._phones.handles = self._standard
        ble.gatts_set_buffer(self._control, CONTROL_BYTES, True)
        if self._connection < 0:
            self._advertise()

    def _advertise(self):
        flags = b"\x02\x01\x06"
        service = b"\x11\x07" + bytes(bluetooth.UUID(wire.SERVICE_UUID))
        name = bytes((len(self._name) + 1, 9)) + self._name
        heart_rate = b"\x03\x03\x0d\x18" if self._standard else b""  # what phones look for
        self._ble.gap_advertise(ADVERTISE_US, flags + service + heart_rate, resp_data=name)

    async def _talk(self, turn):
        """Take what was written and send what there is, until there is nothing or the connection is another."""
        session = self._session
        while turn == self._turns:
            written = self._ble.gatts_read(self._control)
            if written:
                session.receive(written)
            n = session.fill(self._chunk, min(MAX_CHUNK, self._mtu - wire.ATT_OVERHEAD_BYTES))
            if not n:
                return
            await self._notify(turn, self._view[:n])
            await asyncio.sleep_ms(0)

    async def _notify(self, turn, chunk):
        for _ in range(MAX_RETRIES):
            try:
                self._ble.gatts_notify(self._connection, self._frames, chunk)
                return
            except OSError as error:
                if turn != self._turns:
                    return
                if error.errno != errno.ENOMEM:
                    break
            await asyncio.sleep_ms(RETRY_MS)
            if turn != self._turns:
                return
        self._ble.gap_disconnect(self._connection)
