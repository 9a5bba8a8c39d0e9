"""Studies of what helps, and cross-validations that somebody stops: made-up nights, the shipped model in every fold."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from multiprocessing import active_children
from pathlib import Path

import numpy as np
import pytest
import typer
from builders import BOOTS, night_frames
from typer.testing import CliRunner, Result

from evensong.cli import evaluation as command
from evensong.errors import InputError
from evensong.staging import gather, shipped, stage
from evensong.staging.student import shipped_student
from evensong.training import answers, corpus, cost, evaluation, scores, side_by_side, studies
from evensong.training.corpus import LabelledNight

ABLATED = [studies.REFERENCE, *studies.ABLATIONS]


@pytest.fixture(scope="module")
def nights() -> list[LabelledNight]:
    """Nine nights of nine subjects, whose reference is what the model says but for every fifth epoch."""
    samples = [gather(night_frames(1.2, seed), BOOTS) for seed in (1, 2, 3)]
    result = []
    for i in range(9):
        hypnogram = stage(samples[i % 3], abstain=False)
        inside = hypnogram.epoch >= 0
        said = hypnogram.stage[inside].copy()
        said[i % 5 :: 5] = np.random.default_rng(i).integers(0, 4, len(said[i % 5 :: 5]))
        night = LabelledNight(str(i), str(i), samples[i % 3], hypnogram.epoch[inside], said, said)
        result.append(replace(night, aasm=np.array([0, 2, 3, 4])[said]))
    return result


@pytest.fixture(autouse=True)
def _nothing_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "train", lambda *_, **__: shipped())
    monkeypatch.setattr(studies, "one_network", lambda *_, **__: shipped())
    monkeypatch.setattr(answers, "student_of", lambda *_: shipped_student())


def stop_at(number: int) -> Callable[[], None]:
    """What presses Ctrl-C when the so-manieth piece is done."""
    pieces = count(1)

    def progress() -> None:
        if next(pieces) == number:
            raise KeyboardInterrupt

    return progress


def test_variants_become_whole_one_after_the_other(nights: list[LabelledNight]) -> None:
    plan = studies.plan(nights, 9, ablations=True, learning_curve=True)
    assert plan.curve == {"5 subjects": 5, "6 subjects": 6, "7 subjects": 7, studies.REFERENCE: 8}
    variants = [training.variant for training in plan.trainings]
    assert variants == [name for name in (*ABLATED, "5 subjects", "6 subjects", "7 subjects") for _ in range(9)]
    assert {len(t.fold.train) for t in plan.trainings if t.variant == "6 subjects"} == {6}
    assert not studies.plan(nights, 3, ablations=False, learning_curve=False).trainings


def test_too_few_subjects_are_told_before_anything_is_trained(nights: list[LabelledNight]) -> None:
    with pytest.raises(InputError, match="begins at 5 subjects in training, and 2 folds leave 4"):
        studies.plan(nights, 2, ablations=True, learning_curve=True)
    with pytest.raises(InputError, match="take 2 to 9 folds"):
        studies.plan(nights, 10, ablations=True, learning_curve=False)


def test_a_study_tells_kappa_and_its_change_with_intervals(nights: list[LabelledNight]) -> None:
    plan = studies.plan(nights, 3, ablations=True, learning_curve=True)
    found = studies.run(nights, plan, 1, lambda: None)
    figures = studies.figures(plan, found)
    assert list(figures["ablations"]) == ABLATED
    assert list(figures["learning_curve"]) == ["5", "6"]
    (split,) = evaluation.shipped(nights, shipped())
    for task, reference in figures["ablations"][studies.REFERENCE].items():
        assert reference["kappa"] == pytest.approx(scores.kappa_of(task, split.truth, split.p))
        assert reference["change"] == 0
        assert reference["change_90"] == [0, 0]
        assert reference["kappa_90"][0] < reference["kappa"] < reference["kappa_90"][1]
        still = figures["ablations"]["no movement"][task]
        assert still["change"] == pytest.approx(still["kappa"] - reference["kappa"])
        assert still["change_90"][0] <= still["change"] <= still["change_90"][1] < 0


def test_ctrl_c_leaves_what_was_whole(nights: list[LabelledNight]) -> None:
    plan = studies.plan(nights, 3, ablations=True, learning_curve=True)
    found = studies.run(nights, plan, 1, stop_at(8))
    assert list(found) == ABLATED[:2]
    assert list(studies.figures(plan, found)) == ["ablations"]
    assert studies.figures(plan, studies.run(nights, plan, 1, stop_at(2))) == {}
    assert len(evaluation.cross_validate(nights, 3, 3, 1, stop_at(8))) == 2
    assert evaluation.cross_validate(nights, 3, 1, 1, stop_at(2)) == []


def test_other_processes_work_and_end_when_nobody_asks_any_more() -> None:
    assert sorted(side_by_side.results(operator.add, 10, [1, 2, 3], 2)) == [11, 12, 13]
    asked: Iterator[int] = side_by_side.results(operator.add, 10, list(range(200)), 2)
    assert next(asked) >= 10
    asked.close()  # type: ignore[attr-defined]
    assert not active_children()


class Clock:
    """Two seconds pass from one reading to the next."""

    def __init__(self) -> None:
        self._now_s = 0.0

    def monotonic_s(self) -> float:
        self._now_s += 2
        return self._now_s

    def utc_ms(self) -> int:
        raise NotImplementedError


def test_what_it_will_take_is_told_from_a_few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    for room in ("network", "student_network"):
        monkeypatch.setattr(pytest.importorskip(f"evensong.training.{room}"), "fit", lambda *_: None)
    night, student = 2 / 6 * 200, 2 / 6 * 400
    assert cost.networks_in_a_fold() == 6 + 4
    assert cost.seconds(3, 21, 1, Clock()) == pytest.approx((3 * 6 + 21) * night + 3 * 4 * student)
    assert cost.seconds(3, 21, 100, Clock()) == pytest.approx(cost.seconds(3, 21, 1, Clock()) / (os.cpu_count() or 1))


@pytest.fixture
def run(nights: list[LabelledNight], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    app = typer.Typer()
    command.register(app)
    monkeypatch.setattr(corpus, "load", lambda *_: nights)
    monkeypatch.setattr(cost, "seconds", lambda *_: 700.0)

    def run(*words: object) -> Result:
        return CliRunner().invoke(app, ["evaluate", str(tmp_path), "--jobs", "1", *(str(word) for word in words)])

    return run


def test_the_command_says_how_long_it_takes_and_how_far_it_is(run: Callable[..., Result], tmp_path: Path) -> None:
    done = run("--cv", 3, "--ablations", "--report", tmp_path / "report")
    assert done.exit_code == 0
    assert "42 networks to train, 1 at a time: about 12 min" in done.stderr
    assert "42 of 42 networks trained" in done.stderr
    page = (tmp_path / "report" / "index.html").read_text()
    assert "Without a kind of features" in page
    assert "no heart rate" in page
    assert "Stopped early" not in page


def test_stopped_early_the_report_has_what_was_whole_and_names_the_rest(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped_at(number: int) -> None:
        pieces = count(1)
        counts = studies._counts

        def interrupted(*args: object) -> object:
            if next(pieces) == number:
                raise KeyboardInterrupt
            return counts(*args)  # type: ignore[arg-type]

        monkeypatch.setattr(studies, "_counts", interrupted)

    stopped_at(8)
    done = run("--cv", 3, "--ablations", "--report", tmp_path / "report")
    assert done.exit_code == 130
    assert done.stderr.endswith("Stopped early; missing: no heart rate, no time.\n")
    page = (tmp_path / "report" / "index.html").read_text()
    assert "missing: no heart rate, no time" in page
    assert "no movement" in page
    monkeypatch.setattr(evaluation, "cross_validate", lambda *_, **__: [])
    nothing = run("--cv", 3, "--report", tmp_path / "none")
    assert nothing.exit_code == 130
    assert "nothing to report" in nothing.stderr
    assert not (tmp_path / "none").exists()
