"""The wearable's two secrets in its file system, and when its wearer lets another hub in. See docs/threat-model.md.

The file is magic, epoch (2), label's secret (32), hub's key (32), first 4 bytes of the SHA-256 of all that. It is
replaced as a whole: the new one is written beside it and renamed over it. A power loss leaves one of the two whole,
and it is the old one until the rename, which littlefs does in one step; where a file system removes the old one first,
the new one is whole by then and is found under its own name.
"""

import os
from hashlib import sha256

FILE = "/evensong.key"
MAGIC = b"EVK1"
CONTENT = 70
CHECK = 4
HOLD_S = 5  # so long a hold lets a hub in
ADOPTING_S = 120  # afterwards


class Keys:
    """folder: without a slash at its end. epoch: counts the hub's keys, 0 if there is no file. root: the label's
    secret. pressed: the button is down.
    """

    def __init__(self, folder):
        self._path = folder + FILE
        self.epoch = 0
        self.root = self.key = b""
        self.pressed = False
        self._pressed_s = 0
        self._adopting_s = -1  # device time until which a hub may be let in, at most ADOPTING_S before
        for path in (self._path, self._path + ".new"):
            try:
                with open(path, "rb") as file:
                    content = file.read(CONTENT + CHECK)
            except OSError:
                continue
            if content[:4] == MAGIC and content[CONTENT:] == sha256(content[:CONTENT]).digest()[:CHECK]:
                self.epoch = content[4] | content[5] << 8
                self.root = content[6:38]
                self.key = content[38:CONTENT]
                if path != self._path:  # the power failed within the rename
                    try:
                        os.rename(path, self._path)
                    except OSError:
                        pass
                break

    def replace(self, key):
        """The hub's key of the next epoch, durable when True is returned; the one before opens nothing any more."""
        epoch = self.epoch % 65535 + 1
        content = MAGIC + bytes((epoch & 255, epoch >> 8)) + self.root + key
        try:
            with open(self._path + ".new", "wb") as file:
                file.write(content + sha256(content).digest()[:CHECK])
            os.rename(self._path + ".new", self._path)
        except OSError:
            return False
        self.epoch = epoch
        self.key = key
        return True

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

    def adopted(self):
        """One hub is enough."""
        self._adopting_s = -1
