"""The report of an evaluation: complete, of one folder, and its figures are the ones that were given."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from builders import BOOTS, night_frames

from evensong.errors import InputError
from evensong.staging import gather, shipped, stage
from evensong.training import evaluation, studies
from evensong.training.corpus import LabelledNight
from evensong.training.measured import hidden, measure_night
from evensong.training.report.card import card
from evensong.training.report.page import write
from evensong.training.splits import at_most, folds

MODEL = shipped()
STUDIES = {"ablations": (studies.REFERENCE, "no time"), "learning_curve": ("5", "14")}


def labelled(seed: int, name: str) -> LabelledNight:
    """A made-up night whose reference is what the model says, but for every third epoch, which is anything."""
    samples = gather(night_frames(3.0, seed), BOOTS)
    hypnogram = stage(samples, abstain=False)
    epoch = hypnogram.epoch[hypnogram.epoch >= 0]
    said = hypnogram.stage[hypnogram.epoch >= 0].copy()
    said[::3] = np.random.default_rng(seed).integers(0, 4, len(said[::3]))
    return LabelledNight(name, name, samples, epoch, said, np.array([0, 2, 3, 4])[said])


@pytest.fixture(scope="module")
def nights() -> list[LabelledNight]:
    return [labelled(seed, name) for seed, name in ((1, "a<b>&"), (2, "two"), (3, "three"))]


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.idents: list[str] = []
        self.open: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.links += [str(named[key]) for key in ("href", "src") if key in named]
        self.idents += [str(named["id"])] if "id" in named else []
        self.tags.append(tag)


def test_a_report_is_one_folder_with_all_its_parts(nights: list[LabelledNight], tmp_path: Path) -> None:
    found = evaluation.shipped(nights, MODEL, robust=True)
    figures = evaluation.figures(found)
    told = {"kappa": 0.5, "kappa_90": [0.4, 0.6], "change": -0.1, "change_90": [-0.125, -0.05]}
    studied = dict.fromkeys(figures["tasks"], told)
    figures |= {name: dict.fromkeys(variants, studied) for name, variants in STUDIES.items()}
    figures["earlier_answers"] = {"live": {key: figures[key] for key in ("tasks", "coverage_where_decided")}}
    path = write(tmp_path / "new" / "report", nights, found, figures, "Three made-up nights.", card(MODEL, figures))
    text = path.read_text()
    page = Page()
    page.feed(text)
    assert {str(file.name) for file in path.parent.iterdir()} == {
        "index.html", "evensong.css", "report.css", "figures.json", "MODEL_CARD.md"}  # fmt: skip
    assert all((path.parent / link).exists() for link in page.links)
    assert len(page.idents) == len(set(page.idents))
    assert page.tags.count("svg") > 20
    assert "script" not in page.tags
    assert "a&lt;b&gt;&amp;" in text
    assert "-0.125 to -0.050" in text
    assert "0.400 to 0.600" in text
    for heading in (
        "Confusion",
        "The three answers",
        "Subgroups of nights",
        "measured worse",
        "Without a kind",
        "more nights help",
        "Model card",
    ):
        assert heading in text, heading
    assert not re.search(r"\bnan\b|\bNone\b", re.sub(r"<[^>]*>", " ", text))
    kept = json.loads((path.parent / "figures.json").read_text())
    assert kept["tasks"] == json.loads(json.dumps(figures["tasks"]))
    traits = {row["trait"] for row in kept["subgroups"]}
    assert sum(row["nights"] for row in kept["subgroups"]) == len(traits) * len(nights)
    assert len(traits) > 2
    assert not any("heart rate known" in trait for trait in traits), "it is known all through these nights"
    assert "no medical device" in (path.parent / "MODEL_CARD.md").read_text().lower()


def test_a_card_claims_nothing_of_nights_that_it_does_not_know() -> None:
    ours = replace(MODEL, facts={**MODEL.facts, "data": "Whose nights"})
    assert "sleep-accel" in card(MODEL)
    assert "pregnancy" in card(MODEL)
    assert "Whose nights" in card(ours)
    assert "pregnancy" not in card(ours)
    assert "sleep-accel" not in card(ours)


def test_a_folder_that_cannot_be_made_is_refused_in_a_sentence(nights: list[LabelledNight], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = evaluation.shipped(nights[:1], MODEL)
    with pytest.raises(InputError, match="cannot be written into"):
        write(tmp_path / "file" / "report", nights[:1], found, evaluation.figures(found), "One.")


def test_hidden_features_are_not_known_in_any_reading(nights: list[LabelledNight]) -> None:
    measured = measure_night(nights[1])
    for columns in studies.ABLATIONS.values():
        without = hidden(measured, columns)
        for reading in (without.features, *without.readings):
            assert not reading.known[:, columns].any()
            assert not reading.values[:, columns].any()
        assert np.array_equal(without.features.known[:, ~columns], measured.features.known[:, ~columns])
    kinds = np.stack(list(studies.ABLATIONS.values()))
    assert (kinds.sum(axis=0) == 1).all()


def test_a_smaller_training_is_a_part_of_the_larger_and_tests_on_the_same() -> None:
    subjects = [f"s{i}" for i in range(21)]
    for fold in folds(subjects, 7, seed=3):
        smaller, larger = at_most(fold, 5, seed=3), at_most(fold, 9, seed=3)
        assert set(smaller.train) < set(larger.train) < set(fold.train)
        assert len(smaller.train) == 5
        assert smaller.test == fold.test
