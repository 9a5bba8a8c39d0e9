from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evensong.errors import InputError
from evensong.recordings import mmash as importer
from evensong.recordings.repairs import Repairs

MIDNIGHT_MS = 86_400_000


def test_beats_keep_their_intervals_and_stamps_place_them(mmash: Path) -> None:
    repairs = Repairs()
    samples = importer.read(mmash, "3", repairs)
    ibis = [800 + 50 * (i % 5) for i in range(60)]
    assert samples.ibi_ms.tolist() == ibis[:40] + ibis[41:]
    true_ms = (
        np.cumsum(np.array([*ibis[:40], 30_500, *ibis[41:]]) + 7_000 * (np.arange(60) == 20)) + MIDNIGHT_MS - 20_000
    )
    assert np.abs(samples.beat_ms - np.delete(true_ms, 40)).max() <= 100
    gaps = np.flatnonzero(np.diff(samples.beat_ms) != samples.ibi_ms[1:]) + 1
    assert gaps.tolist() == [20, 40]
    assert repairs == ["RR.csv: 1 interval outside 250 to 2500 ms left out; a pause stands in their place."]


def test_counts_are_means_of_the_seconds_that_are_there(mmash: Path) -> None:
    path = mmash / "user_3" / "Actigraph.csv"
    rows = path.read_text().splitlines(keepends=True)
    path.write_text("".join(rows[:31] + rows[38:61] + rows[82:]))  # 7 seconds of one epoch lost, all but 9 of another
    samples = importer.read(mmash, "user_3", Repairs())
    assert samples.epoch.tolist() == [2_879, 2_880]
    assert samples.count_q8.tolist() == [5 * 30 * 256] * 2


def test_bed_times_and_posture_do_not_get_in(mmash: Path) -> None:
    samples = importer.read(mmash, "3", Repairs())
    assert not samples.events
    assert not samples.wear


def test_the_published_folder_and_both_ways_to_name_a_user_are_taken(mmash: Path) -> None:
    (mmash / "DataPaper").mkdir()
    (mmash / "user_3").rename(mmash / "DataPaper" / "user_3")
    for user in ("3", "user_3"):
        assert len(importer.read(mmash, user, Repairs()).beat_ms) == 59
    with pytest.raises(InputError, match="holds no user_4: there are user_3"):
        importer.read(mmash, "4", Repairs())


def test_midnight_that_nobody_counted_is_counted(mmash: Path) -> None:
    clean = importer.read(mmash, "3", Repairs())
    path = mmash / "user_3" / "RR.csv"
    path.write_text(path.read_text().replace(",2,", ",1,"))
    repairs = Repairs()
    assert np.array_equal(importer.read(mmash, "3", repairs).beat_ms, clean.beat_ms)
    assert any("midnight passed without a new day" in sentence for sentence in repairs)


def test_rows_out_of_order_are_sorted_and_said(mmash: Path) -> None:
    path = mmash / "user_3" / "Actigraph.csv"
    clean = importer.read(mmash, "3", Repairs())
    names, *rows = path.read_text().splitlines(keepends=True)
    path.write_text(names + "".join(rows[45:] + rows[:45]))
    repairs = Repairs()
    samples = importer.read(mmash, "3", repairs)
    assert np.array_equal(samples.count_q8, clean.count_q8)
    assert any("Actigraph.csv, line 47: time ran backwards; sorted" in sentence for sentence in repairs)


def test_rows_that_say_nothing_possible_are_left_out_and_said(mmash: Path) -> None:
    path = mmash / "user_3" / "RR.csv"
    path.write_text(
        path.read_text() + "60,nan,2,00:01:00\n61,0.8,2,25:00:00\n62,0.8,x,00:01:00\n63\n64,-0.8,2,00:01:02\n"
    )
    repairs = Repairs()
    assert len(importer.read(mmash, "3", repairs).beat_ms) == 59
    assert any("RR.csv, line 62 and 4 more: left out" in sentence for sentence in repairs)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "no column 'ibi_s'"),
        ("a,b\n1,2\n", "no column 'ibi_s'"),
        (",ibi_s,day,time\n", "holds no row"),
        (",ibi_s,day,time\n1,60.5,1,10:00:00\n", "holds no interval"),
        (',ibi_s,day,time\n"' + "x" * 200_000 + "\n", "not a table"),
    ],
)
def test_a_file_without_beats_is_refused(mmash: Path, content: str, complaint: str) -> None:
    (mmash / "user_3" / "RR.csv").write_text(content)
    with pytest.raises(InputError, match=complaint):
        importer.read(mmash, "3", Repairs())


@pytest.mark.needs_data
def test_shared_users_lose_no_more_than_their_artefacts_and_time_never_runs_backwards(data_dir: Path) -> None:
    for user, refused in {"1": 7, "2": 278, "7": 2 + 2}.items():
        repairs = Repairs()
        samples = importer.read(data_dir / "mmash", user, repairs)
        rows = (data_dir / "mmash" / f"user_{user}" / "RR.csv").read_bytes().count(b"\n") - 1
        assert len(samples.beat_ms) == rows - refused
        assert (np.diff(samples.beat_ms) >= samples.ibi_ms[1:]).all()
        assert 30_000_000 < samples.beat_ms[0] < samples.beat_ms[-1] < 130_000_000
