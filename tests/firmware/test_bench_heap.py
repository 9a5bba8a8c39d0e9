"""What `evensong bench firmware` makes of its scene: the least heap, or a sentence when none is enough."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from evensong.cli.bench_heap import bisect, scene_waveforms, what_fails, what_is_missing
from evensong.flashing.firmware_image import build, build_shim
from evensong.virtual.signal_night import Soldered
from evensong.virtual.wearable import FIRMWARE, SHIM
from evensong_wire.models import Body, Ibi, Log, Status

STATUS = Status(3900, 66, 3350, 447, None, 10, 10, 0)
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


@pytest.mark.needs_micropython_32
def test_the_scene_runs_in_112_kb_of_32_bits(tmp_path: Path) -> None:
    build(FIRMWARE, tmp_path / "image" / "firmware")
    build_shim(SHIM, tmp_path / "image" / "shim")
    soldered = Soldered(scene_waveforms(), image=tmp_path / "image")
    assert not what_fails(112, soldered, tmp_path / "wearable", "micropython-32")
