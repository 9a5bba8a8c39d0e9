"""`evensong flash` while its cable is pulled at random moments: python tests/benchmarks/pulled_cable.py [PULLS] [SEED].

Bare boards, real esptool and mpremote over RFC 2217 against the model of the chip, real MicroPython behind the raw
REPL. A pull takes line and power at once; then the board is plugged in again. A job without pulls says how many bytes
pass over the line in each step. Then each of PULLS boards loses its cable once, the steps in turn, at a random byte of
the step; and one board loses it PULLS times in one job, after 300 to 60,000 bytes each (evenly on a logarithmic scale).
Ends with status 1 unless every board is the same wearable, byte for byte, that it becomes without pulls.

pyserial's RFC 2217 client sleeps most of the time, so four boards are flashed at once.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "flashing"))
from images import micropython
from watching import DEVICE_ID

from evensong.flashing import image
from evensong.flashing.job import Job, Order
from evensong.flashing.repl import opened
from evensong.virtual.serial_board.chips import ESP32
from evensong.virtual.serial_board.server import SerialBoard, served

KEY = bytes(range(74))
AT_ONCE = 4


@dataclass
class Bench:
    """Watches a job, pulls the cable and plugs it in when the job waits. pull_in: a step and the bytes after which to
    pull in it, once. pulls: bytes after which to pull, each counted from the plugging in before it."""

    board: SerialBoard
    pull_in: tuple[str, int] | None = None
    pulls: list[int] = field(default_factory=list)
    began_at: dict[str, int] = field(default_factory=dict)  # of each step, bytes that had passed when it first began
    pulled_in: list[str] = field(default_factory=list)
    _step: str = ""

    def arm(self) -> None:
        if self.pulls:
            self.board.pull_after(self.pulls.pop(0))

    def step(self, what: str) -> None:
        self._step = what
        self.began_at.setdefault(what, self.board.passed)
        if self.pull_in and self.pull_in[0] == what:
            self.board.pull_after(self.pull_in[1])
            self.pull_in = None

    def progress(self, fraction: float) -> None: ...

    def unplugged(self, _: str) -> None:
        self.pulled_in.append(self._step)

    def pause(self, _: float) -> None:
        if not self.board.plugged_in:
            self.arm()
            self.board.plug_in()


def files_of(board: SerialBoard) -> dict[str, str]:
    with opened(board.url) as repl:
        repl.run(
            "def _l(d):\n r={}\n for e in os.ilistdir(d):\n  p=d+'/'+e[0] if d else e[0]\n"
            "  if e[1]==16384: r.update(_l(p))\n  else: r[p]=_h(p)\n return r"
        )
        found: dict[str, str] = repl.ask("_l('')")
        return found


@dataclass(frozen=True)
class Played:
    """files: on the board, with their hashes. steps: bytes of each. pulled_in: the steps that were cut."""

    files: dict[str, str]
    steps: dict[str, int]
    pulled_in: list[str]


def flash(pull_in: tuple[str, int] | None, pulls: list[int]) -> Played:
    asked = len(pulls) + (pull_in is not None)
    with tempfile.TemporaryDirectory() as folder, served(ESP32, Path(folder), EVENSONG_DEVICE_ID=DEVICE_ID) as board:
        bench = Bench(board, pull_in, list(pulls))
        bench.arm()
        order = Order(board.url, image.checked(micropython(ESP32), "mp.bin", None), "Mia", new_key=lambda _: KEY)
        while True:
            flashed = Job(order, bench, bench.pause).run()
            assert all(part.well for part in flashed.parts), flashed.parts
            if board.pulls == asked:  # else once more, on a finished wearable
                break
        bench.pause(0)  # the last pull may have come when all was done
        ends = [*list(bench.began_at.values())[1:], board.passed]
        steps = {name: end - at for (name, at), end in zip(bench.began_at.items(), ends, strict=True)}
        return Played(files_of(board), steps, bench.pulled_in)


def main() -> None:
    pulls = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    rng = random.Random(seed)
    began_s = time.monotonic()
    whole = flash(None, [])
    steps = list(whole.steps.items())
    print(f"without pulls: {len(whole.files)} files, bytes over the line: {dict(steps)}", flush=True)
    wanted = [(name, rng.randrange(1, size)) for name, size in (steps[i % len(steps)] for i in range(pulls))]
    in_a_row = [int(300 * 200 ** rng.random()) for _ in range(pulls)]
    with ProcessPoolExecutor(AT_ONCE, mp_context=get_context("spawn")) as pool:
        jobs = [(pool.submit(flash, None, in_a_row), f"{pulls} pulls in a row")]
        jobs += [(pool.submit(flash, pull, []), f"pulled after {pull[1]} bytes of {pull[0]}") for pull in wanted]
        different = 0
        for job, what in jobs:
            played = job.result()
            same = played.files == whole.files
            different += not same
            print(
                f"  {what}, during {dict(Counter(played.pulled_in))}: {'the same' if same else 'DIFFERENT'}", flush=True
            )
            for path, digest in sorted(set(played.files.items()) ^ set(whole.files.items())):
                print(f"    {path} {digest}")
    took_s = time.monotonic() - began_s
    print(f"{2 * pulls} pulls (seed {seed}) in {len(jobs)} jobs, {different} different; {took_s:.0f} s")
    sys.exit(different > 0)


if __name__ == "__main__":
    main()
