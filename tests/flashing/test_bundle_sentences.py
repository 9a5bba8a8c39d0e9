"""`evensong firmware` and what a person may give it, each mistake with its one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from evensong.errors import InputError
from evensong.flashing import bundle, layout

EMPTY = layout.Firmware("0.2.0", {})


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "updates.key"
    bundle.new_key(path)
    return path


@pytest.mark.parametrize(
    ("version", "minimum", "sentence"),
    [
        ("0.2", "0.1.0", "'0.2' is no version: three numbers"),
        ("0.2.0", "newest", "'newest' is no version: three numbers"),
        ("0.2.0", "0.10.0", "The minimum 0.10.0 is newer than the firmware itself, 0.2.0"),
    ],
)
def test_versions(key: Path, version: str, minimum: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        bundle.sign(layout.Firmware(version, {}), minimum, None, key)


def test_a_key_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("a password")
    with pytest.raises(InputError, match=r"is no key of `evensong firmware key`"):
        bundle.sign(EMPTY, "0.2.0", None, tmp_path / "key")
    with pytest.raises(InputError, match=r"cannot be read: No such file"):
        bundle.sign(EMPTY, "0.2.0", None, tmp_path / "nowhere")


def test_a_key_is_never_replaced(key: Path) -> None:
    before = key.read_bytes()
    with pytest.raises(InputError, match="exists already, and a key is never replaced"):
        bundle.new_key(key)
    assert key.read_bytes() == before


def test_what_is_no_update(key: Path) -> None:
    whole = bundle.sign(EMPTY, "0.2.0", None, key)
    assert bundle.version_in(whole) == "0.2.0"
    for broken in (b"", b"EVU1", whole[:-1], whole[1:], b"EVU1\x02\x00ab" + bytes(384)):
        with pytest.raises(InputError, match=r"This is no update"):
            bundle.version_in(broken)
