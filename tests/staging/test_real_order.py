"""What must change nothing at all on the shared nights: the order of samples and frames, and how a recording is cut."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evensong.cli.answers import samples_of
from evensong.recordings import container, framing, labels, mmash, sleep_accel
from evensong.recordings.repairs import Repairs
from evensong.staging import gather, stage
from evensong.staging.passport import samples_sha256
from evensong_wire.models import Frame, HeartRate, Ibi

pytestmark = pytest.mark.needs_data


@pytest.fixture(scope="module")
def recordings(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Every night of sleep-accel, and a day of beats, as `evensong import` writes them."""
    folder = tmp_path_factory.mktemp("recordings")
    subjects = labels.subjects(data_dir / "sleep-accel")
    assert len(subjects) == 21
    paths = []
    for subject in subjects:
        path, repairs = folder / f"{subject}.evr", Repairs()
        samples = sleep_accel.read(data_dir / "sleep-accel", subject, repairs)
        framing.write_samples(path, samples, framing.Source("sleep-accel", subject, None), repairs)
        paths.append(path)
    day, repairs = folder / "mmash.evr", Repairs()
    framing.write_samples(
        day, mmash.read(data_dir / "mmash", "user_1", repairs), framing.Source("mmash", "user_1", None), repairs
    )
    return [*paths, day]


def test_the_order_of_frames_and_of_samples_in_them_changes_nothing(recordings: list[Path]) -> None:
    rng = np.random.default_rng(1)
    for path in recordings:
        recording = container.read(path)
        frames = [shuffled(frame, rng) for frame in recording.frames]
        frames = [frames[i] for i in rng.permutation(len(frames))]
        samples, again = samples_of([path]), gather(frames, recording.header.starts())
        assert samples_sha256(again) == samples_sha256(samples)
        assert stage(again).csv_bytes() == stage(samples).csv_bytes(), path.name


def shuffled(frame: Frame, rng: np.random.Generator) -> Frame:
    """The samples of a frame in another order; the counts of a frame have none but their own, which is their time."""
    match frame.body:
        case HeartRate(offset_ms, hr_q4):
            order = rng.permutation(len(hr_q4))
            body = HeartRate(tuple(offset_ms[i] for i in order), tuple(hr_q4[i] for i in order))
        case Ibi(offset_ms, ibi_ms, quality):
            order = rng.permutation(len(ibi_ms))
            body = Ibi(*(tuple(column[i] for i in order) for column in (offset_ms, ibi_ms, quality)))
        case _:
            return frame
    return replace(frame, body=body)


def cuts(path: Path) -> Iterator[tuple[container.RecordingHeader, list[bytes], list[bytes]]]:
    recording = container.read(path)
    raws = [frame.raw for frame in recording.frames]
    yield recording.header, raws[: len(raws) // 2], raws[len(raws) // 2 :]
    yield recording.header, raws[::2], raws[1::2]
    yield recording.header, raws[:-1], raws[1:]  # most frames in both


def test_a_recording_cut_in_two_files_and_joined_again_is_the_same(recordings: list[Path], tmp_path: Path) -> None:
    one, two = tmp_path / "one.evr", tmp_path / "two.evr"
    for path in recordings:
        whole = samples_of([path])
        expected = stage(whole).csv_bytes()
        for header, first, second in cuts(path):
            container.write(one, header, first)
            container.write(two, header, second)
            joined = samples_of([two, one])
            assert samples_sha256(joined) == samples_sha256(whole), path.name
            assert stage(joined).csv_bytes() == expected, path.name
