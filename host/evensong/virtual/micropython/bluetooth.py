# `bluetooth` as the ESP32 has it (NimBLE, peripheral role), its radio on the other side of the virtual
# clock: calls and events travel with the turns, as described in ../gateway.py. Handlers run where the firmware sleeps,
# polls or calls, never between two lines of busy code. Runs on MicroPython's unix port and on CPython.
import errno
import os
import struct
import sys

import vclock

FLAG_READ = 0x02
FLAG_WRITE_NO_RESPONSE = 0x04
FLAG_WRITE = 0x08
FLAG_NOTIFY = 0x10
FLAG_READ_ENCRYPTED = 0x0200

_IRQ_CENTRAL_CONNECT = 1
_IRQ_CENTRAL_DISCONNECT = 2
_IRQ_GATTS_WRITE = 3
_IRQ_GATTS_READ_REQUEST = 4
_IRQ_MTU_EXCHANGED = 21
_IRQ_ENCRYPTION_UPDATE = 28
_IRQ_GET_SECRET = 29
_IRQ_SET_SECRET = 30
_PEER_SEC = 2  # kind of secret: of which NimBLE reads all when it starts, for their addresses
_OUR_IRK = 10
_READ_NOT_PERMITTED = 2

_TX_SLOTS = int(os.getenv("MPBLE_TX_SLOTS") or 12)  # NimBLE's buffers: beyond them a notification raises ENOMEM
_MAX_MTU = int(os.getenv("MPBLE_MTU") or 517)


class UUID:
    def __init__(self, value):
        if isinstance(value, int):
            if value > 0xFFFF:
                raise ValueError("invalid UUID")
            self._little = struct.pack("<H", value)
        elif isinstance(value, str):
            digits = value.replace("-", "")
            if len(digits) != 32:
                raise ValueError("invalid UUID")
            self._little = bytes([int(digits[i : i + 2], 16) for i in range(30, -1, -2)])
        else:
            self._little = bytes(value)
            if len(self._little) not in (2, 4, 16):
                raise ValueError("invalid UUID")

    def __iter__(self):  # so that bytes(uuid) works; MicroPython knows no __bytes__
        return iter(self._little)

    def __len__(self):
        return len(self._little)

    def __eq__(self, other):
        return isinstance(other, UUID) and self._little == other._little

    def __hash__(self):
        return hash(self._little)


_events = []
_reply = None
_calling = _pumping = False


def _send(kind, payload=b""):
    vclock.put(struct.pack("<HB", len(payload) + 1, kind))
    vclock.put(payload)


def _take(frames):
    global _reply
    i = 0
    while i < len(frames):
        n = frames[i] | frames[i + 1] << 8
        kind = frames[i + 2]
        if kind == 0x80:
            _reply = bytes(frames[i + 3 : i + 2 + n])
        elif kind == 0x84:
            BLE._slots = min(_TX_SLOTS, BLE._slots + frames[i + 3])
        else:
            _events.append(bytes(frames[i + 2 : i + 2 + n]))
        i += n + 2
    _pump()


def _call(kind, payload=b""):
    # a call into the BLE stack, which answers before any handler runs
    global _calling, _reply
    outer, _calling = _calling, True
    _reply = None
    _send(kind, payload)
    while _reply is None:
        vclock.hand_over(vclock.NEVER)
    answer = _reply
    _calling = outer
    _pump()
    return answer


def _pump():
    global _pumping
    if _pumping or _calling:
        return
    _pumping = True
    try:
        while _events:
            _dispatch(_events.pop(0))
    finally:
        _pumping = False


def _irq(event, args):
    if BLE._handler:
        try:
            return BLE._handler(event, args)
        except Exception as e:  # as the C module: printed, and the firmware goes on
            sys.print_exception(e)
    return None


def _handled(number, answer=b""):
    _send(6, struct.pack("<H", number) + answer)


def _dispatch(event):
    kind = event[0]
    if kind == 0x81 or kind == 0x82:
        conn, address_type = struct.unpack_from("<HB", event, 1)
        if kind == 0x81:
            if not BLE._connected:
                BLE._slots = _TX_SLOTS
            BLE._connected.add(conn)
            _irq(_IRQ_CENTRAL_CONNECT, (conn, address_type, event[4:10]))
        else:
            BLE._connected.discard(conn)
            _irq(_IRQ_CENTRAL_DISCONNECT, (conn, address_type, event[4:10]))
    elif kind == 0x83:
        number, conn, handle = struct.unpack_from("<HHH", event, 1)
        value = BLE._values.get(handle)
        if value:
            written = event[7:]
            # NimBLE's port cuts what is longer than the buffer, silently
            value[0] = (value[0] + written if value[2] else written)[: value[1]]
            _irq(_IRQ_GATTS_WRITE, (conn, handle))
        _handled(number)
    elif kind == 0x85:
        _irq(_IRQ_MTU_EXCHANGED, struct.unpack_from("<HH", event, 1))
    elif kind == 0x86:
        conn, encrypted, authenticated, bonded = struct.unpack_from("<HBBB", event, 1)
        _irq(_IRQ_ENCRYPTION_UPDATE, (conn, encrypted == 1, authenticated == 1, bonded == 1, 16))
    elif kind == 0x87:
        number, conn, handle = struct.unpack_from("<HHH", event, 1)
        error = _irq(_IRQ_GATTS_READ_REQUEST, (conn, handle))
        if error is None or error is True:
            error = 0
        elif error is False:
            error = _READ_NOT_PERMITTED
        value = BLE._values.get(handle)
        _handled(number, bytes((error,)) + (value[0] if value and not error else b""))
    elif kind == 0x88:
        number, what, index, length = struct.unpack_from("<HBBB", event, 1)
        key = memoryview(event)[6 : 6 + length] if length else None
        secret = _irq(_IRQ_GET_SECRET, (what, index, key))
        _handled(number, b"" if secret is None else bytes(secret))
    elif kind == 0x89:
        number, what, length = struct.unpack_from("<HBB", event, 1)
        secret = memoryview(event)[5 + length :]
        kept = _irq(_IRQ_SET_SECRET, (what, memoryview(event)[5 : 5 + length], secret if len(secret) else None))
        _handled(number, b"\1" if kept else b"")


def _recall():
    # As NimBLE starts: its own identity, and then the addresses of all that it knows.
    irk = b"irk of this chip"
    if _irq(_IRQ_GET_SECRET, (_OUR_IRK, 0, b"irk")) is None:
        _irq(_IRQ_SET_SECRET, (_OUR_IRK, b"irk", irk))
    index = 0
    while _irq(_IRQ_GET_SECRET, (_PEER_SEC, index, None)) is not None:
        index += 1


class BLE:
    _one = None
    _handler = None
    _active = False
    _values = {}  # handle -> [value, buffer size, append]
    _connected = set()
    _slots = _TX_SLOTS
    _settings = {
        "mtu": 256, "rxbuf": 256, "gap_name": "MPY ESP32", "bond": False, "mitm": False, "le_secure": False, "io": 3,
    }  # fmt: skip

    def __new__(cls):
        if cls._one is None:
            cls._one = object.__new__(cls)
        return cls._one

    def active(self, on=None):
        if on is not None and bool(on) != BLE._active:
            vclock.take = _take
            if on:
                BLE._mac = _call(1, b"\1")
                BLE._active = True
                _recall()
                self._configure()
            else:
                _call(1, b"\0")
                BLE._active = False
                BLE._values.clear()
                BLE._connected.clear()
        return BLE._active

    def _need(self):
        if not BLE._active:
            raise OSError(errno.ENODEV)

    def _configure(self):
        settings = BLE._settings
        name = settings["gap_name"]
        name = name.encode() if isinstance(name, str) else bytes(name)
        security = bool(settings["bond"]) | bool(settings["mitm"]) << 1 | bool(settings["le_secure"]) << 2
        _call(2, struct.pack("<HBB", min(settings["mtu"], _MAX_MTU), security, settings["io"]) + name)

    def config(self, name=None, **settings):
        if name is None:
            for key in settings:
                if key not in BLE._settings:
                    raise ValueError("unknown config param")
            BLE._settings.update(settings)
            if BLE._active:
                self._configure()
            return None
        if name == "mac":
            self._need()
            return (BLE._mac[0], BLE._mac[1:7])
        if name not in BLE._settings:
            raise ValueError("unknown config param")
        return BLE._settings[name]

    def irq(self, handler):
        BLE._handler = handler

    def gap_advertise(self, interval_us, adv_data=None, *, resp_data=None, connectable=True):
        self._need()
        payload = struct.pack("<IB", interval_us or 0, connectable)
        for field in (adv_data, resp_data):
            if field is None:
                payload += b"\xff"
                continue
            field = field.encode() if isinstance(field, str) else bytes(field)
            if len(field) > 31:
                raise OSError(errno.EINVAL)
            payload += bytes([len(field)]) + field
        error = _call(3, payload)[0]
        if error:
            raise OSError(error)

    def gatts_register_services(self, services):
        self._need()
        table = bytearray()
        for uuid, characteristics in services:
            table.append(len(characteristics))
            table.append(len(bytes(uuid)))
            table.extend(bytes(uuid))
            for characteristic in characteristics:  # (descriptors are not carried)
                table.extend(struct.pack("<HB", characteristic[1], len(bytes(characteristic[0]))))
                table.extend(bytes(characteristic[0]))
        answer = _call(4, table)
        BLE._values.clear()
        handles = []
        i = 0
        for _, characteristics in services:
            of_service = struct.unpack_from("<%dH" % len(characteristics), answer, i)
            i += 2 * len(characteristics)
            for handle in of_service:
                BLE._values[handle] = [b"", 20, False]
            handles.append(tuple(of_service))
        return tuple(handles)

    def _value(self, handle):
        self._need()
        value = BLE._values.get(handle)
        if value is None:
            raise OSError(errno.EINVAL)
        return value

    def gatts_read(self, handle):
        value = self._value(handle)
        read = value[0]
        if value[2]:
            value[0] = b""
        return read

    def gatts_write(self, handle, data, send_update=False):
        value = self._value(handle)
        if send_update:
            raise OSError(errno.EOPNOTSUPP)
        value[0] = data.encode() if isinstance(data, str) else bytes(data)
        value[1] = max(value[1], len(value[0]))

    def gatts_set_buffer(self, handle, size, append=False):
        value = self._value(handle)
        value[:] = [value[0][:size], size, append]

    def gatts_notify(self, conn, handle, data=None):
        value = self._value(handle)
        if conn not in BLE._connected:
            raise OSError(errno.ENOTCONN)
        if BLE._slots <= 0:
            raise OSError(errno.ENOMEM)
        BLE._slots -= 1
        data = value[0] if data is None else data
        vclock.put(struct.pack("<HBHH", len(data) + 5, 5, conn, handle))
        vclock.put(data)

    def gap_disconnect(self, conn):
        self._need()
        return bool(_call(7, struct.pack("<H", conn))[0])
