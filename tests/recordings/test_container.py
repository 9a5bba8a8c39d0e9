from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evensong.errors import InputError
from evensong.recordings import DEMO_NIGHT, container
from evensong.recordings.framing import Source, record, samples_of, write_samples
from evensong.recordings.repairs import Repairs
from evensong.recordings.samples import Samples
from evensong_wire.frames import EventCode, Wear
from evensong_wire.models import Status, samples_in

SOURCE = Source("test", "one", "somebody")


def some_samples() -> Samples:
    ibi = np.array([800, 900, 850, 1000, 700] * 60)
    beat = -5_000 + np.cumsum(ibi)
    beat[100:] += 12_345  # a pause
    return Samples(
        heart_ms=np.array([-100, 4_900, 900_000]),
        hr_q4=np.array([960, 975, 1000]),
        beat_ms=beat,
        ibi_ms=ibi,
        quality=np.array([100] * 200 + [37] * 100),
        epoch=np.array([-1, 0, 1, 5, 40]),
        count_q8=np.array([0, 5, 256, 100_000, 1]),
        wear=[(-20_000, Wear.ON)],
        mood=[(1_000, 7, 3, True)],
        events=[(0, EventCode.LIGHTS_OFF.value, 0), (1_200_000, EventCode.RISE.value, 0)],
    )


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "night.evr"
    write_samples(path, some_samples(), SOURCE, Repairs(["Something was mended."]))
    return path


def same(one: Samples, two: Samples) -> bool:
    columns = ("heart_ms", "hr_q4", "beat_ms", "ibi_ms", "quality", "epoch", "count_q8")
    equal = all(np.array_equal(getattr(one, name), getattr(two, name)) for name in columns)
    return equal and (one.wear, one.mood, one.events) == (two.wear, two.mood, two.events)


def test_what_was_measured_comes_back_in_recording_time(recording: Path) -> None:
    found = container.read(recording)
    assert found.damage == ()
    assert same(samples_of(found), some_samples())
    assert found.header.repairs == ("Something was mended.",)
    assert (found.header.source, found.header.source_id, found.header.synthetic) == ("test", "one", False)


def test_device_time_is_recording_time_plus_whole_epochs_and_never_negative(recording: Path) -> None:
    frames = container.read(recording).frames
    zero = next(frame for frame in frames if getattr(frame.body, "code", None) == EventCode.TIME_ZERO)
    assert zero.header.time_ms == 30_000
    assert min(frame.header.time_ms for frame in frames) == 0


def test_frames_are_numbered_without_holes_from_boot_to_a_status_that_counts_every_sample(recording: Path) -> None:
    frames = container.read(recording).frames
    assert [frame.header.seq for frame in frames] == list(range(len(frames)))
    last = frames[-1].body
    assert isinstance(last, Status)
    assert last.sampled == last.stored == sum(samples_in(frame.body) for frame in frames) == some_samples().total


def test_no_frame_covers_more_than_ten_minutes() -> None:
    beats = np.cumsum(np.full(6_000, 1_000))
    _, raws = record(Samples(beat_ms=beats, ibi_ms=np.diff(beats, prepend=0), quality=np.full(6_000, 100)), SOURCE)
    assert len(raws) >= 3 + 10


def test_the_same_samples_give_the_same_bytes_and_others_another_incarnation() -> None:
    header, raws = record(some_samples(), SOURCE)
    assert (header, raws) == record(some_samples(), SOURCE)
    changed = some_samples()
    changed.ibi_ms[7] += 1
    assert record(changed, SOURCE)[0].boots[0].incarnation != header.boots[0].incarnation
    assert record(changed, SOURCE)[0].device_id == header.device_id


def test_a_file_cut_anywhere_yields_every_whole_frame(recording: Path) -> None:
    whole = recording.read_bytes()
    begin = whole.index(b"\n") + 1
    frames = container.read(recording).frames
    ends, at = [], begin
    for frame in frames:
        at += len(frame.raw) + 3  # COBS adds one byte, two zeros stand around it
        ends.append(at)
    assert at == len(whole)
    for cut in range(begin, len(whole), 7):
        recording.write_bytes(whole[:cut])
        found = container.read(recording)
        expected = sum(end - 1 <= cut for end in ends)
        # The closing zero of the last frame may be missing: then nothing says that it is whole.
        assert len(found.frames) in (expected, expected - 1)
        assert found.frames == frames[: len(found.frames)]
        assert found.damage or whole[cut - 1] in (0, ord("\n"))


def test_damage_in_the_middle_is_counted_and_the_rest_is_read(recording: Path) -> None:
    whole = bytearray(recording.read_bytes())
    frames = container.read(recording).frames
    middle = whole.index(b"\n") + 1 + sum(len(frame.raw) + 3 for frame in frames[:4]) + 20
    whole[middle] ^= 0x55
    recording.write_bytes(whole)
    found = container.read(recording)
    assert found.frames == frames[:4] + frames[5:]
    assert any("1 frame damaged" in sentence for sentence in found.damage)
    assert any("first is number 4" in sentence for sentence in found.damage)


@settings(deadline=None)
@given(noise=st.binary(max_size=400), at=st.integers(0, 2_000))
def test_nothing_but_one_sentence_comes_of_noise(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int
) -> None:
    whole = _whole()
    path = tmp_path_factory.mktemp("noise") / "x.evr"
    path.write_bytes(whole[:at] + noise + whole[at:])
    with suppress(InputError):
        samples_of(container.read(path))


def _whole() -> bytes:
    return DEMO_NIGHT.read_bytes()[:3_000]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]\n",
        b"null\n",
        b'{"format": "evensong-recording"}\n',
        b'{"format": "evensong-recording", "version": 1, "device_id": "00"}\n',
        b"\xff\xfe\n",
        b"[" * 100_000 + b"\n",
    ],
)
def test_a_first_line_that_is_no_recordings_is_refused_in_a_sentence(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "x.evr"
    path.write_bytes(line)
    with pytest.raises(InputError, match=r"is damaged|is no recording|is empty"):
        container.read(path)


@pytest.mark.parametrize("starts_ms", [1 << 63, -(1 << 63), 10**30])
def test_a_boot_beyond_all_time_is_refused(recording: Path, starts_ms: int) -> None:
    line, _, rest = recording.read_bytes().partition(b"\n")
    fields = json.loads(line)
    fields["boots"][0]["starts_ms"] = starts_ms
    recording.write_bytes(json.dumps(fields).encode() + b"\n" + rest)
    with pytest.raises(InputError, match="first line is damaged"):
        container.read(recording)


def test_a_truncated_first_line_is_refused(recording: Path) -> None:
    recording.write_bytes(recording.read_bytes().split(b"\n")[0])
    with pytest.raises(InputError, match="first line is damaged"):
        container.read(recording)


def test_a_newer_version_asks_for_a_newer_evensong(recording: Path) -> None:
    line, _, rest = recording.read_bytes().partition(b"\n")
    fields = json.loads(line) | {"version": 2}
    recording.write_bytes(json.dumps(fields).encode() + b"\n" + rest)
    with pytest.raises(InputError, match="version 2"):
        container.read(recording)


def test_a_field_that_this_version_does_not_know_is_passed_over(recording: Path) -> None:
    line, _, rest = recording.read_bytes().partition(b"\n")
    recording.write_bytes(json.dumps(json.loads(line) | {"mood": "good"}).encode() + b"\n" + rest)
    assert container.read(recording).damage == ()


def test_an_interrupted_write_leaves_what_was_there(recording: Path) -> None:
    before = recording.read_bytes()
    found = container.read(recording)

    def interrupted() -> Iterator[bytes]:
        yield found.frames[0].raw
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        container.write(recording, found.header, interrupted())
    assert recording.read_bytes() == before
    assert [path.name for path in recording.parent.iterdir()] == ["night.evr"]


def test_what_is_no_recording_is_not_overwritten(recording: Path) -> None:
    header = container.read(recording).header
    table = recording.with_name("rr.csv")
    table.write_text("1,800\n2,810\n")
    with pytest.raises(InputError, match="left alone"):
        container.write(table, header, [])
    assert table.read_text() == "1,800\n2,810\n"
    container.write(recording, header, [])


def test_a_device_is_written_and_stays(recording: Path) -> None:
    header = container.read(recording).header
    container.write(Path(os.devnull), header, [])
    assert Path(os.devnull).is_char_device()


@pytest.mark.parametrize(("source", "goes"), [("csv", True), ("synthetic", True), ("hub", False), ("their-lab", False)])
def test_only_what_can_be_made_again_gives_way_to_another_recording(recording: Path, source: str, goes: bool) -> None:
    header = container.read(recording).header
    container.write(recording, replace(header, source=source), [])
    container.write(recording, replace(header, source=source), [])  # the same again
    before = recording.read_bytes()
    other = replace(header, source="csv", device_id=b"another!")
    if goes:
        container.write(recording, other, [])
        assert container.read(recording).header == other
    else:
        with pytest.raises(InputError, match="name another file"):
            container.write(recording, other, [])
        assert recording.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"t_s,ibi_ms\n1,800\n", "is a table"),
        (b'{"epochs": 1, "of": 2}\n', "is no recording"),
        (bytes(range(256)), "is no recording"),
        (b'{"format": "evensong-recording", "version"', "first line is damaged"),
    ],
)
def test_what_is_no_recording_is_called_what_it_is(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "x.evr"
    path.write_bytes(content)
    with pytest.raises(InputError, match=says):
        container.read(path)


def test_writing_where_nothing_can_be_written_is_said(recording: Path) -> None:
    header = container.read(recording).header
    with pytest.raises(InputError, match="cannot be written"):
        container.write(recording / "below" / "a.evr", header, [])
    with pytest.raises(InputError, match="no recording"):
        container.read(recording.with_name("none.evr"))
    with pytest.raises(InputError, match="is a folder"):
        container.read(recording.parent)


def test_a_frame_that_is_there_twice_counts_once(recording: Path) -> None:
    found = container.read(recording)
    assert same(samples_of(replace(found, frames=found.frames * 2)), some_samples())


def test_times_that_no_boot_can_hold_are_refused() -> None:
    with pytest.raises(InputError, match="count from 0"):
        record(Samples(heart_ms=np.array([1_700_000_000_000]), hr_q4=np.array([960])), SOURCE)
    with pytest.raises(InputError, match="no samples"):
        record(Samples(), SOURCE)
