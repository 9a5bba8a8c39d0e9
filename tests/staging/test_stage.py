"""The hypnogram as a whole: its bytes, what it refuses to say, and what must not change it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from builders import BOOTS, frame, night_frames, wear

from evensong.staging import STAGES, ModelError, Stage, find, gather, lay_out, load, shipped, stage, summarise
from evensong.staging.fixed import Ints
from evensong.staging.hypnogram import HEADER, UNKNOWN
from evensong.staging.model import FORMAT, Model
from evensong_wire.frames import EventCode, Wear
from evensong_wire.models import Activity, Event, HeartRate

NIGHT = gather(night_frames(), BOOTS)


def test_rows_cover_every_epoch_from_first_to_last_sample_and_add_up() -> None:
    hypnogram = stage(NIGHT)
    lines = hypnogram.csv_bytes().decode().splitlines()
    assert lines[0] == HEADER
    assert [int(line.split(",")[0]) for line in lines[1:]] == list(NIGHT.epochs)
    assert lines[1].startswith("-20,-600,unknown,")
    assert (hypnogram.p.sum(axis=1) == 10_000).all()
    assert hypnogram.p.min() >= 0


def test_without_abstaining_the_stage_is_the_likeliest_of_its_row() -> None:
    for line in stage(NIGHT, abstain=False).csv_bytes().decode().splitlines()[1:]:
        _, _, said, *p = line.split(",")
        shares = [float(x) for x in p]
        assert shares[[s.value for s in STAGES].index(said)] == max(shares)


def test_abstaining_changes_stages_to_unknown_and_nothing_else() -> None:
    careful, frank = stage(NIGHT), stage(NIGHT, abstain=False)
    assert np.array_equal(careful.p, frank.p)
    assert ((careful.stage == frank.stage) | (careful.stage == UNKNOWN)).all()
    assert UNKNOWN not in frank.stage


def test_without_heart_rate_every_epoch_is_unknown() -> None:
    frames = [f for f in night_frames() if not isinstance(f.body, HeartRate)]
    assert set(stage(gather(frames, BOOTS)).stage.tolist()) == {UNKNOWN}


def test_a_gap_in_heart_rate_is_unknown() -> None:
    frames = [
        f for f in night_frames() if not (isinstance(f.body, HeartRate) and 6_000_000 <= f.header.time_ms < 7_800_000)
    ]
    hypnogram = stage(gather(frames, BOOTS))
    gap = (hypnogram.epoch * 30_000 + 600_000 >= 6_060_000) & (hypnogram.epoch * 30_000 + 600_000 < 7_700_000)
    assert gap.sum() > 50
    assert set(hypnogram.stage[gap].tolist()) == {UNKNOWN}


@pytest.mark.parametrize("state", [Wear.OFF, Wear.CHARGING])
def test_off_the_wrist_is_never_sleep(state: Wear) -> None:
    frames = [*night_frames(), wear(state, 6_000_000, 5000), wear(Wear.ON, 9_000_000, 5001)]
    hypnogram = stage(gather(frames, BOOTS))
    off = (hypnogram.epoch * 30_000 + 600_000 >= 6_000_000) & (hypnogram.epoch * 30_000 + 600_000 < 9_000_000)
    assert off.sum() == 100
    assert set(hypnogram.stage[off].tolist()) == {UNKNOWN}


def test_beats_alone_are_staged_too() -> None:
    assert set(stage(gather(night_frames(beats=True), BOOTS)).stage.tolist()) - {UNKNOWN}


def test_nothing_in_nothing_out() -> None:
    hypnogram = stage(gather([], BOOTS))
    assert hypnogram.csv_bytes() == (HEADER + "\n").encode()
    assert len(hypnogram) == 0


@pytest.mark.parametrize(
    "body", [HeartRate((0,), (960,)), Activity((0,)), Activity((2**24 - 1,)), HeartRate((0,), (0,))]
)
def test_a_single_sample_is_one_row(body: HeartRate | Activity) -> None:
    assert len(stage(gather([frame(body, 0)], BOOTS), abstain=False)) == 1


def test_the_hypnogram_of_a_fixed_night_has_a_fixed_digest() -> None:
    again = stage(gather(night_frames(), BOOTS))
    assert again.digest() == stage(NIGHT).digest()
    assert len(again.digest()) == 64


def test_events_tell_when_the_night_was() -> None:
    (night,) = find(NIGHT, lay_out(NIGHT))
    assert (night.start_epoch, night.end_epoch, night.how) == (0, 840, "events")
    summary = summarise(stage(NIGHT), night)
    assert summary.tib_min == 420
    assert summary.tst_min == summary.light_min + summary.deep_min + summary.rem_min


def test_two_nights_are_two() -> None:
    first, second = night_frames(2.0), night_frames(2.0)
    moved = [frame(f.body, f.header.time_ms, f.header.seq, boot_id=2) for f in second
             if not (isinstance(f.body, Event) and f.body.code == EventCode.TIME_ZERO)]  # fmt: skip
    samples = gather(first + moved, BOOTS)
    assert [(n.end_epoch - n.start_epoch, n.how) for n in find(samples, lay_out(samples))] == [(240, "events")] * 2


def test_a_night_without_events_is_detected() -> None:
    rng = np.random.default_rng(3)
    frames = []
    for i in range(24 * 6):
        asleep = 60 <= i < 105
        rate = (52 if asleep else 80) + 3 * rng.normal(size=120)
        counts = np.where(rng.random(20) < (0.05 if asleep else 0.7), 9000, 0)
        frames.append(
            frame(HeartRate(tuple(range(0, 600_000, 5000)), tuple((16 * rate).astype(int).tolist())), i * 600_000)
        )
        frames.append(frame(Activity(tuple(counts.tolist())), i * 600_000))
    samples = gather(frames, BOOTS)
    (night,) = find(samples, lay_out(samples))
    assert night.how == "detected"
    assert abs(night.start_epoch - 1200) <= 6
    assert abs(night.end_epoch - 2100) <= 6
    assert stage(samples).stage[:1100].tolist() == [UNKNOWN] * 1100


def test_a_changed_model_file_is_refused() -> None:
    content = shipped().to_bytes()
    assert load(content).sha256 == shipped().sha256
    with pytest.raises(ModelError, match="hash"):
        load(content.replace(b'"sha256": "', b'"sha256": "0'))
    with pytest.raises(ModelError, match="damaged"):
        load(b"{}")
    with pytest.raises(ModelError, match="version"):
        load(content.replace(b'"version": 1', b'"version": 99'))
    assert FORMAT in content.decode()


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("outward_up", lambda array: array + 50),
        ("conv_weight", lambda array: array[..., :-1]),
        ("point_bias", lambda array: array[:1]),
        ("mean", lambda array: array[:7]),
        ("scale", None),
    ],
)
def test_a_model_whose_arrays_do_not_fit_together_is_refused_when_it_is_read(
    name: str, other: Callable[[Ints], Ints] | None
) -> None:
    whole = shipped()
    arrays = {key: array for key, array in whole.arrays.items() if key != name}
    if other:
        arrays[name] = other(whole.arrays[name])
    with pytest.raises(ModelError, match="damaged"):
        load(Model(arrays, whole.facts).to_bytes())


def test_a_model_that_does_not_say_how_sure_it_has_to_be_is_refused() -> None:
    for facts in ({}, {**shipped().facts, "threshold": 10_001}, {**shipped().facts, "subjects": []}):
        with pytest.raises(ModelError):
            load(Model(shipped().arrays, facts).to_bytes())
    assert STAGES[UNKNOWN] == Stage.UNKNOWN
