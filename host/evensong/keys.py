"""Keys of wearables: made when one is flashed, printed on its label, written into its file system.

A wearable has two secrets of 256 bits. The *label's* never changes: it stands on the label that flashing prints (text
and QR code) and only opens the wearable when its wearer holds the button, except to the first hub. The *hub's* is the
one that sessions use; a hub's first session and every month after it replace it, and so does letting in another hub.
docs/threat-model.md says what follows from that.

Neither goes into a log, a message, a URL or a command line's arguments.
"""

from __future__ import annotations

import base64
import hashlib
import secrets

from evensong.errors import InputError
from evensong_wire.sealing import first_key

KEY_BYTES = 32
DEVICE_ID_BYTES = 8
WEARABLE_KEY_FILE = "evensong.key"  # its name in the wearable's folder of settings
_MAGIC = b"EVK1"
_CHECK_BYTES = 4
_PREFIX = "EVENSONG1"


def new_root() -> bytes:
    """A label's secret: 32 bytes from the operating system."""
    return secrets.token_bytes(KEY_BYTES)


def wearable_key_file(root: bytes, device_id: bytes) -> bytes:
    """The content of `WEARABLE_KEY_FILE` for a freshly flashed wearable: magic, epoch (2 bytes, little endian), label's
    secret, hub's key, and the first 4 bytes of the SHA-256 of all that."""
    content = _MAGIC + (1).to_bytes(2, "little") + root + first_key(root, device_id)
    return content + hashlib.sha256(content).digest()[:_CHECK_BYTES]


def label_of(device_id: bytes, root: bytes) -> str:
    """The text of the label: capital letters, digits, colon and hyphen, so that a QR code of it stays small. It holds
    the secret: print it, and keep it nowhere."""
    coded = base64.b32encode(root + _checksum(device_id, root)).decode().rstrip("=")
    groups = "-".join(coded[i : i + 4] for i in range(0, len(coded), 4))
    return f"{_PREFIX}:{device_id.hex().upper()}:{groups}"


def parse_label(text: str) -> tuple[bytes, bytes]:
    """(device id, label's secret) of a label as it was typed or scanned: case and spaces do not matter. InputError,
    which never quotes it."""
    plain = "".join(text.split()).upper()
    prefix, _, rest = plain.partition(":")
    device, _, coded = rest.partition(":")
    coded = coded.replace("-", "")
    try:
        device_id = bytes.fromhex(device)
        content = base64.b32decode(coded + "=" * (-len(coded) % 8))
    except ValueError:
        device_id = content = b""
    root, check = content[:KEY_BYTES], content[KEY_BYTES:]
    if prefix != _PREFIX or len(device_id) != DEVICE_ID_BYTES or check != _checksum(device_id, root):
        raise InputError(f"That is no label: it begins with {_PREFIX}: and was copied whole, or it has a typing error.")
    return device_id, root


def _checksum(device_id: bytes, root: bytes) -> bytes:
    return hashlib.sha256(b"evensong label" + device_id + root).digest()[:3]
