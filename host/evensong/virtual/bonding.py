"""Bumble's pairing with NimBLE's habits, as far as a firmware in MicroPython sees them (extmod/nimble, ble_sm.c):

- What is remembered of a peer are two secrets, which the firmware keeps: one is asked for when a known peer encrypts,
  the other when one pairs. Both are handed over before the firmware hears that the connection is encrypted.
- A pairing request cannot be refused. One from a peer that is known already makes the stack drop what it knows, and ask
  again and again, until it finds nothing.

A secret here is 33 bytes: long-term key, 1 if it is of Secure Connections, identity resolving key. NimBLE's is a C
structure; to the firmware both are bytes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bumble import hci, pairing
from bumble.keys import KeyStore, PairingKeys

OURS, PEERS = 1, 2  # kinds of secrets
REPEATS = 10


def key_of(name: str) -> bytes:
    """As NimBLE's `ble_addr_t`: type and address, little endian. name: Bumble's of an address."""
    address = hci.Address(name)
    return bytes([address.address_type]) + bytes(address)


class Secrets(KeyStore):
    """get, put: of the firmware. bonds: whether both sides of the pairing with this peer want a bond."""

    def __init__(
        self,
        get: Callable[[int, bytes], Awaitable[bytes]],
        put: Callable[[int, bytes, bytes], Awaitable[bool]],
        bonds: Callable[[str], bool],
    ) -> None:
        self._get, self._put, self._bonds = get, put, bonds

    async def get(self, name: str) -> PairingKeys | None:
        secret = await self._get(OURS, key_of(name))
        if len(secret) != 33:
            return None
        key = PairingKeys.Key(secret[:16])
        return PairingKeys(ltk=key) if secret[16] else PairingKeys(ltk_peripheral=key)

    async def update(self, name: str, keys: PairingKeys) -> None:
        key = keys.ltk or keys.ltk_peripheral
        if key is None or not self._bonds(name):
            return
        irk = keys.irk.value if keys.irk else bytes(16)
        for kind in (OURS, PEERS):
            await self._put(kind, key_of(name), key.value + bytes([keys.ltk is not None]) + irk)

    async def get_all(self) -> list[tuple[str, PairingKeys]]:
        return []  # Bumble would load them into the controller, which has no use for them here

    async def forget(self, name: str) -> None:
        """What NimBLE does when a peer that it knows wants to pair."""
        for _ in range(REPEATS):
            if not await self._get(PEERS, key_of(name)):
                return
            for kind in (OURS, PEERS):
                while await self._put(kind, key_of(name), b""):
                    pass
        raise RuntimeError("NimBLE's host would go on for ever, and the watchdog end it")


class Delegate(pairing.PairingDelegate):
    """Accepts, because NimBLE does. peer: Bumble's name of its address."""

    def __init__(self, secrets: Secrets, peer: str, io: int) -> None:
        super().__init__(pairing.PairingDelegate.IoCapability(io))
        self._secrets = secrets
        self._peer = peer

    async def accept(self) -> bool:
        await self._secrets.forget(self._peer)
        return True
