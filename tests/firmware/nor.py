"""NOR flash in memory, as the spool's device: for tests, with power that fails at any byte. Runs on MicroPython too."""

SECTOR = 4096


class PowerLoss(Exception):
    pass


class Nor:
    """budget: bytes of programming that power lasts for, None for ever; an erase costs one, and a torn one is `tear`:
    "front" or "back" (that half of the sector is already 0xff, the other still as it was).
    """

    def __init__(self, sectors, image=None):
        self.sectors = sectors
        self.image = bytearray(image) if image else bytearray(b"\xff" * (SECTOR * sectors))
        self.budget = None
        self.tear = "front"
        self.programmed = 0
        self.erases = [0] * sectors

    def ioctl(self, op, arg):
        if op == 4:
            return self.sectors
        if op == 5:
            return SECTOR
        if op == 6:
            self._erase(arg * SECTOR)
        return 0

    def _erase(self, at):
        self.erases[at // SECTOR] += 1
        self.programmed += 1
        if self.budget is not None:
            if self.budget == 0:
                if self.tear == "front":
                    self.image[at : at + SECTOR // 2] = b"\xff" * (SECTOR // 2)
                else:
                    self.image[at + SECTOR // 2 : at + SECTOR] = b"\xff" * (SECTOR // 2)
                raise PowerLoss
            self.budget -= 1
        self.image[at : at + SECTOR] = b"\xff" * SECTOR

    def readblocks(self, block, buf, offset=0):
        at = block * SECTOR + offset
        buf[:] = self.image[at : at + len(buf)]

    def writeblocks(self, block, buf, offset=0):
        assert offset + len(buf) <= SECTOR
        at = block * SECTOR + offset
        n = len(buf)
        if self.budget is None or self.budget >= n:
            kept = int.from_bytes(self.image[at : at + n], "little") & int.from_bytes(bytes(buf), "little")
            self.image[at : at + n] = kept.to_bytes(n, "little")
            self.programmed += n
            if self.budget is not None:
                self.budget -= n
            return
        for i in range(n):
            if self.budget is not None:
                if self.budget == 0:
                    raise PowerLoss
                self.budget -= 1
            self.image[at + i] &= buf[i]
        self.programmed += len(buf)
