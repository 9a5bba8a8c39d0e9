"""Bonds with phones: what the BLE stack wants remembered of each, and when it is.

The stack has up to two secrets for a phone, of two kinds, under the phone's address; here they are bytes. It asks for
them when a phone comes back, and hands them over when one has paired, in its interrupt (`secret`, `keep`). Loaded only
where there is a bond or somebody holds the button.

Invariants: no secret is taken, replaced or dropped unless the wearer holds the button at that moment; a connection
counts as a phone's only if its key was given out or taken just before it became encrypted. The stack cannot be told to
refuse a pairing, so whoever pairs otherwise is hung up on. docs/decisions/0032 says what else the stack does.
"""

from evensong_firmware.keys import BONDS_MAGIC, keep, kept

OURS = 1  # kind of secret: asked for when a known phone begins to encrypt
PEERS = 2
MOST_PHONES = 3  # as NimBLE; the oldest gives way
MOST_ADDRESS, MOST_SECRET = 16, 120


class Bonds:
    """keys: its `bonds` holds (kind, address, secret) of each, oldest first. good: whoever is encrypted next has a
    bond. changed: it is to be written.
    """

    def __init__(self, keys):
        self._keys = keys
        self._hidden = b""  # address whose bond the stack wanted to drop
        self.good = self.changed = False
        content = kept(keys.bonds_path, BONDS_MAGIC)
        i = len(BONDS_MAGIC)
        while i < len(content):
            address_at = i + 3
            secret_at = address_at + content[i + 1]
            end = secret_at + content[i + 2]
            keys.bonds.append((content[i], content[address_at:secret_at], content[secret_at:end]))
            i = end

    def secret(self, kind, index, address):
        """What the stack asks for, None if there is none. address: None for the index-th one of this kind."""
        for each in self._keys.bonds:
            if each[0] == kind:
                if address is None:
                    if index == 0:
                        return each[2]
                    index -= 1
                elif each[1] == bytes(address) and each[1] != self._hidden:
                    if kind == OURS:
                        self.good = True
                    return each[2]
        return None

    def keep(self, kind, address, secret):
        """The stack has a secret to keep, None: to drop. True if that is done."""
        if kind != OURS and kind != PEERS:  # of the chip's own address, which it never changes
            return False
        address = bytes(address)
        if not self._keys.pressed:
            self.good = False
            if not secret:  # the stack would ask again for ever as long as it finds what it wanted to drop
                self._hidden = address
            return False
        bonds = self._keys.bonds
        left = [each for each in bonds if each[0] != kind or each[1] != address]
        if secret:
            if len(address) > MOST_ADDRESS or len(secret) > MOST_SECRET:
                return False
            left.append((kind, address, bytes(secret)))
            if len(left) > 2 * MOST_PHONES:
                left = [each for each in left if each[1] != left[0][1]]
            self.good = True
        elif len(left) == len(bonds):
            return False
        bonds[:] = left
        self.changed = True
        return True

    def left(self):
        """A connection ended."""
        self.good = False
        self._hidden = b""

    def write(self):
        self.changed = False
        content = BONDS_MAGIC
        for kind, address, secret in self._keys.bonds:
            content += bytes((kind, len(address), len(secret))) + address + secret
        keep(self._keys.bonds_path, content)
