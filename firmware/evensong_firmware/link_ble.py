"""The wire over BLE: a GATT service on MicroPython's built-in `bluetooth`, one central at a time.

Events come in an interrupt, in which nothing may be allocated: it only notes small integers and sets a flag; the writes
themselves wait in the stack's own buffer until `run` fetches them. Notifications are cut to ATT MTU - 3, because some
stacks cut longer ones silently. When the stack has no more buffers it says ENOMEM, and the same bytes are tried again.
What was on its way when a link drops is gone although the stack took it: the hub asks for it after reconnecting.
"""
# MicroPython's modules have more than CPython's.
# pyright: reportAttributeAccessIssue=false, reportMissingImports=false
# The stubs take handles for views of memory.
# pyright: reportArgumentType=false, reportCallIssue=false, reportIndexIssue=false

import asyncio
import errno

import bluetooth

from evensong_firmware import wire

_CONNECTED = 1
_DISCONNECTED = 2
_WRITTEN = 3
_MTU_EXCHANGED = 21
_ENCRYPTED = 28  # somebody paired

ADVERTISE_US = 1000000
RETRY_MS = 20
MAX_RETRIES = 1000  # 20 s without a free buffer: the link is dead, whatever the stack says
CONTROL_BYTES = 1024  # what the hub may write while the firmware does something else
MAX_CHUNK = 244


class BleLink:
    """session: a `link.Session`. name: for the scan response."""

    def __init__(self, session, name):
        self._session = session
        self._name = name.encode()
        self._ble = bluetooth.BLE()
        self._flag = asyncio.ThreadSafeFlag()
        self._connection = -1
        self._unbidden = False
        self._resting = False
        self._turns = 0  # of connection and disconnection; the interrupt counts, `run` compares
        self._mtu = wire.MIN_ATT_MTU
        self._frames = self._control = 0  # handles
        self._chunk = bytearray(MAX_CHUNK)
        self._view = memoryview(self._chunk)

    def _irq(self, event, values):
        if event == _CONNECTED:
            self._mtu = wire.MIN_ATT_MTU
            self._connection = values[0]
            self._turns += 1
        elif event == _DISCONNECTED:
            self._connection = -1
            self._turns += 1
        elif event == _MTU_EXCHANGED:
            self._mtu = values[1]
        elif event == _ENCRYPTED:
            self._unbidden = not self._session.lets_pair()
        elif event != _WRITTEN:
            return
        self._flag.set()

    def rest(self, on):
        """on: True, the radio is off until it is False again; a connection ends."""
        if on:
            self._resting = True
            self._connection = -1
            self._turns += 1
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
            if self._unbidden:
                self._unbidden = False
                if self._connection >= 0:
                    self._ble.gap_disconnect(self._connection)
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
                    self._ble.gap_disconnect(self._connection)

    def _begin(self):
        ble = self._ble
        ble.irq(self._irq)
        ble.active(True)
        ble.config(gap_name=self._name, mtu=wire.PREFERRED_ATT_MTU)
        frames = (bluetooth.UUID(wire.FRAMES_UUID), bluetooth.FLAG_NOTIFY)
        control = (bluetooth.UUID(wire.CONTROL_UUID), bluetooth.FLAG_WRITE | bluetooth.FLAG_WRITE_NO_RESPONSE)
        handles = ble.gatts_register_services(((bluetooth.UUID(wire.SERVICE_UUID), (frames, control)),))
        self._frames, self._control = handles[0]
        ble.gatts_set_buffer(self._control, CONTROL_BYTES, True)
        if self._connection < 0:
            self._advertise()

    def _advertise(self):
        flags = b"\x02\x01\x06"
        service = b"\x11\x07" + bytes(bluetooth.UUID(wire.SERVICE_UUID))
        name = bytes((len(self._name) + 1, 9)) + self._name
        self._ble.gap_advertise(ADVERTISE_US, flags + service, resp_data=name)

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
