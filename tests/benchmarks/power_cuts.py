"""Cuts the power at random writes of a wearable's flash: `python tests/benchmarks/power_cuts.py [CUTS] [SEED]`.

Three tenths of the cuts fall on the spool, which is raw NOR flash and ends at any byte (tests/firmware/spool_model.py
says what it promises: nothing acknowledged is lost, nothing comes twice). The others fall on files: settings, keys, and
updates from the first piece to the end of their trial. There MicroPython runs its own littlefs on the same model of NOR
flash, cut at any byte of a program, with half an erased sector at times; after each cut the board starts, and
tests/firmware/on_device/cut_power.py says what has to hold. Ends with status 1 where it does not.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "firmware"))
from nor import PowerLoss
from spool_model import Model
from test_spool import play

from evensong.flashing import bundle
from evensong.flashing.layout import Firmware
from evensong.virtual.interpreters import command_of

TESTS = Path(__file__).parents[1]
SCRIPT = TESTS / "firmware" / "on_device" / "cut_power.py"
SHARES = {"update": 0.4, "settings": 0.15, "keys": 0.15}  # the rest: the spool
PER_PROCESS = 250
LIVES_OF_A_SPOOL = 50
FIRMWARE = Firmware(
    "0.2.0",
    {
        "evensong_firmware/main.mpy": b"signed" * 50,
        "evensong_firmware/app.mpy": bytes(range(256)) * 12,
        "evensong_firmware/boards/virtual.mpy": b"M" * 700,
    },
)


def make_updates(folder: Path) -> None:
    """One that is to be taken, one that is too old, one that somebody else signed."""
    ours, theirs = folder / "ours", folder / "theirs.key"
    bundle.new_key(ours)
    bundle.new_key(theirs)
    old = replace(FIRMWARE, version="0.0.9", files={"evensong_firmware/main.mpy": b"old"})
    evil = replace(FIRMWARE, files={"evensong_firmware/main.mpy": b"evil"})
    (folder / "good").write_bytes(bundle.sign(FIRMWARE, "0.2.0", None, ours))
    (folder / "older").write_bytes(bundle.sign(old, "0.0.1", None, ours))
    (folder / "theirs").write_bytes(bundle.sign(evil, "0.2.0", None, theirs))
    (folder / "update.pub").write_bytes(bundle.public_part(ours))


def cut_files(folder: Path, what: str, cuts: int, seed: int) -> str:
    """What the script says of so many cuts; RuntimeError if something did not hold."""
    paths = f"{TESTS.parent / 'firmware'}:{TESTS / 'firmware'}:.frozen"
    command = [*command_of("micropython"), "-X", "heapsize=16M", str(SCRIPT)]
    done = subprocess.run(
        [*command, str(folder), what, str(cuts), str(seed)],
        env={**os.environ, "MICROPYPATH": paths},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{what}, seed {seed}: {done.stdout[-500:]}{done.stderr[-1500:]}")
    return done.stdout.strip().splitlines()[-1]


def cut_spool(cuts: int, seed: int) -> str:
    rng = random.Random(seed)
    done = kept = 0
    while done < cuts:
        model = Model(6)
        for _ in range(min(LIVES_OF_A_SPOOL, cuts - done)):
            model.nor.budget = rng.randrange(4000)
            model.nor.tear = rng.choice(("front", "back"))
            try:
                play(model, rng.randrange(1 << 30), 200)
            except PowerLoss:
                done += 1
            model.nor.budget = None
            model.boot()  # compares what is there with what was promised
        kept += len(model.safe)
    return f"spool: {done} cuts, {kept} samples that had to be there"


def main() -> None:
    cuts = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    began_s = time.monotonic()
    left = cuts
    with tempfile.TemporaryDirectory() as folder:
        make_updates(Path(folder))
        for what, share in SHARES.items():
            wanted = int(cuts * share)
            left -= wanted
            for at in range(0, wanted, PER_PROCESS):
                print(cut_files(Path(folder), what, min(PER_PROCESS, wanted - at), seed * 1000 + at), flush=True)
    print(cut_spool(left, seed), flush=True)
    took_s = time.monotonic() - began_s
    print(f"{cuts} cuts (seed {seed}): always bootable, nothing lost, nothing unsigned; {took_s:.0f} s")


if __name__ == "__main__":
    main()
