"""The model is data: a JSON file of integer arrays, what they were made from, and the hash that names them.

`load` refuses a file whose arrays do not have the hash it claims. `Linear` turns standardised features into scores; a
score is a logarithm to base two in Q16, so that `fixed.exp2` of it is proportional to a probability.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import Any

import numpy as np

from . import fixed, hypnogram, network
from .features import NAMES, Features
from .fixed import Ints

FORMAT = "evensong-stager"
VERSION = 1
SHIPPED = "stager.json"
STANDARD_Q = 5  # fraction bits of a standardised feature, which is an int8
_STANDARD_SHIFT = 16
NETWORK_TENTHS = 7  # share of the network in the mixed score; the linear model has the rest
STILL_TENTHS = 5  # how much of the scores is kept without movement; chosen on slpdb, which has none
_MOVEMENT = NAMES.index("count_121")
_DTYPES = {"int8": "<i1", "int16": "<i2", "int32": "<i4"}


class ModelError(Exception):
    """The bytes are no model that this version can use; the message says why."""


@dataclass(frozen=True)
class Model:
    """arrays: integer arrays by name (int64 in memory). facts: everything else in the file, JSON values.

    mean (59,) Q10; scale (59,): 2^21 over the standard deviation in Q10. linear_weight (4, 59) Q11, linear_bias (4,)
    Q16. The others are the networks': `network.Ensemble`.
    """

    arrays: dict[str, Ints]
    facts: dict[str, Any]

    @property
    def sha256(self) -> str:
        """Hash of the arrays: names, shapes and values."""
        return _hash(self.arrays)

    @cached_property
    def networks(self) -> network.Ensemble:
        """Made ready."""
        return network.Ensemble(self.arrays)

    @property
    def subjects(self) -> frozenset[str]:
        """Names of the nights that the model was trained on."""
        return frozenset(self.facts["subjects"])

    @property
    def threshold(self) -> int:
        """An epoch whose largest probability, in 1/10000, lies below this is not decided."""
        return int(self.facts["threshold"])

    @property
    def interval_widths_q8(self) -> dict[str, int]:
        """Half widths of 90 % intervals, in deviations, for each of `intervals.QUANTITIES`."""
        return {name: int(width) for name, width in self.facts["interval_widths_q8"].items()}

    def standardise(self, features: Features) -> Ints:
        """(n, 59) in Q5, -127 to 127, 0 where not known."""
        centred = features.values - self.arrays["mean"]
        standard = fixed.saturate(fixed.round_shift(centred * self.arrays["scale"], _STANDARD_SHIFT), 8)
        return np.where(features.known, standard, 0)

    def probabilities(self, features: Features) -> Ints:
        """(n, 4) in 1/10000, columns wake, light, deep, rem; rows add up to 10000. Epochs must follow each other."""
        if not len(features.values):
            return np.zeros((0, 4), np.int64)
        scores = self.scores(features)
        weights = fixed.exp2(scores - scores.max(axis=1, keepdims=True))
        return fixed.shares(weights, hypnogram.WHOLE)

    def scores(self, features: Features) -> Ints:
        """(n, 4) in Q16: logarithms to base two of the probabilities, up to a constant of the epoch. n > 0.

        Network and linear model are mixed as logarithms, which is their weighted geometric mean. Where no movement was
        measured for an hour, wake is hard to tell: every probability is tempered, and what is likeliest stays so.
        """
        x = self.standardise(features)
        linear = network.product(self.arrays["linear_weight"], x.T, 127) + self.arrays["linear_bias"]
        five = self.networks.logits(x)
        four = np.stack([five[:, 0], fixed.log2_sum(five[:, 1], five[:, 2]), five[:, 3], five[:, 4]]).T
        scores = fixed.round_div(NETWORK_TENTHS * four + (10 - NETWORK_TENTHS) * linear, 10)
        return np.where(features.known[:, _MOVEMENT, None], scores, fixed.round_div(STILL_TENTHS * scores, 10))

    def to_bytes(self) -> bytes:
        """The file: JSON with sorted keys, arrays little-endian in base64."""
        arrays = {}
        for name, array in sorted(self.arrays.items()):
            dtype = next(d for d in _DTYPES if np.iinfo(d).min <= array.min() and array.max() <= np.iinfo(d).max)
            encoded = base64.b64encode(array.astype(_DTYPES[dtype]).tobytes()).decode("ascii")
            arrays[name] = {"dtype": dtype, "shape": list(array.shape), "base64": encoded}
        document = {"format": FORMAT, "version": VERSION, "sha256": self.sha256, "features": list(NAMES),
                    "facts": self.facts, "arrays": arrays}  # fmt: skip
        return (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()


def load(content: bytes) -> Model:
    """Parse a model file. Raises ModelError."""
    try:
        document = json.loads(content)
        if document["format"] != FORMAT or document["version"] != VERSION:
            raise ModelError(f"it is {document['format']} version {document['version']}, not {FORMAT} {VERSION}")
        if document["features"] != list(NAMES):
            raise ModelError("it was trained on other features than this version measures")
        arrays = {
            name: np.frombuffer(base64.b64decode(entry["base64"], validate=True), _DTYPES[entry["dtype"]])
            .reshape(entry["shape"])
            .astype(np.int64)
            for name, entry in document["arrays"].items()
        }
        model = Model(arrays, document["facts"])
        if model.sha256 != document["sha256"]:
            raise ModelError("its arrays do not have the hash that it states")
        blank = np.zeros((1, len(NAMES)), np.int64)
        model.probabilities(Features(blank, blank != 0))  # arrays that do not fit together fail here, not in a night
        if not model.subjects or not 0 <= model.threshold <= hypnogram.WHOLE:
            raise ModelError("it does not say on whom it was trained, or how sure it has to be")
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise ModelError(f"it is damaged ({error})") from error
    return model


@cache
def shipped() -> Model:
    """The model that comes with Evensong."""
    return load(resources.files("evensong.staging").joinpath(SHIPPED).read_bytes())


def _hash(arrays: dict[str, Ints]) -> str:
    sha = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        sha.update(f"{name} {array.shape}\n".encode())
        sha.update(array.astype("<i8").tobytes())
    return sha.hexdigest()
