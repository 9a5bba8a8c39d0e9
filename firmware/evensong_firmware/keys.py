"""The wearable's two secrets in its file system, and when its wearer lets another hub in. See docs/threat-model.md.

The file is magic, epoch (2), label's secret (32), hub's key (32), first 4 bytes of the SHA-256 of all that. It is
replaced as a whole: the new one is written beside it and renamed over it. A power loss leaves one of the two whole,
and it is the old one until the rename, which littlefs does in one step; where a file system removes the old one first,
the new one is whole by then and is found under its own name. The bonds of phones (`bonds`) are kept the same way.
"""

import os
from hashlib import sha256

FILE = "/evensong.key"
BONDS_FILE = "/evensong.bonds"
MAGIC = b"EVK1"
BONDS_MAGIC = b"EVB1"  # here, so that whether there are any is known without loading `bonds`
CONTENT = 70
CHECK = 4
MOST_BYTES = 1024
HOLD_S = 5  # so long a hold lets a hub in
ADOPTING_S = 120  # afterwards


def kept(path, magic):
    """What `keep` put there, empty if there is nothing whole that begins with this magic."""
    for each in (path, path + ".new"):
        try:
            with open(each, "rb") as file:
                content = file.read(MOST_BYTES)
        except OSError:
            continue
        end = len(content) - CHECK
        if content[:4] == magic and content[end:] == sha256(content[:end]).digest()[:CHECK]:
            if each != path:  # the power failed within the rename
                try:
                    os.rename(each, path)
                except OSError:
                    pass
            return content[:end]
    return b""


def keep(path, content):
    """Replace what is there. False if it cannot be; what was there stays then."""
    try:
        with open(path + ".new", "wb") as file:
            file.write(content + sha256(content).digest()[:CHECK])
        os.rename(path + ".new", path)
    except OSError:
        return False
    return True


class Keys:
    """folder: without a slash at its end. epoch: counts the hub's keys, 0 if there is no file. root: the label's
    secret. pressed: the button is down. bonds: what `bonds` holds of phones, if it is loaded.
    """

    def __init__(self, folder):
        self._path = folder + FILE
        self.bonds_path = folder + BONDS_FILE
        self.bonds = []
        self.epoch = 0
        self.root = self.key = b""
        self.pressed = False
        self._pressed_s = 0
        self._adopting_s = -1  # device time until which a hub may be let in, at most ADOPTING_S before
        content = kept(self._path, MAGIC)
        if len(content) == CONTENT:
            self.epoch = content[4] | content[5] << 8
            self.root = content[6:38]
            self.key = content[38:]

    def replace(self, key):
        """The hub's key of the next epoch, durable when True is returned; the one before opens nothing any more."""
        epoch = self.epoch % 65535 + 1
        if not keep(self._path, MAGIC + bytes((epoch & 255, epoch >> 8)) + self.root + key):
            return False
        self.epoch = epoch
        self.key = key
        return True

    def adopt(self, key):
        """Another hub is let in, with this key; one is enough. The phones of the time before are forgotten, and first:
        then no power loss keeps them."""
        self.forget_bonds()
        if not self.replace(key):
            return False
        self._adopting_s = -1
        return True

    def has_bonds(self):
        """Without loading them."""
        return len(kept(self.bonds_path, BONDS_MAGIC)) > len(BONDS_MAGIC)

    def forget_bonds(self):
        self.bonds.clear()
        for path in (self.bonds_path, self.bonds_path + ".new"):
            try:
                os.remove(path)
            except OSError:
                pass

    # --- the wearer's hand ---

    def edge(self, t_s, pressed):
        """The button went down or up."""
        self.pressed = pressed
        self._pressed_s = t_s

    def turn(self, t_s):
        """Time passes. True when a hold has just begun to let hubs in."""
        if not self.pressed or t_s - self._pressed_s < HOLD_S:
            return False
        began = not self.adopting(t_s)
        self._adopting_s = t_s + ADOPTING_S
        return began and self.epoch > 0

    def adopting(self, t_s):
        """Bounded below too: device time may begin again at 0."""
        return self._adopting_s - ADOPTING_S <= t_s <= self._adopting_s
