"""Taking in an update: a signed bundle in pieces, checked, unpacked into the slot that does not run, put on trial.

Loaded only when a hub begins an update. The bundle's layout is told in evensong/flashing/bundle.py, what starts of it
in `starter`. Invariants: nothing is written into a slot before the signature over the manifest was verified; the slot
that runs is never written; `trial`, which makes the other one start, is written last, in one step, when every file was
read back with the hash that the signed manifest states. Whenever the power fails before that, the wearable starts as
if there had been no update; what had come of the bundle by its last flush is kept.

The signature is RSA-3072, PKCS#1 v1.5 with SHA-256 (RFC 8017, 8.2.2): the whole encoded message is compared, nothing
of it is parsed.
"""
# MicroPython's modules have more than CPython's.
# pyright: reportAttributeAccessIssue=false

import os
import sys
from binascii import hexlify
from hashlib import sha256

BEGIN, PIECE, INSTALL = 0, 1, 2  # first byte of the command's argument
SIGNATURE = 384
MPY_VERSION = 6
STARTS = b"3"  # that an update has on trial, until it has been well
FLUSH_BYTES = 4096
BUFFER = 256
MOST_LINE = 200
# DER of a DigestInfo for SHA-256 without the digest (RFC 8017, 9.2, note 1).
DIGEST_INFO = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"


class Refused(Exception):
    """What is wrong with the update, for whoever sent it."""


def is_there(path):
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def numbers(version):
    """A version as a tuple that compares."""
    return tuple([int(part) for part in version.split(".")])


def text_of(path, missing):
    try:
        with open(path) as file:
            return file.read().strip()
    except (OSError, ValueError):
        return missing


def put(path, content):
    """Replace a file in one step."""
    with open(path + ".new", "wb") as file:
        file.write(content)
    os.rename(path + ".new", path)


def signed(digest, signature, modulus):
    """Whether this is the signature of a manifest with this digest."""
    s = int.from_bytes(signature, "big")
    if s >= modulus:
        return False
    expected = b"\x00\x01" + b"\xff" * (SIGNATURE - 54) + b"\x00" + DIGEST_INFO + digest
    return pow(s, 65537, modulus).to_bytes(SIGNATURE, "big") == expected


def remove_all(folder):
    """A folder and what is in it, if it is there."""
    if not is_there(folder):
        return
    for name in os.listdir(folder):
        path = folder + "/" + name
        if os.stat(path)[0] & 0x4000:
            remove_all(path)
        else:
            os.remove(path)
    os.rmdir(folder)


class Update:
    """The one update that is on its way. Its files lie where `starter` looks for them, in the working folder."""

    def __init__(self):
        self._path = ""
        self._size = 0
        self._have = 0
        self._flushed = 0
        self._file = None
        self._steps = None

    def obey(self, arg):
        """What is answered to a command with this argument; Refused if it is not done."""
        op = arg[0] if arg else -1
        if op == BEGIN and len(arg) == 12:
            return self._begin(arg[1:9], arg[9] | arg[10] << 8 | arg[11] << 16)
        if op == PIECE and len(arg) > 4:
            return self._piece(arg[1] | arg[2] << 8 | arg[3] << 16, arg[4:])
        if op == INSTALL and len(arg) == 1:
            return self._install()
        raise Refused("no such step of an update")

    # --- the bundle comes ---

    def _begin(self, name, size):
        slot = sys.path[0]
        if slot not in ("a", "b"):
            raise Refused("this wearable was not flashed with slots")
        if is_there("trial"):
            raise Refused("the firmware that runs is on trial itself: try again in some minutes")
        if not is_there("update.pub"):
            raise Refused("this wearable has no key for updates: flash it with --update-key")
        self._close()
        self._path = "update-" + hexlify(name).decode()
        for other in os.listdir():
            if other.startswith("update-") and other != self._path:
                os.remove(other)
        self._size = size
        self._file = open(self._path, "ab")
        self._have = self._flushed = self._file.seek(0, 2)
        if self._have > size:
            self._drop()
            raise Refused("another update was begun under this name")
        return "have %d" % self._have

    def _piece(self, at, piece):
        if self._file is None:
            raise Refused("no update was begun")
        if at == self._have and at + len(piece) <= self._size:
            self._file.write(piece)
            self._have += len(piece)
            if self._have - self._flushed >= FLUSH_BYTES or self._have == self._size:
                self._file.flush()
                self._flushed = self._have
        return "have %d" % self._have

    def _close(self):
        if self._file is not None:
            self._file.close()
            self._file = None
        self._steps = None

    def _drop(self):
        """Whatever came is worth nothing."""
        self._close()
        if self._path and is_there(self._path):
            os.remove(self._path)

    # --- it is unpacked ---

    def _install(self):
        """One step: asked again and again, so that samples are taken in between."""
        if self._file is not None:
            if self._have != self._size:
                raise Refused("the update is not whole")
            self._close()
            self._steps = steps(self._path, self._size, "b" if sys.path[0] == "a" else "a")
        if self._steps is None:
            raise Refused("no update was begun")
        try:
            return next(self._steps)
        except StopIteration:
            self._steps = None
            os.remove(self._path)
            return "ready"
        except (Refused, ValueError, OSError, IndexError):
            self._drop()
            raise


def steps(path, size, slot):
    """A generator of sentences: verify, unpack file by file, read back, put on trial."""
    manifest_bytes, at = verified(path)
    yield "signed"
    with open(path, "rb") as manifest, open(path, "rb") as content:
        content.seek(at)
        if check(facts(manifest, manifest_bytes)) != size - at:
            raise Refused("its files are not those that its manifest names")
        remove_all(slot)
        os.mkdir(slot)
        for fact in facts(manifest, manifest_bytes):
            if fact[0] == "file":
                unpack(slot, fact, content)
                yield "unpacked " + fact[1]
        for fact in facts(manifest, manifest_bytes):
            if fact[0] == "file" and hash_of(slot + "/" + fact[1]) != fact[3]:
                raise Refused("flash did not keep " + fact[1])
        manifest.seek(6)
        with open(slot + "/manifest", "wb") as kept:
            copy(manifest, manifest_bytes, kept)
    put("trial", slot.encode() + STARTS)


def verified(path):
    """(bytes of the manifest, where the files begin). Refused if the signature is not right."""
    modulus = int(text_of("update.pub", "0"), 16)
    digest = sha256()
    with open(path, "rb") as file:
        head = file.read(6)
        if head[:4] != b"EVU1":
            raise Refused("this is no update")
        left = size = head[4] | head[5] << 8
        while left:
            part = file.read(min(BUFFER, left))
            if not part:
                raise Refused("this is no update")
            digest.update(part)
            left -= len(part)
        signature = file.read(SIGNATURE)
    if len(signature) != SIGNATURE or modulus < 1 << 3071 or not signed(digest.digest(), signature, modulus):
        raise Refused("its signature is not by the key of this wearable")
    return size, 6 + size + SIGNATURE


def facts(manifest, size):
    """The lines of the manifest, in words."""
    manifest.seek(6)
    left = size
    while left > 0:
        line = manifest.readline()
        left -= len(line)
        if not line or left < 0 or len(line) > MOST_LINE:
            raise Refused("its manifest is damaged")
        yield line.decode().split()


def check(lines):
    """Whether this wearable can run it; returns how many bytes its files have together."""
    version = minimum = None
    total = 0
    for words in lines:
        if words[0] == "version":
            version = numbers(words[1])
        elif words[0] == "minimum":
            minimum = numbers(words[1])
        elif words[0] == "mpy":
            arch = getattr(sys.implementation, "_mpy", 0) >> 10
            if int(words[1]) != MPY_VERSION or int(words[2]) not in (0, arch):
                raise Refused("it is compiled for another chip or MicroPython")
        elif words[0] == "file":
            name = words[1]
            known = name.endswith(".mpy") or name == "evensong_firmware/live.weights"
            if not name.startswith("evensong_firmware/") or not known or ".." in name:
                raise Refused("a file of it would lie elsewhere")
            total += int(words[2])
        elif words != ["evensong-update", "1"]:
            raise Refused("its manifest has a line that this firmware does not know")
    if version is None or minimum is None or minimum > version:
        raise Refused("its manifest names no version")
    if version < numbers(text_of("floor", "0.0.0")):
        raise Refused("it is older than what this wearable may run")
    return total


def unpack(slot, fact, content):
    folder = slot
    for part in fact[1].split("/")[:-1]:
        folder += "/" + part
        if not is_there(folder):
            os.mkdir(folder)
    with open(slot + "/" + fact[1], "wb") as file:
        copy(content, int(fact[2]), file)


def copy(source, left, to):
    """So many bytes, in parts: a manifest is some 7 KB, more than the heap may have in one piece."""
    while left:
        part = source.read(min(BUFFER, left))
        if not part:
            raise Refused("its files end early")
        to.write(part)
        left -= len(part)


def hash_of(path):
    digest = sha256()
    with open(path, "rb") as file:
        while True:
            part = file.read(BUFFER)
            if not part:
                return hexlify(digest.digest()).decode()
            digest.update(part)
