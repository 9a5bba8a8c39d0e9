"""The wearable's radio on the world's side: a Bumble peripheral that does what the firmware's `bluetooth` module says.

Frames between them travel with the turns, each: length u16 (of what follows), kind u8, payload; little endian.

    firmware to here                                    here to firmware
    1 radio on/off: u8          -> 0x80 kind, address   0x80 answer to a call
    2 settings: mtu u16,        -> 0x80                 0x81 connected: handle u16, address type u8, address
      security u8, io u8, name                          0x82 disconnected: the same
    3 advertise: interval_us u32, connectable u8,       0x83 write: number u16, connection u16, handle u16, value
      two fields (length u8 or 0xff: keep) -> 0x80      0x84 notification buffers free again: u8
    4 services -> 0x80 handles u16                      0x85 MTU exchanged: connection u16, MTU u16
    5 notify: connection u16, handle u16, value         0x86 encryption changed: connection u16, encrypted u8,
    6 handled: number u16, answer                            authenticated u8, bonded u8
    7 disconnect: connection u16 -> 0x80 u8             0x87 read: number u16, connection u16, handle u16
                                                        0x88 get secret: number u16, kind u8, index u8, key (length u8)
                                                        0x89 set secret: number u16, kind u8, key (length u8), secret
                                                             or nothing: drop it

security: 1 bond, 2 protection against men in the middle, 4 Secure Connections. Answers (6): to 0x83 nothing, to 0x87 an
ATT error or 0 and the value, to 0x88 the secret or nothing, to 0x89 one byte if it was done.

As with NimBLE, the ATT response to a write leaves after the firmware's handler has run, a notification longer than
the MTU is cut, and what was under way when the link ended is lost though `gatts_notify` returned.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable
from typing import Any

from bumble import att, core, device, gatt, hci, pairing
from bumble.host import Host
from bumble.transport.common import AsyncPipeSink

from .bonding import Delegate, Secrets
from .loop import VirtualLoop
from .radio import Controller, Radio

_FLAGS = 0x1E  # read, write without response, write, notify: the same bits in MicroPython and in ATT
_READ, _WRITE = 0x02, 0x0C
_READ_ENCRYPTED = 0x0200
_BOND, _MITM, _SECURE = 1, 2, 4


class Gateway:
    """One boot of one wearable. send: puts frames into the wearable's next turn. It is a `world.Sink`."""

    def __init__(self, loop: VirtualLoop, radio: Radio, address: str, send: Callable[[bytes], None]) -> None:
        self.notifications = 0
        self._loop = loop
        self._radio = radio
        self._address = address
        self._send_frames = send
        self._name = b""
        self._controller: Controller | None = None
        self._device: device.Device | None = None
        self._fields = [b"", b""]  # advertising data, scan response
        self._security = self._io = 0
        self._asked: dict[int, tuple[int, asyncio.Future[bytes]]] = {}  # by number: connection, answer
        self._ask_count = 0
        self._secrets = Secrets(self._get_secret, self._set_secret, self._bonds)
        self._owed = 0  # notification buffers that are not free yet
        self._calls: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue()
        self._caller = loop.create_task(self._serve_calls())

    # -- the world's side

    def frames_received(self, frames: bytes) -> None:
        i = 0
        while i < len(frames):
            length, kind = struct.unpack_from("<HB", frames, i)
            payload = frames[i + 3 : i + 2 + length]
            if kind == 5:
                self._notify(payload)
            elif kind == 6:
                _, waiting = self._asked.pop(payload[0] | payload[1] << 8, (0, None))
                if waiting and not waiting.done():
                    waiting.set_result(payload[2:])
            else:
                self._calls.put_nowait((kind, payload))
            i += length + 2

    def process_ended(self) -> None:
        """Power loss."""
        self._caller.cancel()
        if self._controller:
            self._radio.power_off(self._controller, self._loop)
            self._controller = self._device = None

    # -- calls, one after the other, each answered

    async def _serve_calls(self) -> None:
        calls: dict[int, Callable[[bytes], Awaitable[bytes]]] = {
            1: self._power,
            2: self._configure,
            3: self._advertise,
            4: self._register,
            7: self._disconnect,
        }
        while True:
            kind, payload = await self._calls.get()
            self._send(0x80, await calls[kind](payload))

    async def _power(self, payload: bytes) -> bytes:
        if not payload[0]:
            if self._controller:
                self._radio.power_off(self._controller, self._loop)
                self._controller = self._device = None
            return b"\0"
        self._controller = Controller("wearable", self._radio, self._address)
        address = hci.Address(self._address)
        self._device = device.Device(
            name="wearable", address=address, host=Host(self._controller, AsyncPipeSink(self._controller))
        )
        await self._device.power_on()
        self._device.keystore = self._secrets
        self._device.pairing_config_factory = self._pairing
        self._device.on("connection", self._connected)
        return b"\1" + bytes(address)[::-1]

    async def _configure(self, payload: bytes) -> bytes:
        assert self._device
        self._device.gatt_server.max_mtu, self._security, self._io = struct.unpack_from("<HBB", payload)
        self._name = payload[4:]
        return b"\0"

    async def _advertise(self, payload: bytes) -> bytes:
        assert self._device
        interval_us, connectable = struct.unpack_from("<IB", payload)
        i = 5
        for which in (0, 1):
            length = payload[i]
            i += 1
            if length != 0xFF:
                self._fields[which] = payload[i : i + length]
                i += length
        if self._device.is_advertising:
            await self._device.stop_advertising()
        if interval_us:
            self._device.advertising_data, self._device.scan_response_data = self._fields
            interval_ms = max(20.0, interval_us / 1000)
            self._device.advertising_interval_min = self._device.advertising_interval_max = interval_ms
            await self._device.start_advertising(
                advertising_type=device.AdvertisingType.UNDIRECTED_CONNECTABLE_SCANNABLE
                if connectable
                else device.AdvertisingType.UNDIRECTED,
                own_address_type=hci.OwnAddressType.RANDOM,
                auto_restart=False,
            )
        return b"\0"

    async def _register(self, payload: bytes) -> bytes:
        assert self._device
        server = self._device.gatt_server
        server.attributes.clear()
        server.services.clear()
        server.attributes_by_handle.clear()
        self._device.name = self._name.decode(errors="replace")
        self._device.add_default_services()
        i = 0

        def uuid() -> core.UUID:
            nonlocal i
            length = payload[i]
            i += 1 + length
            return core.UUID.from_bytes(payload[i - length : i])

        registered = []
        while i < len(payload):
            count = payload[i]
            i += 1
            service, characteristics = uuid(), []
            for _ in range(count):
                flags = payload[i] | payload[i + 1] << 8
                i += 2
                characteristics.append(self._characteristic(uuid(), flags))
            self._device.add_service(gatt.Service(service, characteristics))
            registered += characteristics
        return b"".join(struct.pack("<H", characteristic.handle) for characteristic in registered)

    def _characteristic(self, uuid: core.UUID, flags: int) -> gatt.Characteristic[Any]:
        permissions = att.Attribute.Permissions
        allowed = permissions.WRITEABLE if flags & _WRITE else permissions(0)
        if flags & _READ_ENCRYPTED:
            allowed |= permissions.READ_REQUIRES_ENCRYPTION
        made: gatt.Characteristic[Any] = gatt.Characteristic(
            uuid, gatt.Characteristic.Properties(flags & _FLAGS), allowed
        )

        def write(connection: Any, value: bytes) -> Any:
            if not flags & _WRITE:
                raise att.ATT_Error(att.ErrorCode.WRITE_NOT_PERMITTED)
            return self._write(connection.handle, made.handle, value)

        async def read(connection: Any) -> bytes:
            if not flags & _READ:
                raise att.ATT_Error(att.ErrorCode.READ_NOT_PERMITTED)
            payload = struct.pack("<HH", connection.handle, made.handle)
            answer = await self._ask(0x87, connection.handle, payload)
            if answer[0]:
                raise att.ATT_Error(att.ErrorCode(answer[0]))
            return answer[1:]

        made.value = att.AttributeValue(read=read, write=write)
        return made

    async def _disconnect(self, payload: bytes) -> bytes:
        assert self._device
        connection = self._device.connections.get(payload[0] | payload[1] << 8)
        if connection is None:
            return b"\0"
        await connection.disconnect()
        return b"\1"

    # -- events

    def _send(self, kind: int, payload: bytes) -> None:
        self._send_frames(struct.pack("<HB", len(payload) + 1, kind) + payload)

    def _ask(self, kind: int, connection: int, payload: bytes) -> asyncio.Future[bytes]:
        """What the firmware answers; cancelled when the connection ends."""
        self._ask_count = (self._ask_count + 1) & 0xFFFF
        handled = self._loop.create_future()
        self._asked[self._ask_count] = connection, handled
        self._send(kind, struct.pack("<H", self._ask_count) + payload)
        return handled

    def _write(self, connection: int, handle: int, value: bytes) -> asyncio.Future[bytes]:
        return self._ask(0x83, connection, struct.pack("<HH", connection, handle) + value)

    async def _get_secret(self, kind: int, key: bytes) -> bytes:
        return await self._ask(0x88, -1, bytes([kind, 0, len(key)]) + key)

    async def _set_secret(self, kind: int, key: bytes, secret: bytes) -> bool:
        return bool(await self._ask(0x89, -1, bytes([kind, len(key)]) + key + secret))

    def _pairing(self, connection: device.Connection) -> pairing.PairingConfig:
        delegate = Delegate(self._secrets, str(connection.peer_address), self._io)
        return pairing.PairingConfig(
            sc=bool(self._security & _SECURE),
            mitm=bool(self._security & _MITM),
            bonding=bool(self._security & _BOND),
            delegate=delegate,
        )

    def _bonds(self, peer: str) -> bool:
        assert self._device
        sessions = self._device.smp_manager.sessions.values()
        return any(session.bonding for session in sessions if str(session.connection.peer_address) == peer)

    def _connected(self, connection: device.Connection) -> None:
        peer = connection.peer_address
        event = struct.pack("<HB", connection.handle, peer.address_type) + bytes(peer)[::-1]
        self._send(0x81, event)
        queue = connection.data_packet_queue
        assert queue

        def flow() -> None:
            if self._owed and queue.pending <= queue.max_in_flight:
                self._send(0x84, bytes([self._owed]))
                self._owed = 0

        def gone(_: int) -> None:
            if self._owed:
                self._send(0x84, bytes([self._owed]))
                self._owed = 0
            for number, (of, waiting) in list(self._asked.items()):
                if of == connection.handle:
                    waiting.cancel()
                    del self._asked[number]
            if self._device:
                self._device.gatt_server.subscribers.pop(connection, None)
            self._send(0x82, event)

        def mtu() -> None:
            self._send(0x85, struct.pack("<HH", connection.handle, connection.att_mtu))

        def encryption() -> None:
            assert self._device
            session = self._device.smp_manager.sessions.get(connection.handle)
            if session is None:  # with a key that is known, else `paired` tells
                changed(True)

        def paired(_: Any) -> None:
            changed(self._bonds(str(connection.peer_address)))

        def changed(bonded: bool) -> None:
            self._send(0x86, struct.pack("<HBBB", connection.handle, connection.is_encrypted, False, bonded))

        queue.on("flow", flow)
        connection.on("disconnection", gone)
        connection.on("connection_att_mtu_update", mtu)
        connection.on("connection_encryption_change", encryption)
        connection.on("pairing", paired)

    def _notify(self, payload: bytes) -> None:
        self.notifications += 1
        connection = self._device.connections.get(payload[0] | payload[1] << 8) if self._device else None
        if connection is None:  # the firmware did not know yet
            self._send(0x84, b"\1")
            return
        value = payload[4 : 4 + connection.att_mtu - 3]
        connection.send_l2cap_pdu(att.ATT_CID, bytes([att.Opcode.ATT_HANDLE_VALUE_NOTIFICATION]) + payload[2:4] + value)
        queue = connection.data_packet_queue
        if queue and queue.pending > queue.max_in_flight:
            self._owed += 1
        else:
            self._send(0x84, b"\1")  # with the controller: the buffer is free again
