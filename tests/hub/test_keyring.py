"""Keys: labels survive typing, the file is its owner's alone, and the right key answers a challenge."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evensong.cli.commands import app
from evensong.errors import ConfigError, EvensongError, InputError
from evensong.hub.keyring import ROTATE_AFTER_MS, Answer, Keyring, answer_to
from evensong.keys import label_of, new_root, parse_label, wearable_key_file
from evensong_wire.models import Challenge
from evensong_wire.sealing import first_key

DEVICE, ROOT, NEXT = b"a device", bytes(range(32)), bytes(32)


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring(tmp_path / "new folder" / "keyring.json")


def challenge(epoch: int, *, adopting: bool = False) -> Challenge:
    return Challenge(DEVICE, epoch, adopting, bytes(16))


def test_a_label_is_read_as_it_was_typed() -> None:
    root = new_root()
    label = label_of(DEVICE, root)
    assert parse_label(label) == (DEVICE, root)
    assert parse_label(f"  {label.lower().replace('-', ' ')}\n") == (DEVICE, root)
    assert set(label) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-"), "alphanumeric in a QR code"


def test_a_typing_error_is_seen_and_not_repeated() -> None:
    label = label_of(DEVICE, ROOT)
    for i in range(10, len(label)):
        if label[i] not in ":-":
            wrong = label[:i] + ("7" if label[i] != "7" else "6") + label[i + 1 :]
            with pytest.raises(InputError) as error:
                parse_label(wrong)
            assert label[-9:] not in error.value.message
    for wrong in ("", "EVENSONG1", "EVENSONG1::", label[:-4], label + "-AAAA", "http://" + label):
        with pytest.raises(InputError, match="no label"):
            parse_label(wrong)


def test_the_file_is_its_owners_alone_and_says_nothing_in_errors(keyring: Keyring) -> None:
    assert keyring.entries() == []
    keyring.add(DEVICE, ROOT, "Leo")
    assert stat.S_IMODE(keyring.path.stat().st_mode) == 0o600
    assert ROOT.hex() not in repr(keyring.of(DEVICE))
    keyring.path.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        keyring.of(DEVICE)
    keyring.path.chmod(0o600)
    for damage in ("", "[]", '{"format": "evensong-keyring", "version": 2}', keyring.path.read_text()[:-9]):
        keyring.path.write_text(damage)
        with pytest.raises(ConfigError, match="not a keyring") as error:
            keyring.add(DEVICE, ROOT)
        assert ROOT.hex() not in error.value.message


def test_removing(keyring: Keyring) -> None:
    keyring.add(DEVICE, ROOT)
    assert keyring.remove(DEVICE)
    assert not keyring.remove(DEVICE)
    assert keyring.of(DEVICE) is None


def test_the_first_hub_needs_no_button_and_forgets_the_label(keyring: Keyring) -> None:
    keyring.add(DEVICE, ROOT)
    assert answer_to(challenge(1), keyring.of(DEVICE)) == Answer(first_key(ROOT, DEVICE))
    keyring.proved(DEVICE, 1, 1000)
    assert ROOT.hex() not in keyring.path.read_text()
    assert answer_to(challenge(1), keyring.of(DEVICE)) == Answer(first_key(ROOT, DEVICE))
    assert keyring.rotation_due(DEVICE, 1, 1001), "whoever reads the label could derive it"


def test_a_rotation_that_was_interrupted_leaves_both_keys(keyring: Keyring) -> None:
    keyring.add(DEVICE, ROOT)
    keyring.proved(DEVICE, 1, 1000)
    keyring.prepare(DEVICE, 2, NEXT)
    assert answer_to(challenge(1), keyring.of(DEVICE)) == Answer(first_key(ROOT, DEVICE))
    assert answer_to(challenge(2), keyring.of(DEVICE)) == Answer(NEXT)
    keyring.proved(DEVICE, 2, 5000)
    assert "older than this hub's" in str(answer_to(challenge(1), keyring.of(DEVICE)))
    assert not keyring.rotation_due(DEVICE, 2, 5000 + ROTATE_AFTER_MS - 1)
    keyring.proved(DEVICE, 2, 9000)
    assert keyring.rotation_due(DEVICE, 2, 5000 + ROTATE_AFTER_MS)


def test_a_later_hub_needs_the_button_and_the_one_before_is_told(keyring: Keyring) -> None:
    keyring.add(DEVICE, ROOT)
    assert "hold its button" in str(answer_to(challenge(4), keyring.of(DEVICE)))
    assert answer_to(challenge(4, adopting=True), keyring.of(DEVICE)) == Answer(ROOT, by_label=True)
    keyring.prepare(DEVICE, 5, NEXT)
    keyring.proved(DEVICE, 5, 1000)
    entry = keyring.of(DEVICE)
    assert entry
    assert (entry.root, entry.keys) == (None, {5: NEXT})
    assert "was revoked" in str(answer_to(challenge(6), entry))
    assert "was revoked" in str(answer_to(challenge(6, adopting=True), entry)), "without the label not even then"


def test_who_has_no_key_is_told_what_to_do(keyring: Keyring) -> None:
    assert "keyring add" in str(answer_to(challenge(1), None))
    assert "flash it" in str(answer_to(challenge(0), None))


def test_the_command_line_takes_labels_and_shows_no_key(tmp_path: Path) -> None:
    config = tmp_path / "evensong.toml"
    config.write_text(f'[hub]\nkeyring = "{tmp_path / "keyring.json"}"\n')

    def run(*arguments: str, label: str = "") -> tuple[int, str]:
        done = CliRunner().invoke(app, ["hub", "keyring", *arguments, "--config", str(config)], input=label)
        error = done.exception.message if isinstance(done.exception, EvensongError) else ""
        assert ROOT.hex() not in done.output + error
        assert label_of(DEVICE, ROOT)[-20:] not in done.output + error
        return done.exit_code, done.output + error

    assert "No keys in" in run("list")[1]
    assert run("add", "--name", "Leo", label=label_of(DEVICE, ROOT) + "\n") == (0, f"{DEVICE.hex()}: added.\n")
    assert run("list") == (
        0,
        f"{DEVICE.hex()} Leo (not met yet; one that belongs to another hub needs its button held)\n",
    )
    Keyring(tmp_path / "keyring.json").proved(DEVICE, 1, 5)
    assert run("list") == (0, f"{DEVICE.hex()} Leo (key 1)\n")
    assert "no label" in run("add", label="EVENSONG1:nonsense")[1]
    assert "There is no key for 'x'" in run("remove", "x")[1]
    assert run("remove", DEVICE.hex().upper())[0] == 0


def test_the_wearables_file() -> None:
    content = wearable_key_file(ROOT, DEVICE)
    assert (len(content), content[:4], content[6:38]) == (74, b"EVK1", ROOT)
