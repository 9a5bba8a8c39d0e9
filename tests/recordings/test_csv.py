from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evensong.errors import InputError
from evensong.recordings import DEMO_NIGHT, container, csv_import
from evensong.recordings.export_csv import export
from evensong.recordings.framing import Source, record, samples_of, write_samples
from evensong.recordings.repairs import Repairs
from evensong.recordings.samples import Samples
from evensong_wire.frames import EventCode, Wear


def table(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def round_trip(samples: Samples, folder: Path) -> tuple[Samples, Samples]:
    """What the recording of these samples holds, and what is left after an export and an import."""
    write_samples(folder / "x.evr", samples, Source("test", "x", None), Repairs())
    recording = container.read(folder / "x.evr")
    written = export(recording, folder / "tables")
    repairs = Repairs()
    paths = {name: folder / "tables" / name if name in written else None for name in ("beats.csv", "heart_rate.csv")}
    back = csv_import.read(
        repairs,
        heart_rate=paths["heart_rate.csv"],
        beats=paths["beats.csv"],
        activity=folder / "tables" / "activity.csv" if "activity.csv" in written else None,
        events=folder / "tables" / "events.csv" if "events.csv" in written else None,
    )
    return samples_of(recording), back


def assert_same(one: Samples, two: Samples) -> None:
    for name in ("heart_ms", "hr_q4", "beat_ms", "ibi_ms", "quality", "epoch", "count_q8"):
        assert getattr(one, name).tolist() == getattr(two, name).tolist(), name
    assert (one.events, one.wear, one.mood) == (two.events, two.wear, two.mood)


def test_the_demo_night_survives_export_and_import_sample_for_sample(tmp_path: Path) -> None:
    assert_same(*round_trip(samples_of(container.read(DEMO_NIGHT)), tmp_path))


@settings(deadline=None)
@given(
    ibis=st.lists(st.tuples(st.integers(250, 2_500), st.integers(0, 100), st.sampled_from([0, 0, 0, 6, 900, 70_000]))),
    rates=st.dictionaries(st.integers(-(10**7), 10**7), st.integers(20 * 16, 250 * 16)),
    counts=st.dictionaries(st.integers(-500, 500), st.integers(0, 1 << 20)),
    start_ms=st.integers(-(10**7), 10**7),
)
def test_any_samples_survive_export_and_import(
    tmp_path_factory: pytest.TempPathFactory,
    ibis: list[tuple[int, int, int]],
    rates: dict[int, int],
    counts: dict[int, int],
    start_ms: int,
) -> None:
    columns = np.array(ibis, np.int64).reshape(-1, 3)
    samples = Samples(
        heart_ms=np.array(sorted(rates), np.int64),
        hr_q4=np.array([rates[t] for t in sorted(rates)], np.int64),
        beat_ms=start_ms + np.cumsum(columns[:, 0] + columns[:, 2]),
        ibi_ms=columns[:, 0],
        quality=columns[:, 1],
        epoch=np.array(sorted(counts), np.int64),
        count_q8=np.array([counts[e] for e in sorted(counts)], np.int64),
    )
    if samples.total:
        assert_same(*round_trip(samples, tmp_path_factory.mktemp("csv")))


def test_events_are_written_in_order_of_time(tmp_path: Path) -> None:
    samples = Samples(
        wear=[(-300_000, Wear.ON), (9_000, Wear.OFF)],
        mood=[(10_000, 7, 3, True)],
        events=[(100_000, EventCode.RISE.value, 0)],
    )
    write_samples(tmp_path / "x.evr", samples, Source("test", "x", None), Repairs())
    export(container.read(tmp_path / "x.evr"), tmp_path)
    rows = (tmp_path / "events.csv").read_text().splitlines()[1:]
    assert [row.split(",")[:2] for row in rows] == [
        ["-300.000", "WEAR_ON"],
        ["9.000", "WEAR_OFF"],
        ["10.000", "MOOD"],
        ["100.000", "RISE"],
    ]


def test_headers_qualities_and_negative_times_are_taken(tmp_path: Path) -> None:
    plain = table(tmp_path, "plain.csv", "-0.500,800\n0.3,800\n")
    graded = table(tmp_path, "graded.csv", "t_s,ibi_ms,quality\r\n-0.5,800,30\r\n0.3,800,100\r\n")
    assert csv_import.read(Repairs(), beats=plain).quality.tolist() == [100, 100]
    samples = csv_import.read(Repairs(), beats=graded)
    assert samples.beat_ms.tolist() == [-500, 300]
    assert samples.quality.tolist() == [30, 100]
    header, _ = record(samples, Source("csv", "graded", None))
    assert header.source == "csv"


def test_rounded_times_do_not_tear_beats_apart(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    exact = np.cumsum(random.normal(0.9, 0.05, 200))
    rows = "".join(f"{t:.3f},{1000 * ibi:.0f}\n" for t, ibi in zip(exact[1:], np.diff(exact), strict=True))
    samples = csv_import.read(Repairs(), beats=table(tmp_path, "b.csv", rows))
    assert (np.diff(samples.beat_ms) != samples.ibi_ms[1:]).sum() < 20
    assert np.abs(samples.beat_ms - 1000 * exact[1:]).max() < 10


def test_beats_that_overlap_are_left_out_and_said(tmp_path: Path) -> None:
    rows = "".join(f"{0.5 * i:.3f},2000\n" for i in range(100))
    repairs = Repairs()
    samples = csv_import.read(repairs, beats=table(tmp_path, "b.csv", rows))
    assert (np.diff(samples.beat_ms) >= samples.ibi_ms[1:]).all()
    assert samples.beat_ms[-1] <= 49_500 + 1_010
    assert "in the one before" in repairs[0]


def test_raw_acceleration_counts_like_the_firmware(tmp_path: Path) -> None:
    t = np.arange(0, 61, 0.02)
    rows = "".join(f"{at:.3f},0,0,{1 + 0.3 * np.sin(30 * at) * (at >= 30):.5f}\n" for at in t)
    samples = csv_import.read(Repairs(), accel=table(tmp_path, "a.csv", "t_s,x_g,y_g,z_g\n" + rows))
    assert samples.epoch.tolist() == [0, 1]
    assert samples.count_q8[0] == 0 < samples.count_q8[1]


def test_events_that_no_recording_has_are_left_out_and_said(tmp_path: Path) -> None:
    beats = table(tmp_path, "b.csv", "1,800\n")
    rows = (
        "10,RISE,0",
        "-1.5,LIGHTS_OFF,in the kitchen",
        "3,PARTY,1",
        "4,MOOD,fine",
        "0,TIME_ZERO,0",
        "5,256,0",
        "6,POWER,9999999999",
        "7,200,-5",
    )
    events = table(tmp_path, "e.csv", "t_s,event,value\n" + "\n".join(rows))
    repairs = Repairs()
    samples = csv_import.read(repairs, beats=beats, events=events)
    assert samples.events == [
        (-1_500, EventCode.LIGHTS_OFF.value, 0),
        (7_000, 200, -5),
        (10_000, EventCode.RISE.value, 0),
    ]
    assert samples.mood == []
    assert repairs == ["e.csv, line 4 and 4 more: left out, as no time with an event that a recording has."]


def test_what_was_worn_and_felt_comes_back(tmp_path: Path) -> None:
    samples = Samples(
        wear=[(-300_000, Wear.ON), (9_000, Wear.OFF), (9_500, Wear.CHARGING)],
        mood=[(10_000, 7, 3, True), (20_000, 1, 9, False)],
        events=[(0, EventCode.LIGHTS_OFF.value, 0), (1_000, EventCode.SENSOR_FAULT.value, 0x1234), (2_000, 77, -3)],
    )
    assert_same(*round_trip(samples, tmp_path))


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_columns_are_found_by_name_among_others_in_any_order(tmp_path: Path, line_end: str) -> None:
    rows = ("note,IBI_MS,quality,t_s", '"at rest","800","30",1', "late,810,100,1.81")
    beats = table(tmp_path, "b.csv", b"\xef\xbb\xbf" + line_end.join(rows).encode())
    samples = csv_import.read(Repairs(), beats=beats)
    assert samples.beat_ms.tolist() == [1_000, 1_810]
    assert samples.ibi_ms.tolist() == [800, 810]
    assert samples.quality.tolist() == [30, 100]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("time,rr\n1,800\n", "no column 't_s': it has time, rr, and should have t_s,ibi_ms"),
        ("t_s;ibi_ms\n1,0;800\n", "has semicolons between its columns"),
        ("1,5;800,5\n", "has semicolons between its columns"),
        ("t_s\tibi_ms\n1\t800\n", "has tabs between its columns"),
        ("t_s,ibi_ms\n1,800\n".encode("utf-16"), "is text in UTF-16"),
        (bytes(range(256)), "is no text"),
        ("", "is empty"),
        (DEMO_NIGHT.read_bytes(), "is a recording, no table"),
        ("7\n", "has 1 column"),
        ("t_s,ibi_ms\n2026-01-01,800\n", r"line 2 is '2026-01-01,800'"),
    ],
)
def test_what_is_no_such_table_is_called_what_it_is(tmp_path: Path, content: str | bytes, says: str) -> None:
    path = table(tmp_path, "x.csv", content)
    with pytest.raises(InputError, match=says):
        csv_import.read(Repairs(), beats=path)


def test_columns_that_the_firmware_does_not_count_are_no_activity(tmp_path: Path) -> None:
    activity = table(tmp_path, "a.csv", "epoch,t_s,activity_count_smooth\n0,0,3.5\n30,900,4\n")
    with pytest.raises(InputError, match="no column 'count'"):
        csv_import.read(Repairs(), activity=activity)


def test_naming_nothing_or_too_much_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="name one of"):
        csv_import.read(Repairs())
    with pytest.raises(InputError, match="name one of them"):
        csv_import.read(Repairs(), activity=tmp_path / "a", accel=tmp_path / "b")
    with pytest.raises(InputError, match="There is no file"):
        csv_import.read(Repairs(), beats=tmp_path / "none.csv")
    with pytest.raises(InputError, match="is a folder"):
        csv_import.read(Repairs(), beats=tmp_path)


NOISE = st.one_of(
    st.binary(max_size=200),
    st.lists(
        st.sampled_from(
            [b"1", b"-2.5", b"60", b"800", b"nan", b"1e300", b",", b"\n", b"\r", b" ", b"\0", b"\xff", b'"']
        )
    ).map(b"".join),
)


@settings(deadline=None)
@given(content=NOISE, kind=st.sampled_from(["heart_rate", "beats", "activity", "accel", "events"]))
def test_garbage_gives_samples_or_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, kind: str
) -> None:
    folder = tmp_path_factory.mktemp("noise")
    tables = {kind: table(folder, "x.csv", content)}
    if kind == "events":
        tables["beats"] = table(folder, "b.csv", "1,800\n")
    with suppress(InputError):
        samples = csv_import.read(Repairs(), **tables)
        write_samples(folder / "x.evr", samples, Source("csv", "x", None), Repairs())
        assert container.read(folder / "x.evr").damage == ()


def test_a_byte_order_mark_costs_no_row(tmp_path: Path) -> None:
    beats = table(tmp_path, "rr.csv", b"\xef\xbb\xbf1,800\n2,810\n")
    assert csv_import.read(Repairs(), beats=beats).ibi_ms.tolist() == [800, 810]


@pytest.mark.parametrize(
    ("kind", "rows"),
    [
        ("beats", "t_s,ibi_ms\n1,800\n"),
        ("heart_rate", "t_s,bpm\n1,60\n"),
        ("activity", "count,t_s\n5,30\n"),
        ("events", "t_s,event,value\n1,MOOD,valence 7 arousal 3\n"),
    ],
)
def test_a_table_may_come_through_a_pipe(tmp_path: Path, kind: str, rows: str) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writing = threading.Thread(target=pipe.write_text, args=(rows,))
    writing.start()
    samples = csv_import.read(Repairs(), **{kind: pipe})
    writing.join()
    assert samples.total == 1
