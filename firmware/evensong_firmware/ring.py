"""A ring of flash sectors that records are appended to: what both halves of the spool are made of.

It talks to a block device with MicroPython's extended protocol (`esp32.Partition`, or a file that behaves like NOR
flash): a program only clears bits, an erase sets a whole sector to 0xff. It knows nothing of frames or of what may be
forgotten: whoever calls `open_next` says that the sector which this overwrites is free.

A sector is a header of 16 bytes (magic, running number, id of its first frame, check), then records, each
starting at a multiple of 16 bytes: length, tag, payload, check. A first byte of 0xff is erased flash, 0x00 is a filler.
The check's top bit is always clear, so the last byte of a record is never 0xff: a record that a power loss cut short is
always told from a whole one, not only nearly always.

Invariants: no byte is programmed twice, except that remains of a cut record are overwritten with zeros; sector `number`
lies in block `number % sectors`, so every sector is worn equally; nothing is allocated after construction.
"""

from array import array

SECTOR = 4096
HEADER = 16
UNIT = 16
MAX_PAYLOAD = 252
_ERASED = 0xFF
_FILLER = 0x00


def _crc_table():
    table = array("H", bytes(512))
    for i in range(256):
        c = i << 8
        for _ in range(8):
            c = (c << 1) ^ 0x1021 if c & 0x8000 else c << 1
        table[i] = c & 0xFFFF
    return table


_CRC = _crc_table()


def check_of(buf, n):
    """CRC-16/CCITT of the first n bytes without its top bit."""
    crc = 0xFFFF
    table = _CRC
    for i in range(n):
        crc = ((crc << 8) & 0xFFFF) ^ table[(crc >> 8) ^ buf[i]]
    return crc & 0x7FFF


def get16(buf, i):
    return buf[i] | buf[i + 1] << 8


def get24(buf, i):
    return buf[i] | buf[i + 1] << 8 | buf[i + 2] << 16


def put16(buf, i, value):
    buf[i] = value & 0xFF
    buf[i + 1] = value >> 8


def put24(buf, i, value):
    buf[i] = value & 0xFF
    buf[i + 1] = value >> 8 & 0xFF
    buf[i + 2] = value >> 16


class Window:
    """256 bytes and a view of each whole number of units at their start, because slicing a view allocates."""

    def __init__(self):
        self.buf = bytearray(256)
        whole = memoryview(self.buf)
        self.first = [whole[: UNIT * i] for i in range(17)]


class Ring:
    """Sectors `first_block` to `first_block + sectors - 1` of `device`.

    head: number of the newest sector, -1 while there is none; end: offset behind its last record. `read` leaves a
    record in `seen.buf[2 : 2 + n]`, `append` takes one from `out.buf[2 : 2 + n]`; both windows are shared with other
    rings. `header` leaves the header of a sector in `top`.
    """

    def __init__(self, device, first_block, sectors, magic, seen, out):
        self.device = device
        self.first_block = first_block
        self.sectors = sectors
        self.magic = magic
        self.seen = seen
        self.out = out
        self.top = bytearray(HEADER)
        self.head = -1
        self.end = SECTOR
        for index in range(sectors):
            number = self._number_at(index)
            if number > self.head:
                self.head = number
        if self.head >= 0:
            self._settle()

    def _block(self, number):
        return self.first_block + number % self.sectors

    def _number_at(self, index):
        """Number of the sector in this place, -1 if there is none."""
        top = self.top
        self.device.readblocks(self.first_block + index, top, 0)
        if top[0] != self.magic or get16(top, 14) != check_of(top, 14):
            return -1
        number = get24(top, 1)
        return number if number % self.sectors == index else -1

    def header(self, number):
        """True if the sector with this number is there; its header is then in `top`."""
        return number >= 0 and self._number_at(number % self.sectors) == number

    def oldest(self):
        """The lowest number that may still be there."""
        return max(0, self.head - self.sectors + 1)

    def forget_all(self):
        """Erase every sector that has a header."""
        for index in range(self.sectors):
            if self._number_at(index) >= 0:
                self.device.ioctl(6, self.first_block + index)
        self.head = -1
        self.end = SECTOR

    def _settle(self):
        """Find where the head sector ends; overwrite what a cut record left there with zeros."""
        seen = self.seen
        good = HEADER
        while True:
            after = self.read(self.head, good)
            if not after:
                break
            good = after
        end = good
        offset = good
        while offset < SECTOR:
            units = min(16, (SECTOR - offset) // UNIT)
            self.device.readblocks(self._block(self.head), seen.first[units], offset)
            for i in range(units * UNIT):
                if seen.buf[i] != _ERASED:
                    end = offset + i // UNIT * UNIT + UNIT
            offset += units * UNIT
        zeros = self.out
        for i in range(256):
            zeros.buf[i] = _FILLER
        while good < end:
            units = min(16, (end - good) // UNIT)
            self.device.writeblocks(self._block(self.head), zeros.first[units], good)
            good += units * UNIT
        self.end = end

    def read(self, number, offset):
        """Find the first whole record at or behind `offset`. Returns the offset behind it, 0 if there is none.

        The record is in `seen`: length in buf[0], tag in buf[1], payload from buf[2].
        """
        seen = self.seen
        buf = seen.buf
        block = self._block(number)
        limit = self.end if number == self.head else SECTOR
        while offset < limit:
            room = (limit - offset) // UNIT
            self.device.readblocks(block, seen.first[room if room < 16 else 16], offset)
            n = buf[0]
            if n == _ERASED:
                return 0
            if n != _FILLER and n <= MAX_PAYLOAD:
                units = (n + 4 + UNIT - 1) // UNIT
                if units <= room and get16(buf, n + 2) == check_of(buf, n + 2):
                    return offset + units * UNIT
            offset += UNIT
        return 0

    def fits(self, n):
        return self.head >= 0 and self.end + (n + 4 + UNIT - 1) // UNIT * UNIT <= SECTOR

    def open_next(self, boot_id, seq):
        """Erase the sector behind the head and begin it. What it held is gone."""
        number = self.head + 1
        top = self.top
        top[0] = self.magic
        put24(top, 1, number)
        put16(top, 4, boot_id)
        put24(top, 6, seq)
        for i in range(9, 14):
            top[i] = _FILLER
        put16(top, 14, check_of(top, 14))
        self.device.ioctl(6, self._block(number))
        self.device.writeblocks(self._block(number), top, 0)
        self.head = number
        self.end = HEADER

    def append(self, n, tag):
        """Write the record in `out`; it must fit."""
        out = self.out
        buf = out.buf
        buf[0] = n
        buf[1] = tag
        put16(buf, n + 2, check_of(buf, n + 2))
        units = (n + 4 + UNIT - 1) // UNIT
        for i in range(n + 4, units * UNIT):
            buf[i] = _ERASED
        offset = self.end
        self.end = offset + units * UNIT  # first: should the device fail half-way, these bytes are not used again
        self.device.writeblocks(self._block(self.head), out.first[units], offset)
