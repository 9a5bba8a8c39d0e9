"""Tiny nights in the layouts of the public data sets, made up here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

SLEEP_EPOCHS = 40


@pytest.fixture
def sleep_accel(tmp_path: Path) -> Path:
    """One subject, 4711, in the layout with activity/: 20 minutes of PSG, heart rate from five minutes before."""
    folder = tmp_path / "sleep-accel"
    for name in ("heart_rate", "activity", "labels"):
        (folder / name).mkdir(parents=True)
    heart = "".join(f"{-300 + 5 * i + 0.25:.5f},{60 + i % 7}\n" for i in range(320))
    (folder / "heart_rate" / "4711_heartrate.txt").write_text(heart)
    activity = "".join(f"{i},{30 * i},{i * 0.5}\n" for i in range(2, SLEEP_EPOCHS))
    (folder / "activity" / "4711_activity.csv").write_text("epoch,t_s,activity_count_smooth\n" + activity)
    stages = (-1, 0, 1, 2, 3, 4, 5, 2)
    (folder / "labels" / "4711_labeled_sleep.txt").write_text(
        "".join(f"{30 * i} {stages[i // 5]}\n" for i in range(SLEEP_EPOCHS))
    )
    return folder


@pytest.fixture
def published(sleep_accel: Path) -> Path:
    """The same subject as PhysioNet has it: raw motion, still but for 5 Hz shaking in the seconds 300 to 330."""
    random = np.random.default_rng(7)
    t = np.arange(-30, 601, 0.02) + random.uniform(0, 0.004, 50 * 631)
    z = -0.8 + 0.002 * random.normal(size=len(t))
    shaken = (t >= 300) & (t < 330)
    z[shaken] += 0.4 * np.sin(2 * np.pi * 5 * t[shaken])
    (sleep_accel / "motion").mkdir()
    (sleep_accel / "motion" / "4711_acceleration.txt").write_text(
        "-124489.161050 0.017487 -0.586700 -0.805771\n"  # the published files begin days before
        + "".join(f"{at:.6f} 0.017487 -0.586700 {pull:.6f}\n" for at, pull in zip(t, z, strict=True))
    )
    (sleep_accel / "activity" / "4711_activity.csv").unlink()
    (sleep_accel / "activity").rmdir()
    return sleep_accel


@pytest.fixture
def mmash(tmp_path: Path) -> Path:
    """One user, user_3: a minute of beats before midnight and after it, a pause, an "interval" of half a minute."""
    folder = tmp_path / "mmash" / "user_3"
    folder.mkdir(parents=True)
    rows, clock = [], 86_400 - 20.0
    for i in range(60):
        ibi = 0.8 + 0.05 * (i % 5)
        if i == 40:
            ibi = 30.5
        clock += ibi + (7.0 if i == 20 else 0.0)
        rows.append((ibi, clock))
    (folder / "RR.csv").write_text(
        ",ibi_s,day,time\n" + "".join(f"{i},{ibi},{_day(at)},{_clock(at)}\n" for i, (ibi, at) in enumerate(rows))
    )
    seconds = range(86_370, 86_460)
    (folder / "Actigraph.csv").write_text(
        ",Axis1,Axis2,Axis3,Steps,HR,Inclinometer Off,Vector Magnitude,day,time\n"
        + "".join(f"{i},3,4,0,0,68.0,1,5.0,{_day(at)},{_clock(at)}\n" for i, at in enumerate(seconds))
    )
    return folder.parent


def _day(at: float) -> int:
    return 1 + int(at) // 86_400


def _clock(at: float) -> str:
    second = int(at) % 86_400
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
