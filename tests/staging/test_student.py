"""Training of the live student, and the three answers side by side, on made-up nights: no claim of worth."""

from __future__ import annotations

import numpy as np
import pytest
from builders import BOOTS, night_frames

from evensong.cli.staging_report import print_evaluation
from evensong.staging import gather, shipped, stage
from evensong.staging.student import load, shipped_student
from evensong.training import evaluation
from evensong.training.answers import LIVE, LIVE_LATE, SETTLED
from evensong.training.corpus import LabelledNight
from evensong.training.streamed import stream_night
from evensong.training.student import probabilities, train_student
from evensong_firmware.stager.live import Live


def labelled(seed: int) -> LabelledNight:
    """A made-up night whose reference is what the model says."""
    samples = gather(night_frames(1.2, seed), BOOTS)
    hypnogram = stage(samples, abstain=False)
    inside = hypnogram.epoch >= 0
    said = hypnogram.stage[inside]
    return LabelledNight(str(seed), str(seed), samples, hypnogram.epoch[inside], said, np.array([0, 2, 3, 4])[said])


@pytest.fixture(scope="module")
def nights() -> list[LabelledNight]:
    return [labelled(seed) for seed in (1, 2, 3)]


def test_an_evaluation_shows_the_three_answers(nights: list[LabelledNight], capsys: pytest.CaptureFixture[str]) -> None:
    figures = evaluation.figures(evaluation.shipped(nights[:1], shipped(), student=shipped_student()))
    assert list(figures["earlier_answers"]) == [SETTLED, LIVE, LIVE_LATE]
    for answer in figures["earlier_answers"].values():
        assert set(answer["tasks"]) == set(figures["tasks"])
        assert len(answer["coverage_where_decided"]) == 1
    print_evaluation(figures, cross_validated=False, per_night=False)
    assert "The three answers" in capsys.readouterr().out


def test_the_same_lessons_give_the_same_student(nights: list[LabelledNight], monkeypatch: pytest.MonkeyPatch) -> None:
    student_network = pytest.importorskip("evensong.training.student_network", reason="training needs PyTorch")
    quick = student_network.Recipe(width=8, blocks=3, steps=12, batch=2, crop=60, average=0.9)
    fit = student_network.fit
    monkeypatch.setattr(student_network, "fit", lambda *lessons: fit(*lessons, quick))
    streamed = [stream_night(night) for night in nights]
    taught = {night.name: np.eye(4, dtype=np.int64)[night.stage] * 10_000 for night in nights}
    one, two = (train_student(streamed, taught, {"made": "up"}) for _ in range(2))
    assert one.weights == two.weights
    assert one.subjects == {"1", "2", "3"}
    assert load(one.to_bytes()) == one
    assert one.weights[4:8] == bytes([len(Live(one.weights).measure(-1, True)), 8, 3, 5])
    assert 0 <= one.threshold <= 7000
    other = train_student(streamed, taught, {}, seed=1)
    assert other.weights != one.weights
    p = probabilities(streamed[0].as_counted, one.weights)
    assert (p.sum(axis=1) == 10_000).all()


def test_in_every_fold_a_student_learns_from_that_fold_s_model(
    nights: list[LabelledNight], monkeypatch: pytest.MonkeyPatch
) -> None:
    student_network = pytest.importorskip("evensong.training.student_network", reason="training needs PyTorch")
    quick = student_network.Recipe(width=4, blocks=1, steps=4, batch=1, crop=40, average=0.9)
    fit, lessons = student_network.fit, []
    monkeypatch.setattr(student_network, "fit", lambda *some: (lessons.append(len(some[0])), fit(*some, quick))[1])
    monkeypatch.setattr(evaluation, "train", lambda *_, **__: shipped())
    monkeypatch.setattr(evaluation, "LEAST_SUBJECTS", 2)
    (found,) = evaluation.cross_validate(nights, 3, 1, 1, lambda *_: None, early=True)
    assert lessons == [1, 1, 2] * 3  # the inner folds', then the fold's
    assert list(found.early) == [SETTLED, LIVE, LIVE_LATE]
    for answered in found.early.values():
        assert [len(each.p) for each in answered] == [len(night.stage) for night in nights]
