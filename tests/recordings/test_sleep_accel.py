from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evensong.errors import InputError
from evensong.recordings import sleep_accel as importer
from evensong.recordings.framing import Source, record
from evensong.recordings.labels import aasm_labels, labels, subjects
from evensong.recordings.repairs import Repairs
from evensong.recordings.samples import Samples
from evensong_wire.frames import EventCode

LAST_LABEL_S = 39 * 30


def read(folder: Path, repairs: Repairs | None = None) -> Samples:
    return importer.read(folder, "4711", Repairs() if repairs is None else repairs)


def test_readings_and_counts_keep_their_own_times(sleep_accel: Path) -> None:
    repairs = Repairs()
    samples = read(sleep_accel, repairs)
    assert repairs == []
    assert samples.heart_ms[:3].tolist() == [-299_750, -294_750, -289_750]
    assert samples.hr_q4[:3].tolist() == [60 * 16, 61 * 16, 62 * 16]
    assert samples.epoch.tolist() == list(range(2, 40))
    assert samples.count_q8.tolist() == [128 * i for i in range(2, 40)]


def test_the_psg_extent_is_lights_off_and_rising_and_nothing_else_of_the_labels_gets_in(sleep_accel: Path) -> None:
    before = record(read(sleep_accel), Source("sleep-accel", "4711", None))
    path = sleep_accel / "labels" / "4711_labeled_sleep.txt"
    path.write_text("".join(f"{30 * i} {(3 * i) % 6}\n" for i in range(40)))
    assert record(read(sleep_accel), Source("sleep-accel", "4711", None)) == before
    assert read(sleep_accel).events == [
        (0, EventCode.LIGHTS_OFF.value, 0),
        ((LAST_LABEL_S + 30) * 1000, EventCode.RISE.value, 0),
    ]
    path.unlink()
    assert read(sleep_accel).events == [(0, EventCode.LIGHTS_OFF.value, 0)]


def test_published_motion_becomes_counts_where_it_moved(published: Path) -> None:
    samples = read(published)
    counts = dict(zip(samples.epoch.tolist(), samples.count_q8.tolist(), strict=True))
    assert set(counts) == set(range(-1, 20))
    assert counts[10] > 100 * 256
    assert all(counts[epoch] == 0 for epoch in counts if epoch not in (10, 11))  # the filter rings into the next


def test_a_gap_in_motion_is_missing_epochs_and_no_movement(published: Path) -> None:
    path = published / "motion" / "4711_acceleration.txt"
    rows = path.read_text().splitlines(keepends=True)
    path.write_text("".join(row for row in rows if not 100 <= float(row.split()[0]) < 125))
    samples = read(published)
    assert not {3, 4} & set(samples.epoch.tolist())
    assert samples.count_q8[samples.epoch == 5].tolist() == [0]


def test_a_file_written_three_times_over_is_read_once(sleep_accel: Path) -> None:
    clean = read(sleep_accel)
    path = sleep_accel / "heart_rate" / "4711_heartrate.txt"
    path.write_text(path.read_text() * 3)
    repairs = Repairs()
    samples = read(sleep_accel, repairs)
    assert np.array_equal(samples.heart_ms, clean.heart_ms)
    assert np.array_equal(samples.hr_q4, clean.hr_q4)
    assert len(repairs) == 1
    assert "4711_heartrate.txt: times run backwards at lines 321, 641" in repairs[0]
    assert "640 rows" in repairs[0]


def test_rows_that_no_heart_made_are_left_out_and_said(sleep_accel: Path) -> None:
    path = sleep_accel / "heart_rate" / "4711_heartrate.txt"
    good = "".join(f"{5 * i},60\n" for i in range(10))
    path.write_text(good + "50,nan\n55,-60\n60,0\n65,900\nx,y\n70\n75,inf\n80,61\n1e300,60\n")
    repairs = Repairs()
    samples = read(sleep_accel, repairs)
    assert len(samples.heart_ms) == 11
    assert any("line 11 and 4 more: left out, as not finite numbers" in sentence for sentence in repairs)
    assert any("line 12 and 2 more: left out, as not 20 to 250 beats a minute" in sentence for sentence in repairs)


@pytest.mark.parametrize("content", ["", "\n\n", "garbage\n", "1,nan\n", "\0\0\0", "1 2\n3 4\n", "1,1000\n2,0\n"])
def test_a_file_without_a_reading_is_refused_by_name(sleep_accel: Path, content: str) -> None:
    (sleep_accel / "heart_rate" / "4711_heartrate.txt").write_text(content)
    with pytest.raises(InputError, match=r"4711_heartrate\.txt"):
        read(sleep_accel)


def test_counts_off_the_30_s_grid_are_refused(sleep_accel: Path) -> None:
    (sleep_accel / "activity" / "4711_activity.csv").write_text("epoch,t_s,activity_count_smooth\n0,0,1\n1,31,1\n")
    with pytest.raises(InputError, match="line 3: an epoch starts at a multiple of 30 s"):
        read(sleep_accel)


def test_wrong_folder_and_unknown_subject_say_what_is_there(sleep_accel: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no subject '12': there are 4711"):
        importer.read(sleep_accel, "12", Repairs())
    with pytest.raises(InputError, match="name the folder that holds heart_rate/"):
        importer.read(tmp_path, "4711", Repairs())
    (sleep_accel / "activity" / "4711_activity.csv").unlink()
    with pytest.raises(InputError, match="no movement of 4711"):
        read(sleep_accel)


def test_labels_are_named_and_unscored_epochs_left_out(sleep_accel: Path) -> None:
    assert subjects(sleep_accel) == ["4711"]
    t_s, stage = labels(sleep_accel, "4711")
    assert t_s.tolist() == list(range(150, 1200, 30))
    assert stage[::5].tolist() == ["WAKE", "LIGHT", "LIGHT", "DEEP", "DEEP", "REM", "LIGHT"]
    assert aasm_labels(sleep_accel, "4711")[1][::5].tolist() == ["W", "N1", "N2", "N3", "N3", "R", "N2"]
    with pytest.raises(InputError, match="no labels of 12"):
        labels(sleep_accel, "12")


@pytest.mark.parametrize("content", ["", "0 0\n31 1\n", "0 0\nx 1\n", "0 0.5\n"])
def test_labels_that_make_no_sense_are_refused_not_repaired(sleep_accel: Path, content: str) -> None:
    (sleep_accel / "labels" / "4711_labeled_sleep.txt").write_text(content)
    with pytest.raises(InputError, match="4711_labeled_sleep"):
        labels(sleep_accel, "4711")


@pytest.mark.needs_data
def test_every_shared_night_imports_and_two_of_them_are_three_copies_in_one_file(data_dir: Path) -> None:
    folder = data_dir / "sleep-accel"
    mended = {}
    for subject in subjects(folder):
        repairs = Repairs()
        samples = importer.read(folder, subject, repairs)
        assert len(samples.heart_ms) > 1_000
        assert (np.diff(samples.heart_ms) > 0).all()
        if repairs:
            mended[subject] = list(repairs)
    assert set(mended) == {"1066528", "9961348"}
    assert "lines 5226, 10451" in mended["1066528"][0]
    assert "10450 rows" in mended["1066528"][0]
