"""Cuts a wearable's power at random programs of its flash, on MicroPython's own littlefs, and looks at what starts.

Arguments: folder with `good`, `older`, `theirs` (bundles), `update.pub`; what to do; number of cuts; seed. Prints a
line of figures. The flash is NOR in memory (`nor.py`): a program is cut at any byte of it, a torn erase leaves half a
sector. littlefs itself is the C that runs on a board. What is checked after every cut, with the power back:

  update   the slot that starts holds, byte for byte, the firmware that was confirmed or the one that our key signed;
           once an update was confirmed, it is that one, and the floor that it raised stays raised
  settings the old settings or the new ones, nothing else; those that were acknowledged stay
  keys     the old key or the new one; one that was acknowledged stays
"""

import os
import random
import sys
from hashlib import sha256

from nor import Nor, PowerLoss

from evensong_firmware import slots, starter, update
from evensong_firmware.config import Config
from evensong_firmware.keys import CHECK, MAGIC, Keys

BLOCKS = 96
LOST = 1 << 30
RUNNING = {"evensong_firmware/main.mpy": b"confirmed" * 40, "evensong_firmware/app.mpy": b"and healthy" * 90}


class Flash(Nor):
    """After the power failed nothing is written any more, whatever littlefs or a forgotten file still wants: the chip
    with the power back is another object."""

    dead = False

    def ioctl(self, op, arg):
        if op != 6:
            return super().ioctl(op, arg)
        self.ask()
        try:
            return super().ioctl(op, arg)
        except PowerLoss:
            self.dead = True
            raise

    def writeblocks(self, block, buf, offset=0):
        self.ask()
        try:
            super().writeblocks(block, buf, offset)
        except PowerLoss:
            self.dead = True
            raise

    def ask(self):
        if self.dead:
            raise PowerLoss


def powered(image):
    """The chip with the power back, mounted."""
    flash = Flash(BLOCKS, image)
    os.mount(os.VfsLfs2(flash), "/w")
    os.chdir("/w")
    return flash


def unpowered(flash):
    """Its image."""
    flash.dead = True
    os.chdir("/")
    os.umount("/w")
    return flash.image


def fresh():
    """A flashed wearable: slot a runs and is confirmed."""
    flash = Flash(BLOCKS)
    os.VfsLfs2.mkfs(flash)
    flash = powered(flash.image)
    for slot in "a", "b":
        os.mkdir(slot)
        os.mkdir(slot + "/evensong_firmware")
    for path, content in RUNNING.items():
        update.put("a/" + path, content)
    key = MAGIC + bytes((1, 0)) + bytes(64)
    key += sha256(key).digest()[:CHECK]
    for path, content in (("slot", b"a"), ("floor", b"0.1.0"), ("update.pub", PUB), ("evensong.key", key)):
        update.put(path, content)
    return unpowered(flash)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def holds(slot, files):
    for path, content in files.items():
        if read(slot + "/" + path) != content:
            return False
    return True


def files_of(bundle):
    """By path, as the manifest names them."""
    size = bundle[4] | bundle[5] << 8
    at = 6 + size + update.SIGNATURE
    found = {}
    for line in bundle[6 : 6 + size].decode().splitlines():
        words = line.split()
        if words[0] == "file":
            found[words[1]] = bundle[at : at + int(words[2])]
            at += int(words[2])
    return found


def send(bundle, name):
    """A whole update, from its first piece to its trial."""
    taking = update.Update()
    size = len(bundle)
    have = int(taking.obey(bytes([0]) + name + bytes([size & 255, size >> 8 & 255, size >> 16])).split()[1])
    while have < size:
        piece = bytes([1, have & 255, have >> 8 & 255, have >> 16]) + bundle[have : have + 190]
        before, have = have, int(taking.obey(piece).split()[1])
        assert have > before
    while taking.obey(b"\x02") != "ready":
        pass


def start():
    """A start of the board: the slot, and what runs in it is well or not."""
    slot = starter.choose()
    sys.path[0] = slot
    return slot


def one_update(rng, flash, state):
    """One life: an update comes, starts, is confirmed or is not; the power fails somewhere in it."""
    which = state.pop("which", None) or rng.choice(("good", "good", "good", "theirs", "older"))
    well = rng.random() < 0.7
    start()
    prove(well, state)
    try:
        send(BUNDLES[which], which.encode() + bytes(8 - len(which)))
    except update.Refused:
        return
    start()
    prove(well, state)


def prove(well, state):
    """What is left of a trial that the power may have cut: the firmware is well for a minute, or starts until it has
    no start left."""
    if not update.is_there("trial"):
        return
    if well:
        slots.confirm(sys.path[0])
        state["sure"] = True
        return
    for _ in range(4):
        start()
    assert sys.path[0] == update.text_of("slot", ""), "an update that is never well still runs"


def check_update(flash, state):
    """Whatever happened, it starts, and what starts was confirmed by cable or signed by our key."""
    slot = starter.choose()
    sure = state.get("sure", False)
    assert holds_any(slot, sure), "slot %s holds neither" % slot
    assert read("floor") == b"0.2.0" or not sure, "the floor was lowered"
    return slot


def holds_any(slot, sure):
    signed = files_of(BUNDLES["good"])
    for files in (signed,) if sure else (RUNNING, signed):
        try:
            if holds(slot, files):
                return True
        except OSError:
            pass
    return False


def one_setting(rng, flash, state):
    for _ in range(3):
        state["next"] = "name %d" % rng.randrange(1000)
        problem = Config(".").change('{"name": "%s"}' % state["next"])
        assert problem is None, problem
        state["sure"] = state["next"]


def check_setting(flash, state):
    name = Config(".").values["name"]
    assert name in (state.get("sure", ""), state.get("next", "")), name
    state["sure"] = state["next"] = name
    return name


def one_key(rng, flash, state):
    for _ in range(3):
        keys = Keys(".")
        state["next"] = bytes([rng.randrange(256) for _ in range(32)])
        assert keys.replace(state["next"])
        state["sure"] = state["next"]


def check_key(flash, state):
    keys = Keys(".")
    assert keys.key in (state.get("sure", bytes(32)), state.get("next")), "the key is neither the old nor the new one"
    state["sure"] = state["next"] = keys.key
    return keys.key


LIVES = {
    "update": (one_update, check_update),
    "settings": (one_setting, check_setting),
    "keys": (one_key, check_key),
}


def play(what, cuts, seed):
    life, check = LIVES[what]
    rng = random.Random(seed) if hasattr(random, "Random") else random
    if rng is random:
        random.seed(seed)
    span = 0  # bytes that a whole life programs
    image, state = fresh(), {"which": "good"}
    for _ in range(6):
        flash = powered(image)
        life(rng, flash, state)
        image = unpowered(flash)
        span = max(span, flash.programmed)
    image, state = fresh(), {}
    figures = {"cuts": 0, "whole": 0}
    seen = {}
    while figures["cuts"] < cuts:
        flash = powered(image)
        flash.tear = rng.choice(("front", "back"))
        flash.budget = rng.randrange(span)
        try:
            life(rng, flash, state)
        except PowerLoss:
            pass
        figures["cuts" if flash.dead else "whole"] += 1
        image = unpowered(flash)
        flash = powered(image)  # always
        found = check(flash, state)
        if what == "update":
            seen[found] = seen.get(found, 0) + 1
        image = unpowered(flash)
        if figures["cuts"] % 40 == 0:
            image, state = fresh(), {}
    return figures, seen


folder, what, cuts, seed = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
PUB = read(folder + "/update.pub")
BUNDLES = {name: read(folder + "/" + name) for name in ("good", "older", "theirs")}
sys.path.insert(0, "a")
figures, seen = play(what, cuts, seed)
print(
    "%s: %d cuts, %d lives without one%s"
    % (what, figures["cuts"], figures["whole"], ", started %r" % seen if seen else "")
)
