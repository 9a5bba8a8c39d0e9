from __future__ import annotations

import warnings
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from evensong.errors import InputError
from evensong.recordings import slpdb
from evensong.recordings.labels import labels, records
from evensong.recordings.repairs import Repairs

FS = 250
BEATS = (19, 215, 430, 650, 865, 1080, 1295, 1500, 1720, 1935, 2150)  # samples
SYMBOLS = "NNNNVNNQNNN"


@pytest.fixture
def text(tmp_path: Path) -> Path:
    rows = [f"    0:00.000\t[0]\t{BEATS[0] / FS:.3f}\tN\t    0:00.076"]
    for before, sample, kind, next_kind in zip(BEATS, BEATS[1:], SYMBOLS, SYMBOLS[1:], strict=False):
        begin, end = before / FS, sample / FS
        rows.append(f"    0:{begin:06.3f}\t{kind}\t{end - begin:.3f}\t{next_kind}\t    0:{end:06.3f}")
    (tmp_path / "slp99.rr").write_text("\n".join(rows) + "\n")
    (tmp_path / "slp99.an").write_text(
        "Elapsed time  Sample #  Type  Sub Chan  Num\tAux\n"
        '    0:00.004        1     "    0    0    0\tW\n'
        '    0:30.000     7500     "    0    0    0\t2 LA LA\n'
        '    1:00.000    15000     "    0    0    0\tMT\n'
        '    1:30.000    22500     "    0    0    0\t4 X\n'
        ' 1:02:00.000   930000     "    0    0    0\tR\n'
    )
    return tmp_path


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """Written by wfdb itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # wfdb uses what newer pandas deprecates
        import wfdb

        return _published(tmp_path, wfdb)


def _published(tmp_path: Path, wfdb: ModuleType) -> Path:
    folder = tmp_path / "wfdb"
    folder.mkdir()
    (folder / "slp99.hea").write_text(f"slp99 1 {FS} 1000000 23:07:00 19/1/1989\nslp99.dat 212 200 12 0 0 0 0 ECG\n")
    samples, symbols = np.array([*BEATS, 2200]), [*SYMBOLS, "~"]
    wfdb.wrann("slp99", "ecg", samples, symbols, fs=FS, write_dir=str(folder))
    wfdb.wrann(
        "slp99",
        "st",
        np.array([1, 7_500, 15_000, 22_500, 930_000]),
        ['"'] * 5,
        aux_note=["W", "2 LA LA", "MT", "4 X", "R"],
        fs=FS,
        write_dir=str(folder),
    )
    return folder


def test_both_layouts_give_the_same_beats(text: Path, published: Path) -> None:
    one, two = (slpdb.read(folder, "slp99", Repairs()) for folder in (text, published))
    assert one.beat_ms.tolist() == two.beat_ms.tolist() == [4 * sample for sample in BEATS[1:]]
    assert one.ibi_ms.tolist() == two.ibi_ms.tolist() == np.diff([4 * sample for sample in BEATS]).tolist()
    assert one.quality.tolist() == two.quality.tolist()


def test_an_interval_beside_a_beat_that_is_not_normal_is_not_vouched_for(text: Path) -> None:
    quality = slpdb.read(text, "slp99", Repairs()).quality.tolist()
    assert [i for i, grade in enumerate(quality) if grade < 50] == [3, 4, 6, 7]


def test_both_layouts_give_the_same_stages_by_name(text: Path, published: Path) -> None:
    for folder in (text, published):
        t_s, stage = labels(folder, "slp99")
        assert t_s.tolist() == [0, 30, 90, 3_720]
        assert stage.tolist() == ["WAKE", "LIGHT", "DEEP", "REM"]
    assert records(text) == ["slp99"]


def test_a_pause_in_the_beats_is_a_gap_and_said(text: Path) -> None:
    path = text / "slp99.rr"
    rows = path.read_text().splitlines()
    rows.insert(6, f"    0:{BEATS[5] / FS:06.3f}\tN\t9.132\tN\t    0:{BEATS[5] / FS + 9.132:06.3f}")
    path.write_text("\n".join(rows[:7]) + "\n    nonsense\n")
    repairs = Repairs()
    samples = slpdb.read(text, "slp99", repairs)
    assert len(samples.beat_ms) == 5
    assert any("1 interval outside 250 to 2500 ms" in sentence for sentence in repairs)
    assert any("slp99.rr, line 8: left out, as no RR interval" in sentence for sentence in repairs)


def test_wrong_folder_record_and_file_are_said(text: Path, published: Path) -> None:
    with pytest.raises(InputError, match="no record 'slp1': there are slp99"):
        slpdb.read(text, "slp1", Repairs())
    with pytest.raises(InputError, match="name the folder"):
        slpdb.read(text / "none", "slp1", Repairs())
    (text / "slp99.rr").write_bytes(b"\x00\xff garbage")
    with pytest.raises(InputError, match="ann2rr"):
        slpdb.read(text, "slp99", Repairs())
    (published / "slp99.ecg").write_bytes(b"\x01")
    with pytest.raises(InputError, match=r"slp99\.ecg"):
        slpdb.read(published, "slp99", Repairs())


@pytest.mark.needs_data
def test_every_shared_record_imports_with_nearly_every_interval(data_dir: Path) -> None:
    for name in records(data_dir / "slpdb"):
        samples = slpdb.read(data_dir / "slpdb", name, Repairs())
        lines = (data_dir / "slpdb" / f"{name}.rr").read_bytes().count(b"\n")
        assert lines - 5 <= len(samples.beat_ms) + 1 <= lines
        assert (np.diff(samples.beat_ms) >= samples.ibi_ms[1:]).all()
