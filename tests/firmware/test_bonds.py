"""What the firmware keeps of phones: only with a hand on the button, safe from power cuts, gone with a hub."""

from __future__ import annotations

from pathlib import Path

import pytest

from evensong.keys import WEARABLE_KEY_FILE, wearable_key_file
from evensong_firmware import keys as firmware_keys
from evensong_firmware.bonds import MOST_PHONES, OURS, PEERS, Bonds
from evensong_firmware.keys import Keys


def address_of(phone: int) -> bytes:
    return bytes([1, phone, 0, 0, 0, 0, 0xD1])


def pair(bonds: Bonds, phone: int, secret: bytes = b"a secret of 33 bytes, or of ninety") -> bool:
    """As NimBLE hands it over, in views of its own memory."""
    return all(bonds.keep(kind, memoryview(address_of(phone)), memoryview(secret)) for kind in (OURS, PEERS))


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    (tmp_path / WEARABLE_KEY_FILE).write_bytes(wearable_key_file(bytes(32), b"a device"))
    return Keys(str(tmp_path))


def test_nothing_is_taken_or_dropped_without_a_hand_on_the_button(keys: Keys) -> None:
    bonds = Bonds(keys)
    assert not pair(bonds, 1)
    assert not bonds.good
    keys.edge(0, True)
    assert pair(bonds, 1)
    assert bonds.good
    keys.edge(1, False)
    bonds.left()
    assert not pair(bonds, 1, b"another secret")
    assert not bonds.good, "a refusal takes back what was good"
    assert not bonds.keep(OURS, address_of(1), None)
    assert not bonds.good
    bonds.left()
    assert bonds.secret(OURS, 0, address_of(1)) == b"a secret of 33 bytes, or of ninety"
    assert bonds.good


def test_a_stack_that_drops_until_it_finds_nothing_comes_to_an_end(keys: Keys) -> None:
    """NimBLE, when a phone that it knows wants to pair again."""
    keys.edge(0, True)
    bonds = Bonds(keys)
    pair(bonds, 1)
    pair(bonds, 2)
    keys.edge(1, False)
    assert not bonds.keep(PEERS, address_of(1), None)
    assert bonds.secret(PEERS, 0, address_of(1)) is None
    assert bonds.secret(PEERS, 0, address_of(2)) is not None, "other phones do not suffer"
    bonds.left()
    assert bonds.secret(PEERS, 0, address_of(1)) is not None
    keys.edge(2, True)
    assert bonds.keep(PEERS, address_of(1), None)
    assert not bonds.keep(PEERS, address_of(1), None), "or it would ask for ever"


def test_what_only_a_known_phone_is_asked_for_makes_it_good(keys: Keys) -> None:
    keys.edge(0, True)
    bonds = Bonds(keys)
    pair(bonds, 1)
    bonds.left()
    for kind, index, address in (
        (PEERS, 0, address_of(1)),
        (PEERS, 0, None),
        (OURS, 0, address_of(2)),
        (10, 0, b"irk"),
    ):
        bonds.secret(kind, index, address)
        assert not bonds.good
    assert bonds.secret(PEERS, 1, None) is None
    assert not bonds.keep(10, b"irk", bytes(16)), "the chip's own identity is none of ours"


def test_more_phones_than_there_is_room_for(keys: Keys) -> None:
    keys.edge(0, True)
    bonds = Bonds(keys)
    for phone in range(MOST_PHONES + 1):
        assert pair(bonds, phone, bytes(120))
    bonds.write()
    again = Keys(str(Path(keys.bonds_path).parent))
    known = [Bonds(again).secret(PEERS, 0, address_of(phone)) is not None for phone in range(MOST_PHONES + 1)]
    assert known == [False] + [True] * MOST_PHONES
    assert not bonds.keep(OURS, address_of(9), bytes(121))
    assert not bonds.keep(OURS, bytes(17), bytes(9))


def test_a_power_cut_leaves_the_bonds_of_before_or_after(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    keys.edge(0, True)
    bonds = Bonds(keys)
    pair(bonds, 1)
    bonds.write()
    pair(bonds, 2)

    def power_cut(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(firmware_keys.os, "rename", power_cut)
    with pytest.raises(KeyboardInterrupt):
        bonds.write()
    monkeypatch.undo()
    folder = str(Path(keys.bonds_path).parent)
    assert len(load(folder)) == 2
    Path(keys.bonds_path).unlink()  # where a rename removes the old one first
    assert len(load(folder)) == 4
    for size in range(len(Path(keys.bonds_path).read_bytes())):
        Path(keys.bonds_path).write_bytes(Path(keys.bonds_path).read_bytes()[:size])
        assert load(folder) == []


def load(folder: str) -> list[tuple[int, bytes, bytes]]:
    keys = Keys(folder)
    Bonds(keys)
    return list(keys.bonds)


def test_another_hub_gets_no_phones_of_the_one_before(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    keys.edge(0, True)
    bonds = Bonds(keys)
    pair(bonds, 1)
    bonds.write()
    assert keys.has_bonds()
    monkeypatch.setattr(firmware_keys, "keep", lambda *_: False)
    assert not keys.adopt(bytes(32)), "the key cannot be written"
    assert not keys.has_bonds(), "they went first"
    assert keys.bonds == []
