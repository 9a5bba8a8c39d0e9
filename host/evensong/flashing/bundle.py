"""The firmware as an update: one file of a manifest, its signature, and the .mpy files it names.

    "EVU1"  length of the manifest (2, little endian)  manifest  signature (384)  the files, in the manifest's order

The manifest is text, a line for each fact, so that a wearable reads it in pieces without holding it:

    evensong-update 1
    version 0.2.0          of this firmware
    minimum 0.2.0          no older one is taken once this one has proven itself
    mpy 6 10               .mpy version, and architecture of native code (0: none) as `sys.implementation._mpy` has it
    file PATH BYTES SHA256

Signed is the manifest, which vouches for every byte of the files. RSA-3072 with SHA-256, PKCS#1 v1.5 (RFC 8017, 8.2):
verifying takes a wearable one `pow(s, 65537, n)`, which MicroPython has; docs/decisions/0034 says what that costs.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from evensong.errors import InputError

from .layout import ARCHS, MPY_VERSION, Firmware

MAGIC = b"EVU1"
KEY_BITS = 3072
SIGNATURE_BYTES = KEY_BITS // 8
EXPONENT = 65537
MOST_MANIFEST_BYTES = 0xFFFF
_VERSION = re.compile(r"\d{1,3}\.\d{1,3}\.\d{1,5}")


def manifest_of(firmware: Firmware, minimum: str, arch: str | None = None) -> str:
    """InputError if a version is not three numbers, or the oldest that may follow is newer than this one."""
    for version in (firmware.version, minimum):
        if not _VERSION.fullmatch(version):
            raise InputError(f"{version!r} is no version: three numbers with dots, such as 0.2.0.")
    if _numbers(minimum) > _numbers(firmware.version):
        raise InputError(f"The minimum {minimum} is newer than the firmware itself, {firmware.version}.")
    number = next(number for number, name in ARCHS.items() if name == arch)
    lines = [
        "evensong-update 1",
        f"version {firmware.version}",
        f"minimum {minimum}",
        f"mpy {MPY_VERSION} {number}",
        *(f"file {path} {len(content)} {sha256(content).hexdigest()}" for path, content in firmware.files.items()),
    ]
    return "\n".join(lines) + "\n"


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def sign(firmware: Firmware, minimum: str, arch: str | None, key: Path) -> bytes:
    """The bundle. key: a file that `new_key` wrote."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    manifest = manifest_of(firmware, minimum, arch).encode()
    if len(manifest) > MOST_MANIFEST_BYTES:
        raise InputError("The firmware has too many files for one update.")
    signature: bytes = _private(key).sign(manifest, PKCS1v15(), SHA256())
    head = MAGIC + len(manifest).to_bytes(2, "little") + manifest + signature
    return head + b"".join(firmware.files.values())


def manifest_in(bundle: bytes) -> str:
    """InputError if this is no bundle. The signature is the wearable's to check."""
    size = int.from_bytes(bundle[4:6], "little")
    manifest = bundle[6 : 6 + size]
    if (
        bundle[:4] != MAGIC
        or len(bundle) < 6 + size + SIGNATURE_BYTES
        or not manifest.startswith(b"evensong-update 1\n")
    ):
        raise InputError("This is no update: make one with `evensong firmware bundle`.")
    return manifest.decode("utf-8", "replace")


def version_in(bundle: bytes) -> str:
    """What the manifest says of itself."""
    return next(line.split(" ")[1] for line in manifest_in(bundle).splitlines() if line.startswith("version "))


def new_key(path: Path) -> None:
    """Make a key that signs updates, in a file for its owner only. InputError if there is one."""
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = generate_private_key(EXPONENT, KEY_BITS)
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(text)
    except FileExistsError:
        raise InputError(f"{path} exists already, and a key is never replaced: name another file.") from None
    except OSError as error:
        with suppress(OSError):
            path.unlink()  # half a key would be in the way of the next try
        raise InputError(f"The key {path} cannot be written: {error.strerror}.") from error


def public_part(key: Path) -> bytes:
    """What a wearable is given of it: the modulus, as one line of hex. It is no secret."""
    numbers = _private(key).public_key().public_numbers()
    return f"{numbers.n:0{KEY_BITS // 4}x}\n".encode()


def _private(path: Path):  # type: ignore[no-untyped-def]
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except OSError as error:
        raise InputError(f"The key {path} cannot be read: {error.strerror}.") from error
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, RSAPrivateKey) or key.key_size != KEY_BITS:
        raise InputError(f"{path} is no key of `evensong firmware key`.")
    return key
