"""Training: labelled nights in, a model of integers out. The same nights always give the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from evensong.staging import find, lay_out
from evensong.staging.features import Features, measure
from evensong.staging.model import STANDARD_Q, Model
from evensong.training import linear, splits
from evensong.training.corpus import LabelledNight

TARGET_KAPPA = 0.50  # what four-class kappa the decided epochs should reach on nights that did not train
_INNER_FOLDS = 5
_WEIGHT_LIMIT = 1 << 15

ATTRIBUTION = (
    "Trained on sleep-accel: Walch O. (2019), Motion and heart rate from a wrist-worn wearable and labeled sleep from "
    "polysomnography, PhysioNet, doi 10.13026/hmhs-py35, Open Data Commons Attribution License 1.0; Walch O. et al., "
    "SLEEP 2019, zsz180; Goldberger A. et al. 2000."
)


def features_of(night: LabelledNight) -> Features:
    """Features of the scored epochs of a night, as `stage` would measure them."""
    series = lay_out(night.samples)
    spans = find(night.samples, series)
    whole = measure(series, spans[0].epochs if spans else series.epochs, series.epochs)
    place = np.clip(night.epoch - series.epochs.start, 0, len(series.epochs) - 1)
    return Features(whole.values[place], whole.known[place])


def train(nights: Sequence[LabelledNight], measured: Sequence[Features], *, with_threshold: bool = True) -> Model:
    """A model trained on these nights. measured: their features, from `features_of`, in the same order.

    with_threshold: choose the threshold of abstention by an inner cross-validation over the same nights.
    """
    arrays = _standard(measured)
    stage = np.concatenate([night.stage for night in nights])
    x = np.concatenate([Model(arrays, {}).standardise(each) for each in measured]) / (1 << STANDARD_Q)
    weight, bias = linear.fit(x, stage)
    arrays |= _integers(weight, bias)
    facts: dict[str, Any] = {
        "subjects": sorted({night.subject for night in nights}),
        "epochs": len(stage),
        "threshold": _threshold(nights, measured) if with_threshold else 0,
        "recipe": "linear softmax on 57 features",
        "data": ATTRIBUTION,
        "licence": "Apache-2.0; the data's attribution must be kept",
    }
    return Model(arrays, facts)


def _standard(features: Sequence[Features]) -> dict[str, np.ndarray[Any, np.dtype[np.int64]]]:
    values = np.concatenate([f.values for f in features]).astype(np.float64)
    known = np.concatenate([f.known for f in features])
    number = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0).sum(axis=0) / number
    spread = np.sqrt((np.where(known, values - mean, 0) ** 2).sum(axis=0) / number)
    scale = 2.0 ** (STANDARD_Q + 16) / np.maximum(spread, 1.0)
    return {"mean": np.rint(mean).astype(np.int64), "scale": np.rint(scale).astype(np.int64)}


def _integers(weight: linear.Floats, bias: linear.Floats) -> dict[str, np.ndarray[Any, np.dtype[np.int64]]]:
    """Scores are logarithms to base two in Q16, features Q5: a weight is Q11, a bias Q16."""
    to_base_two = 1 / np.log(2)
    rounded = np.rint(weight * to_base_two * (1 << (16 - STANDARD_Q))).astype(np.int64)
    assert np.abs(rounded).max() < _WEIGHT_LIMIT
    return {"linear_weight": rounded, "linear_bias": np.rint(bias * to_base_two * (1 << 16)).astype(np.int64)}


def _threshold(nights: Sequence[LabelledNight], measured: Sequence[Features]) -> int:
    """The least threshold, in 1/10000, at which epochs of nights that did not train reach `TARGET_KAPPA`."""
    from evensong.training.scores import kappa_of

    subjects = sorted({night.subject for night in nights})
    truth, p = [], []
    for fold in splits.folds(subjects, min(_INNER_FOLDS, len(subjects)), seed=0):
        taken = [i for i, night in enumerate(nights) if night.subject in fold.train]
        model = train([nights[i] for i in taken], [measured[i] for i in taken], with_threshold=False)
        held = [i for i, night in enumerate(nights) if night.subject in fold.test]
        truth += [nights[i].stage for i in held]
        p += [model.probabilities(measured[i]) for i in held]
    stage, probability = np.concatenate(truth), np.concatenate(p)
    sure = probability.max(axis=1)
    for threshold in range(0, 7001, 100):
        kept = sure >= threshold
        if kept.any() and kappa_of("four stages", stage[kept], probability[kept].astype(float)) >= TARGET_KAPPA:
            return threshold
    return 5000
