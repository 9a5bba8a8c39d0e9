"""What `evensong bench firmware` makes of its scene: the least heap, or a sentence when none is enough."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import pytest
from rich.console import Console

from evensong.cli.bench_heap import bisect, in_place, scene_waveforms, what_fails, what_is_missing
from evensong.flashing.firmware_image import build, build_shim
from evensong.virtual.interpreters import command_of
from evensong.virtual.signal_night import Soldered
from evensong.virtual.wearable import FIRMWARE, SHIM
from evensong_wire.models import Body, Ibi, Log, Status

STATUS = Status(3900, 66, 3350, 447, None, 10, 10, 0)
MEASURE = """import gc
gc.collect()
before = gc.mem_alloc()
import evensong_firmware.sense.tempo
gc.collect()
print(gc.mem_alloc() - before)
"""
BEATS = Ibi((900,) * 9, (900,) * 9, (100,) * 9)


def test_the_least_number_is_found_with_both_neighbours_tried() -> None:
    tried: dict[int, str] = {}

    def failing(kb: int) -> str:
        tried[kb] = "too little" if kb < 165 else ""
        return tried[kb]

    said = io.StringIO()
    assert bisect(96, 256, failing, Console(file=said)) == 165
    assert tried[164]
    assert tried[256] == ""
    assert not said.getvalue()


def test_that_no_heap_suffices_is_a_sentence_and_no_figure() -> None:
    said = io.StringIO()
    assert bisect(96, 256, lambda _: "of 10 beats 0 arrived.", Console(file=said, width=200)) is None
    assert said.getvalue() == "No heap of up to 256 KB suffices, so there is no least one: of 10 beats 0 arrived.\n"


@pytest.mark.parametrize(
    ("bodies", "sentence"),
    [
        ([BEATS, STATUS], ""),
        ([BEATS], "no status came after the flush."),
        ([BEATS, STATUS, Log(3, "sensing: MemoryError")], 'the firmware reports "sensing: MemoryError".'),
        ([STATUS], "of 10 beats 0 arrived."),
        ([BEATS, Status(3900, 66, 3350, 447, None, 10, 7, 3)], "3 samples were dropped."),
    ],
)
def test_what_a_scene_lacks_is_named(bodies: list[Body], sentence: str) -> None:
    assert what_is_missing(bodies, 10) == sentence


@pytest.fixture(scope="module")
def soldered(tmp_path_factory: pytest.TempPathFactory) -> Soldered:
    image = tmp_path_factory.mktemp("image")
    build(FIRMWARE, image / "firmware")
    build_shim(SHIM, image / "shim")
    return Soldered(scene_waveforms(), image=image)


@pytest.mark.needs_micropython_32
def test_the_scene_runs_in_112_kb_of_32_bits(soldered: Soldered, tmp_path: Path) -> None:
    assert not what_fails(112, soldered, tmp_path / "wearable", "micropython-32")


@pytest.mark.needs_micropython_32
def test_in_place_is_not_in_the_heap(soldered: Soldered, tmp_path: Path) -> None:
    assert soldered.image
    in_rom = in_place(soldered.image, tmp_path / "rom") + MEASURE
    in_heap = f"import sys\nsys.path[:] = [{str(soldered.image)!r} + '/firmware']\n{MEASURE}"
    sizes = [heap_bytes(tmp_path / "measure.py", script) for script in (in_rom, in_heap)]
    assert 0 < sizes[0] < sizes[1] - 700, sizes


def heap_bytes(path: Path, script: str) -> int:
    path.write_text(script)
    done = subprocess.run([*command_of("micropython-32"), path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)
