"""`evensong flash` while its cable is pulled at random moments: python tests/benchmarks/pulled_cable.py [PULLS] [SEED].

One bare board, one job, real esptool and mpremote over RFC 2217 against the model of the chip, real MicroPython behind
the raw REPL. A pull takes line and power at once, after 300 to 60,000 bytes over the line (evenly on a logarithmic
scale); then the board is plugged in again, and the next one counts from there. Ends with status 1 unless the board is
the same wearable, byte for byte, that it becomes without pulls. Minutes, as pyserial's RFC 2217 client is slow.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "flashing"))
from images import micropython

from evensong.flashing import image, layout
from evensong.flashing.job import Job, Order
from evensong.flashing.repl import opened
from evensong.virtual.serial_board.chips import ESP32, Chip
from evensong.virtual.serial_board.server import SerialBoard, served

DEVICE_ID = "e5e700000000a0f1"
KEY = bytes(range(74))


class Bench:
    """Watches a job, pulls the cable after each of these numbers of bytes, and plugs it in when the job waits."""

    def __init__(self, board: SerialBoard, pulls: list[int]) -> None:
        self._board = board
        self._pulls = pulls
        self._step = ""
        self.pulled_in: list[str] = []
        self._arm()

    def _arm(self) -> None:
        self._board.pull_after(self._pulls.pop(0) if self._pulls else None)

    def step(self, what: str) -> None:
        self._step = what

    def progress(self, fraction: float) -> None: ...

    def unplugged(self, _: str) -> None:
        self.pulled_in.append(self._step)
        print(f"  pulled during {self._step}", flush=True)

    def pause(self, _: float) -> None:
        if not self._board.plugged_in:
            self._arm()
            self._board.plug_in()


def files_of(board: SerialBoard) -> dict[str, str]:
    with opened(board.url) as repl:
        repl.run(
            "def _l(d):\n r={}\n for e in os.ilistdir(d):\n  p=d+'/'+e[0] if d else e[0]\n"
            "  if e[1]==16384: r.update(_l(p))\n  else: r[p]=_h(p)\n return r"
        )
        found: dict[str, str] = repl.ask("_l('')")
        return found


def flash(chip: Chip, folder: Path, pulls: list[int]) -> tuple[dict[str, str], list[str], int]:
    """(files on the board, steps that were cut, boots of the board)."""
    asked = len(pulls)
    with served(chip, folder, EVENSONG_DEVICE_ID=DEVICE_ID) as board:
        bench = Bench(board, pulls)
        order = Order(board.url, image.checked(micropython(chip), "mp.bin", None), "Mia", new_key=lambda _: KEY)
        while True:
            flashed = Job(order, bench, bench.pause).run()
            assert all(part.well for part in flashed.parts), flashed.parts
            if len(bench.pulled_in) == asked:  # else once more, on a finished wearable
                break
        return files_of(board), bench.pulled_in, board.board.boots


def main() -> None:
    pulls = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    rng = random.Random(seed)
    layout.compiled("x64")
    with tempfile.TemporaryDirectory() as folder:
        began_s = time.monotonic()
        expected, _, _ = flash(ESP32, Path(folder) / "whole", [])
        print(f"without pulls: {len(expected)} files in {time.monotonic() - began_s:.0f} s", flush=True)
        moments = [int(300 * 200 ** rng.random()) for _ in range(pulls)]
        files, pulled_in, boots = flash(ESP32, Path(folder) / "pulled", moments)
    print(
        f"{pulls} pulls (seed {seed}), during {', '.join(pulled_in)}; {boots} boots; {time.monotonic() - began_s:.0f} s"
    )
    if files != expected:
        print("the board is not what it should be:", sorted(set(files.items()) ^ set(expected.items())))
        sys.exit(1)
    print("the same wearable, file by file")


if __name__ == "__main__":
    main()
