"""Is a night staged faster than by another checkout? Both in turn, so that a machine whose speed moves is fair to both.

    git worktree add /tmp/before COMMIT
    python tests/benchmarks/night_in_two_trees.py /tmp/before

Prints processor time of the synthetic night of `evensong bench staging`, one core, and the median of the ratios of
neighbouring turns. Both must give the same hypnogram.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parents[2]
TURNS, NIGHTS = 40, 5
CHILD = """
import sys, time
from evensong.cli.bench_staging import synthetic_night
from evensong.staging import stage
samples, _ = synthetic_night(1)
print(stage(samples).digest(), flush=True)
for line in sys.stdin:
    times = []
    for _ in range(int(line)):
        began = time.process_time()
        stage(samples)
        times.append(time.process_time() - began)
    print(1000 * sorted(times)[len(times) // 2], flush=True)
"""


def start(tree: Path) -> subprocess.Popen[str]:
    path = os.pathsep.join(str(tree / room) for room in ("firmware", "protocol", "host"))
    environment = {**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )


def answer(child: subprocess.Popen[str]) -> str:
    assert child.stdout
    return child.stdout.readline().strip()


def turn(child: subprocess.Popen[str]) -> float:
    """ms of the middle one of some nights."""
    assert child.stdin
    child.stdin.write(f"{NIGHTS}\n")
    child.stdin.flush()
    return float(answer(child))


def main() -> None:
    children = [start(Path(sys.argv[1]).resolve()), start(HERE)]
    digests = [answer(child) for child in children]
    if digests[0] != digests[1] or not digests[0]:
        sys.exit(f"They do not stage the night alike: {digests}")
    turns = [tuple(turn(child) for child in children) for _ in range(TURNS)]
    before, after = (statistics.median(column) for column in zip(*turns, strict=True))
    ratio = statistics.median(two / one for one, two in turns)
    print(
        f"There {before:.2f} ms a night, here {after:.2f} ms, ratio {ratio:.3f} (medians of {TURNS} turns); same bits."
    )
    for child in children:
        child.communicate()


if __name__ == "__main__":
    main()
