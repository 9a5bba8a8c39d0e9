"""Whatever bytes a data set's files hold: samples or one sentence, never a traceback."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evensong.errors import InputError
from evensong.recordings import mmash as mmash_importer
from evensong.recordings import sleep_accel as sleep_accel_importer
from evensong.recordings import slpdb
from evensong.recordings.framing import Source, record
from evensong.recordings.labels import labels
from evensong.recordings.repairs import Repairs

same_files = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
noise = st.binary(max_size=60)
place = st.floats(0, 1)


def damaged(path: Path, whole: bytes, noise: bytes, place: float, *, over: bool) -> None:
    """Put noise into a good file, or over its bytes."""
    at = int(place * len(whole))
    path.write_bytes(whole[:at] + noise + whole[at + (len(noise) if over else 0) :])


@pytest.mark.parametrize(
    "name", ["heart_rate/4711_heartrate.txt", "activity/4711_activity.csv", "labels/4711_labeled_sleep.txt"]
)
@same_files
@given(noise=noise, place=place, over=st.booleans())
def test_sleep_accel(sleep_accel: Path, name: str, noise: bytes, place: float, over: bool) -> None:
    path = sleep_accel / name
    whole = path.read_bytes()
    damaged(path, whole, noise, place, over=over)
    try:
        with suppress(InputError):
            record(sleep_accel_importer.read(sleep_accel, "4711", Repairs()), Source("x", "y", None))
        with suppress(InputError):
            labels(sleep_accel, "4711")
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize("name", ["RR.csv", "Actigraph.csv"])
@same_files
@given(noise=noise, place=place, over=st.booleans())
def test_mmash(mmash: Path, name: str, noise: bytes, place: float, over: bool) -> None:
    path = mmash / "user_3" / name
    whole = path.read_bytes()
    damaged(path, whole, noise, place, over=over)
    try:
        with suppress(InputError):
            record(mmash_importer.read(mmash, "3", Repairs()), Source("x", "y", None))
    finally:
        path.write_bytes(whole)


@same_files
@given(rr=noise, an=noise, ecg=noise, st_=noise)
def test_slpdb(tmp_path: Path, rr: bytes, an: bytes, ecg: bytes, st_: bytes) -> None:
    (tmp_path / "slp1.hea").write_text("slp1 1 250 1000\n")
    (tmp_path / "slp2.hea").write_bytes(an)
    (tmp_path / "slp0.rr").write_bytes(b"    0:00.076\tN\t0.860\tN\t    0:00.936\n" + rr)
    (tmp_path / "slp0.an").write_bytes(b'    0:30.000     7500     "    0    0    0\t2 LA\n' + an)
    for record_name in ("slp1", "slp2"):
        (tmp_path / f"{record_name}.ecg").write_bytes(ecg)
        (tmp_path / f"{record_name}.st").write_bytes(st_)
    for record_name in ("slp0", "slp1", "slp2"):
        with suppress(InputError):
            record(slpdb.read(tmp_path, record_name, Repairs()), Source("x", "y", None))
        with suppress(InputError):
            labels(tmp_path, record_name)
