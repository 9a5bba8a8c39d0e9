"""Training: measured nights in, a model of integers out. Seeded: the same nights give the same model on one machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evensong.errors import Unavailable
from evensong.staging.features import NAMES
from evensong.staging.model import STANDARD_Q, Model
from evensong.training import linear, splits
from evensong.training.lean import lean
from evensong.training.measured import Measured
from evensong.training.scores import least_threshold
from evensong.training.widths import widths

NETWORKS = 3
TARGET_KAPPA = 0.60  # what four-class kappa the decided epochs should reach on nights that did not train
_INNER_FOLDS = 3
_WEIGHT_LIMIT = 1 << 15
OF_MOVEMENT = np.array(["count" in name or "moved" in name for name in NAMES])
OF_TIME = np.array([name in ("elapsed", "onset", "cycle_sin", "cycle_cos", "remaining", "ending") for name in NAMES])

ATTRIBUTION = (
    "Trained on sleep-accel: Walch O. (2019), Motion and heart rate from a wrist-worn wearable and labeled sleep from "
    "polysomnography, PhysioNet, doi 10.13026/hmhs-py35, Open Data Commons Attribution License 1.0; Walch O. et al., "
    "SLEEP 2019, zsz180; Goldberger A. et al. 2000."
)

Ints = NDArray[np.int64]


def train(
    nights: Sequence[Measured], tick: Callable[[], None] = lambda: None, seed: int = 0, data: str = ATTRIBUTION
) -> Model:
    """A model trained on these nights. tick: called after each of the `networks_to_train()` networks. data: whose they
    are, as the model file and its card are to say.

    The threshold of abstention and the widths of intervals are chosen on nights that did not train, by an inner
    cross-validation.

    Raises:
        Unavailable: PyTorch is not installed.
    """
    subjects = sorted({night.subject for night in nights})
    facts: dict[str, Any] = {
        "subjects": subjects,
        "epochs": sum(len(night.stage) for night in nights),
        "recipe": f"{NETWORKS} temporal networks and a linear softmax on {len(NAMES)} features",
        "data": data,
        "licence": "Apache-2.0; the data's attribution must be kept",
        **_doubts(nights, tick, seed),
    }
    return Model(_arrays(nights, [100 * seed + i for i in range(NETWORKS)], tick), facts)


def one_network(nights: Sequence[Measured], seed: int, tick: Callable[[], None] = lambda: None) -> Model:
    """A model of one network and the linear one, which vouches for nothing: enough to compare with its like.

    Raises:
        Unavailable: PyTorch is not installed.
    """
    return Model(_arrays(nights, [seed], tick), {})


def stated(teacher: Model) -> dict[str, Any]:
    """What a student's file says besides its weights."""
    facts = {name: teacher.facts[name] for name in ("epochs", "data", "licence")}
    return {**facts, "recipe": "one causal temporal network on features of the past", "teacher": teacher.sha256}


def networks_to_train() -> int:
    """How many networks one call of `train` trains, its inner cross-validation included."""
    return NETWORKS + _INNER_FOLDS


def _arrays(nights: Sequence[Measured], seeds: Sequence[int], tick: Callable[[], None]) -> dict[str, Ints]:
    network, quantise = torch_rooms("network", "quantise")
    arrays = _standard(nights)
    stages = np.concatenate([night.stage for night in nights])
    shares = (np.bincount(stages, minlength=linear.CLASSES) + 1) / (len(stages) + linear.CLASSES)
    standard = [Model(arrays, {}).standardise(night.features) / (1 << STANDARD_Q) for night in nights]
    x = np.concatenate([each[night.place] for each, night in zip(standard, nights, strict=True)])
    weight, bias = linear.fit(x, stages)
    sequences = [_sequence(Model(arrays, {}), night, network) for night in nights]
    networks = []
    for seed in seeds:
        networks.append(network.fit(sequences, ~OF_MOVEMENT & ~OF_TIME, OF_MOVEMENT, seed))
        tick()
    arrays |= _integers(weight, bias)
    arrays |= quantise.quantise(networks)
    rarer = np.rint(lean(shares) / np.log(2) * (1 << 16)).astype(np.int64)
    arrays["linear_bias"] += rarer
    arrays["outward_bias"] += rarer[[0, 1, 1, 2, 3]]  # N1 and N2 are light
    return arrays


def torch_rooms(*names: str) -> list[Any]:
    """The modules of this room that need PyTorch. Raises Unavailable."""
    try:
        return [import_module(f"evensong.training.{name}") for name in names]
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise Unavailable("Training needs PyTorch: in a clone, install it with `pip install -e '.[train]'`.") from None


def _sequence(model: Model, night: Measured, network: Any) -> Any:
    readings = np.stack([model.standardise(reading) for reading in night.readings])
    classes = np.full(readings.shape[1], network.UNSCORED, np.int64)
    classes[night.place] = night.aasm
    return network.Labelled((readings / (1 << STANDARD_Q)).astype(np.float32), classes)


def _standard(nights: Sequence[Measured]) -> dict[str, Ints]:
    values = np.concatenate([night.features.values[night.place] for night in nights]).astype(np.float64)
    known = np.concatenate([night.features.known[night.place] for night in nights])
    number = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0).sum(axis=0) / number
    spread = np.sqrt((np.where(known, values - mean, 0) ** 2).sum(axis=0) / number)
    scale = 2.0 ** (STANDARD_Q + 16) / np.maximum(spread, 1.0)
    return {"mean": np.rint(mean).astype(np.int64), "scale": np.rint(scale).astype(np.int64)}


def _integers(weight: linear.Floats, bias: linear.Floats) -> dict[str, Ints]:
    """Scores are logarithms to base two in Q16, features Q5: a weight is Q11, a bias Q16."""
    to_base_two = 1 / np.log(2)
    rounded = np.rint(weight * to_base_two * (1 << (16 - STANDARD_Q))).astype(np.int64)
    assert np.abs(rounded).max() < _WEIGHT_LIMIT
    return {"linear_weight": rounded, "linear_bias": np.rint(bias * to_base_two * (1 << 16)).astype(np.int64)}


def _doubts(nights: Sequence[Measured], tick: Callable[[], None], seed: int) -> dict[str, Any]:
    """What the model may vouch for, from nights that did not train: the threshold and the widths of intervals.

    threshold: the least, in 1/10000, at which their decided epochs reach `TARGET_KAPPA`.
    """
    subjects = sorted({night.subject for night in nights})
    held: list[tuple[Ints, Ints]] = []
    for i, fold in enumerate(splits.folds(subjects, min(_INNER_FOLDS, len(subjects)), seed)):
        model = one_network([n for n in nights if n.subject in fold.train], 100 * seed + 50 + i, tick)
        tested = (night for night in nights if night.subject in fold.test)
        held += [(night.stage, model.probabilities(night.features)[night.place]) for night in tested]
    return {"threshold": least_threshold(held, TARGET_KAPPA), "interval_widths_q8": widths(held)}
