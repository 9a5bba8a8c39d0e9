"""Live and settled answers: made from the past, by the wearable's own code."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import BOOTS, night_frames, wear

from evensong.staging import ModelError, Samples, gather, stage
from evensong.staging.live import feed, stage_live
from evensong.staging.prefix import until
from evensong.staging.settled import EVERY, LOOK_AHEAD, cuts, stage_settled
from evensong.staging.student import Student, load, shipped_student
from evensong.training.streamed import stream as streamed
from evensong.training.student import logits, probabilities
from evensong_firmware.stager import layer
from evensong_firmware.stager.live import Live, doubt, merge, share
from evensong_firmware.stager.network import HEADER
from evensong_wire.frames import Wear


@pytest.fixture(scope="module", params=[False, True], ids=["readings", "beats"])
def samples(request: pytest.FixtureRequest) -> Samples:
    return gather([*night_frames(1.6, beats=request.param), wear(Wear.OFF, 4_000_000), wear(Wear.ON, 4_300_000)], BOOTS)


@pytest.mark.parametrize("answer", ["live", "settled"])
def test_what_comes_later_changes_no_row(samples: Samples, answer: str) -> None:
    staged, ahead = (stage_live, 0) if answer == "live" else (stage_settled, LOOK_AHEAD)
    rows = staged(samples).csv_bytes().split(b"\n")
    for stop in range(samples.epochs.start + 1 + ahead, samples.epochs.stop, 13):
        known = stop - ahead - samples.epochs.start + 1  # the header's line too
        assert staged(cut(samples, stop)).csv_bytes().split(b"\n")[:known] == rows[:known], stop


def cut(samples: Samples, stop_epoch: int) -> Samples:
    """The recording as it was then: unlike `until`, it does not reach to that instant if nothing was measured."""
    part = until(samples, stop_epoch)
    times = [rows[-1, 0] for rows in (part.heart_rate, part.beats, part.activity) if len(rows)]
    assert part.span_ms is not None
    return replace(part, span_ms=(part.span_ms[0], int(max(times))))


def test_a_settled_row_rests_on_ten_minutes_at_most_and_five_at_least() -> None:
    epochs = range(-33, 96)
    rows = [(row, stop) for some, stop in cuts(epochs) for row in some]
    assert [row for row, _ in rows] == list(epochs)
    assert {stop - row - 1 for row, stop in rows} == set(range(LOOK_AHEAD - EVERY + 1, LOOK_AHEAD + 1))
    assert all(stop % EVERY == 0 for _, stop in rows)


def test_off_the_wrist_and_without_a_heart_nothing_is_said(samples: Samples) -> None:
    for staged in (stage_live, stage_settled):
        hypnogram = staged(samples)
        off = (hypnogram.epoch * 30_000 < 4_300_000 - 600_000) & ((hypnogram.epoch + 1) * 30_000 > 4_000_000 - 600_000)
        assert off.sum() > 8
        assert (hypnogram.stage[off] == 4).all()
    nothing = np.zeros((0, 2), np.int64)
    bare = replace(samples, heart_rate=nothing, beats=np.zeros((0, 3), np.int64))
    assert (stage_live(bare).stage == 4).all()
    assert len(stage_live(replace(bare, activity=nothing, span_ms=None))) == 0


def test_many_epochs_at_a_time_give_the_integers_of_the_stream(samples: Samples) -> None:
    student = shipped_student()
    samples = replace(samples, activity=samples.activity[:50])
    live, one_by_one = Live(student.weights), []
    for count_q8, worn in feed(live, samples):
        live.step(count_q8, worn)
        one_by_one.append(list(live._network.logits))
    stream = streamed(samples)
    assert stream.known[:, 2].any()
    assert not stream.known[:, 2].all(), "doubt must be among what is compared"
    assert np.array_equal(logits(stream, student.weights), np.array(one_by_one))
    assert np.array_equal(probabilities(stream, student.weights), stage_live(samples).p)


def test_doubt_keeps_what_is_likeliest_and_how_the_rest_is_ordered() -> None:
    for five in ((0, 700, 900, 1500, 200), (-900, -32000, 32000, 0, 500), (4000, 2500, 2500, -300, 3300)):
        logs = [0] * 4
        merge(five, logs)
        exact = np.log2(2 ** (five[1] / 1024) + 2 ** (five[2] / 1024)) * 1024
        assert abs(logs[1] - exact) < 16
        sure, unsure = list(logs), list(logs)
        doubt(unsure)
        assert share(sure) == share(unsure) == np.argmax(logs)
        assert max(unsure) <= max(sure)
        assert np.argsort(unsure).tolist() == np.argsort(sure).tolist() or min(sure) == 0
        assert sum(unsure) == sum(sure) == 10_000


def test_no_sum_of_the_shipped_student_can_reach_2_to_the_30() -> None:
    weights = shipped_student().weights
    features, width, blocks, classes = weights[4:8]
    at = HEADER + 4 * features
    most = [(features, width, 127), *blocks * [(2 * width, width, 32767), (width, width, 32767)],
            (width + features, classes, 32767)]  # fmt: skip
    for inputs, outputs, largest in most:
        for _ in range(outputs):
            row = np.frombuffer(weights, "i1", inputs, at).astype(int)
            bias = int.from_bytes(weights[at + inputs : at + inputs + 4], "little", signed=True)
            assert np.abs(row).sum() * largest + abs(bias) + 8192 < 1 << 30
            at += inputs + 5
    assert at == len(weights)


def test_the_answers_are_not_the_same(samples: Samples) -> None:
    assert len({staged(samples).digest() for staged in (stage, stage_live, stage_settled)}) == 3


def test_a_student_s_file_is_checked() -> None:
    student = shipped_student()
    assert load(student.to_bytes()) == student
    for damaged in (
        b"{}", b"", student.to_bytes().replace(b"evensong-student", b"evensong-teacher"),
        student.to_bytes().replace(student.sha256.encode(), 64 * b"0"),
        Student(student.weights[:-1], student.facts).to_bytes(), Student(b"EVL2", {}).to_bytes(),
        Student(b"EVL2" + bytes([3]) + student.weights[5:], {}).to_bytes(),
        Student(b"EVL1" + student.weights[4:], {}).to_bytes(),
    ):  # fmt: skip
        with pytest.raises(ModelError):
            load(damaged)


def test_cpython_takes_the_plain_layer() -> None:
    from evensong_firmware.stager import network

    assert network.layer is layer.layer
