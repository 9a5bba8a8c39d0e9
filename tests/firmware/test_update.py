"""Signed updates: what is taken, what is refused, and which slot starts, on CPython and both MicroPythons."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from interpreters import HERE, Run

from evensong.flashing import bundle
from evensong.flashing.layout import Firmware

SCRIPT = HERE / "on_device" / "take_updates.py"
FIRMWARE = Firmware(
    "0.2.0",
    {
        "evensong_firmware/app.mpy": bytes(range(256)) * 5,
        "evensong_firmware/boards/virtual.mpy": b"M\x06" + bytes(700),
        "evensong_firmware/main.mpy": b"",
    },
)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("keys")
    for name in ("ours", "theirs"):
        bundle.new_key(folder / name)
    return folder / "ours", folder / "theirs"


@pytest.fixture
def wearable(tmp_path: Path, keys: tuple[Path, Path]) -> Path:
    """Its file system: slot a runs 0.1.0."""
    folder = tmp_path / "wearable"
    (folder / "a" / "evensong_firmware").mkdir(parents=True)
    (folder / "a" / "evensong_firmware" / "main.mpy").write_bytes(b"running")
    (folder / "slot").write_text("a")
    (folder / "floor").write_text("0.1.0")
    (folder / "update.pub").write_bytes(bundle.public_part(keys[0]))
    return folder


def signed(wearable: Path, key: Path, firmware: Firmware = FIRMWARE, minimum: str = "0.2.0", name: str = "good") -> str:
    path = wearable.parent / name
    path.write_bytes(bundle.sign(firmware, minimum, None, key))
    return str(path)


def lines(said: str) -> list[str]:
    return said.strip().splitlines()


def test_a_signed_update_is_unpacked_and_put_on_trial(wearable: Path, keys: tuple[Path, Path], run: Run) -> None:
    said = lines(run(SCRIPT, str(wearable), signed(wearable, keys[0])))
    assert said[0] == "ready"
    assert (wearable / "trial").read_text() == "b3"
    assert (wearable / "slot").read_text() == "a"
    for path, content in FIRMWARE.files.items():
        assert (wearable / "b" / path).read_bytes() == content
    assert (wearable / "b" / "manifest").read_text().startswith("evensong-update 1\nversion 0.2.0\n")
    assert not list(wearable.glob("update-*"))


def test_an_update_that_never_becomes_well_is_out_of_starts(wearable: Path, keys: tuple[Path, Path], run: Run) -> None:
    said = lines(run(SCRIPT, str(wearable), signed(wearable, keys[0]), "-:starts:0"))
    assert said[:2] == ["ready", "starts b b b a"]
    assert (wearable / "failed").read_text() == "b0"
    assert not (wearable / "trial").exists()


def test_one_that_is_well_stays_and_sets_the_floor(wearable: Path, keys: tuple[Path, Path], run: Run) -> None:
    older = signed(wearable, keys[0], replace(FIRMWARE, version="0.1.9"), "0.1.0", "older")
    said = lines(run(SCRIPT, str(wearable), signed(wearable, keys[0]), "-:confirm:0", older, "-:starts:0"))
    assert said[:2] == ["ready", "runs b 0.2.0 confirmed floor 0.2.0"]
    assert said[2] == "refused: it is older than what this wearable may run"
    assert said[3] == "starts b b b b"


def test_what_another_key_signed_or_nobody_is_refused(wearable: Path, keys: tuple[Path, Path], run: Run) -> None:
    theirs = signed(wearable, keys[1], name="theirs")
    whole = bytearray(Path(signed(wearable, keys[0])).read_bytes())
    at = 6 + int.from_bytes(whole[4:6], "little")
    whole[at : at + bundle.SIGNATURE_BYTES] = bytes(bundle.SIGNATURE_BYTES)
    (wearable.parent / "unsigned").write_bytes(whole)
    said = lines(run(SCRIPT, str(wearable), theirs, str(wearable.parent / "unsigned")))
    assert said[:2] == ["refused: its signature is not by the key of this wearable"] * 2
    assert not (wearable / "b").exists()
    assert not (wearable / "trial").exists()


def test_one_flipped_bit_anywhere_is_refused(wearable: Path, keys: tuple[Path, Path], run: Run) -> None:
    good = signed(wearable, keys[0])
    whole = Path(good).read_bytes()
    manifest = int.from_bytes(whole[4:6], "little")
    signature_at, files_at = 6 + manifest, 6 + manifest + bundle.SIGNATURE_BYTES
    places = [0, 4, 5, 20, manifest, signature_at, files_at - 1, files_at, files_at + 1000, len(whole) - 1]
    flips = [f"{good}:flip:{8 * place + place % 8}" for place in places]
    said = lines(run(SCRIPT, str(wearable), *flips, f"{good}:cut:1"))
    assert all(line.startswith("refused: ") for line in said[: len(flips) + 1])
    assert not (wearable / "trial").exists()
    assert (wearable / "a" / "evensong_firmware" / "main.mpy").read_bytes() == b"running"


def test_files_that_would_lie_elsewhere_are_refused(wearable: Path, keys: tuple[Path, Path], run: Run) -> None:
    for number, path in enumerate(("main.py", "../slot", "evensong_firmware/../../slot.mpy", "evensong_firmware/x.py")):
        signed(wearable, keys[0], Firmware("0.3.0", {path: b"x"}), name=f"away{number}")
    aways = [str(wearable.parent / f"away{number}") for number in range(4)]
    said = lines(run(SCRIPT, str(wearable), *aways))
    assert said[:4] == ["refused: a file of it would lie elsewhere"] * 4


def test_it_goes_on_where_it_was_cut_off(wearable: Path, keys: tuple[Path, Path], run: Run) -> None:
    large = replace(FIRMWARE, files={"evensong_firmware/app.mpy": bytes(range(251)) * 60})
    said = lines(run(SCRIPT, str(wearable), f"{signed(wearable, keys[0], large)}:resume:9000"))
    have = int(said[0].split()[-1])
    assert 4096 <= have <= 9000
    assert said[1] == "ready"


def test_without_slots_or_a_key_there_are_no_updates(wearable: Path, keys: tuple[Path, Path], run: Run) -> None:
    (wearable / "update.pub").unlink()
    said = lines(run(SCRIPT, str(wearable), signed(wearable, keys[0])))
    assert said[0] == "refused: this wearable has no key for updates: flash it with --update-key"


def test_a_signature_holds_on_both_micropythons(keys: tuple[Path, Path], run_micropython: Run) -> None:
    """The arithmetic of 3072 bits, also where integers beyond 30 bits are allocated."""
    whole = bundle.sign(FIRMWARE, "0.2.0", None, keys[0])
    size = int.from_bytes(whole[4:6], "little")
    digest = hashlib.sha256(whole[6 : 6 + size]).hexdigest()
    signature = whole[6 + size : 6 + size + bundle.SIGNATURE_BYTES].hex()
    modulus = bundle.public_part(keys[0]).decode().strip()
    script = HERE / "on_device" / "verify_signature.py"
    text = f"{digest}-{signature}-{modulus}"
    pieces = [text[i : i + 200] for i in range(0, len(text), 200)]
    assert lines(run_micropython(script, *pieces)) == ["True", "False", "False"]
