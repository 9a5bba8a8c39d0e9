"""`python -m evensong_wire.emit` writes what is generated from the frame definitions: the firmware's `wire.py`, its
copies of the coders, and `docs/frames.md`. With `--check` it writes nothing and says which copy is stale.
"""

from __future__ import annotations

import sys
from pathlib import Path

from .emit_docs import frames_md
from .emit_firmware import firmware_wire

ROOT = Path(__file__).resolve().parents[2]
_COPIED = ("ibi_coding.py", "series_coding.py", "sealing.py")


def outputs() -> dict[Path, str]:
    """The text of every generated file, by its path below the repository's root."""
    firmware = Path("firmware/evensong_firmware")
    texts = {firmware / "wire.py": firmware_wire(), Path("docs/frames.md"): frames_md()}
    for name in _COPIED:
        text = (Path(__file__).parent / name).read_text(encoding="utf-8")
        texts[firmware / name] = (
            f"# COPIED from protocol/evensong_wire/{name} by evensong_wire.emit; change it there.\n{text}"
        )
    return texts


def stale(root: Path = ROOT) -> list[Path]:
    """Generated files that are not what they would be if written now."""
    return [
        path
        for path, text in outputs().items()
        if not (root / path).is_file() or (root / path).read_text(encoding="utf-8") != text
    ]


def main(arguments: list[str]) -> int:
    if not (ROOT / "firmware" / "evensong_firmware").is_dir():
        print("evensong_wire.emit works in a checkout of Evensong; here there is no firmware/ beside protocol/.")
        return 1
    if arguments == ["--check"]:
        if old := stale():
            print(f"Stale: {', '.join(map(str, old))}. Run `python -m evensong_wire.emit` and commit the result.")
            return 1
        return 0
    if arguments:
        print("usage: python -m evensong_wire.emit [--check]")
        return 2
    for path, text in outputs().items():
        (ROOT / path).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
