"""Real nights through the whole line with faults, ten seeds each: `python tests/benchmarks/faulty_nights.py [SEEDS]`.

For sleep-accel 46343 and 1066528 and mmash user_1, each seed twice: with three lost links and a killed hub nothing
may be lost and the digest must be that of `stage` on the recording; and with a reboot besides, when one gap of at most
ten seconds is allowed and the digest must be that of `stage` on what the hub exports. Ends with status 1 at any other
outcome. Half an hour on two cores.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

DATA = Path(os.environ.get("EVENSONG_DATA", "../shared/data"))
NIGHTS = {
    "46343": ["sleep-accel", str(DATA / "sleep-accel"), "--subject", "46343"],
    "1066528": ["sleep-accel", str(DATA / "sleep-accel"), "--subject", "1066528"],
    "user_1": ["mmash", str(DATA / "mmash"), "--user", "1"],
}
STEPS = ("sampled", "stored", "transferred", "staged", "forwarded")
LOSSLESS = "link:3,kill-hub:1"
WITH_REBOOT = LOSSLESS + ",reboot:1"


def evensong(*arguments: str) -> str:
    command = [sys.executable, "-m", "evensong", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"`evensong {' '.join(arguments)}` said: {done.stderr.strip()}")
    return done.stdout


def staged(recording: Path) -> str:
    out = recording.with_suffix(".csv")
    return evensong("stage", str(recording), "--out", str(out), "--digest").split()[-1]


def problems(night: str, faults: str, seed: int, recording: Path, expected: str, folder: Path) -> list[str]:
    kept = folder / f"{night}-{seed}-{'reboot' if 'reboot' in faults else 'lossless'}"
    line = evensong("replay", str(recording), "--faults", faults, "--seed", str(seed), "--json", "--keep", str(kept))
    figures: dict[str, Any] = json.loads(line.splitlines()[-1])
    found = []
    if len({figures[step] for step in STEPS}) != 1 or not figures["sampled"]:
        found.append("samples went missing")
    if night != "user_1" and figures["sessions"] != 1:
        found.append(f"{figures['sessions']} sessions")
    if faults == LOSSLESS:
        if figures["gaps"] or figures["lost_s"]:
            found.append(f"{figures['gaps']} gaps")
    else:
        if figures["gaps"] != 1 or figures["lost_s"] > 10:
            found.append(f"{figures['gaps']} gaps, {figures['lost_s']} s lost")
        exported = kept / "exported.evr"
        evensong("hub", "export", "--config", str(kept / "evensong.toml"), "--out", str(exported))
        expected = staged(exported)
    if figures["digest"] != expected:
        found.append("another digest")
    print(night, faults, seed, json.dumps(figures), *found, flush=True)
    return found


def main() -> None:
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    failed = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for night, source in NIGHTS.items():
            recording = folder / f"{night}.evr"
            evensong("import", *source, "--out", str(recording))
            expected = staged(recording)
            for seed in range(1, seeds + 1):
                for faults in (LOSSLESS, WITH_REBOOT):
                    failed += bool(problems(night, faults, seed, recording, expected, folder))
    print(f"{failed} of {len(NIGHTS) * seeds * 2} replays failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
