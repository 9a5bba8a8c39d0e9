"""Training of the live student inside a fold: its features, the night's model as teacher, and its integers as bytes.

Its threshold comes from nights that did not train, by an inner cross-validation as that of the night's model does.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evensong.staging.hypnogram import WHOLE
from evensong.staging.student import Student, header
from evensong.training import scores, splits
from evensong.training.lean import lean
from evensong.training.streamed import NOTED_LATE, Ints, Stream, Streamed
from evensong_firmware.stager import heart, movement
from evensong_firmware.stager.live import FEATURES, doubt, merge, share
from evensong_firmware.stager.network import HEADER

TARGET_KAPPA = 0.55  # what four-class kappa the decided epochs should reach on nights that did not train
_INNER_FOLDS = 3
_CLASSES = 5
_FOUR = (0, 1, 1, 2, 3)
_COLUMN = np.arange(FEATURES)
_HEART = heart.FEATURES > _COLUMN
_MOVEMENT = ~_HEART & (_COLUMN < heart.FEATURES + movement.FEATURES)

Floats = NDArray[np.float64]
Taught = Mapping[str, Ints]  # name of a night -> (m, 4) what the teacher says of its scored epochs, in 1/10000


def train_student(nights: Sequence[Streamed], taught: Taught, facts: dict[str, Any], seed: int = 0) -> Student:
    """A student of these nights and of a teacher that was trained on these only.

    Raises:
        Unavailable: PyTorch is not installed.
    """
    subjects = sorted({night.subject for night in nights})
    threshold = scores.NO_THRESHOLD
    if len(subjects) > 1:
        held = []
        for inner in splits.folds(subjects, min(_INNER_FOLDS, len(subjects)), seed):
            weights = _train([n for n in nights if n.subject in inner.train], taught, seed, 0)
            tested = (n for n in nights if n.subject in inner.test)
            held += [(n.stage, probabilities(n.as_counted, weights)[n.place]) for n in tested]
        threshold = scores.least_threshold(held, TARGET_KAPPA)
    return Student(_train(nights, taught, seed, threshold), {**facts, "subjects": subjects})


def students_to_train() -> int:
    """How many networks one call of `train_student` trains, its inner cross-validation included."""
    return 1 + _INNER_FOLDS


def probabilities(stream: Stream, weights: bytes) -> Ints:
    """(n, 4) in 1/10000 of every epoch, as the streaming code gives them: the same integers, many epochs at a time."""
    return _shares(logits(stream, weights), stream)


def logits(stream: Stream, weights: bytes) -> Ints:
    """(n, 5) in Q10, as `evensong_firmware.stager.network` works them out."""
    n, width, blocks, _ = struct.unpack_from("<4B", weights, 4)
    standard = np.frombuffer(weights, np.dtype([("mean", "<i2"), ("scale", "<u2")]), n, HEADER)
    at = HEADER + 4 * n
    x = stream.standardised(standard["mean"].astype(np.int64), standard["scale"].astype(np.int64))

    def layer(inputs: Ints, outputs: int, least: int = -32767) -> Ints:
        nonlocal at
        row = np.dtype([("weight", "i1", (inputs.shape[1],)), ("bias", "<i4"), ("shift", "u1")])
        rows = np.frombuffer(weights, row, outputs, at)
        at += row.itemsize * outputs
        shift = rows["shift"].astype(np.int64)
        # Exact in float64: sums stay below 2^30.
        total = (inputs.astype(np.float64) @ rows["weight"].astype(np.float64).T).astype(np.int64) + rows["bias"]
        result: Ints = np.clip((total + (np.int64(1) << shift >> 1)) >> shift, least, 32767)
        return result

    h = layer(x, width)
    for b in range(blocks):
        kept = np.clip((h + 8) >> 4, -127, 127) << 4  # as `layer.remember` keeps them
        past = np.concatenate([np.zeros((min(1 << b, len(h)), width), np.int64), kept])[: len(h)]
        h = np.clip(h + layer(layer(np.concatenate([past, h], axis=1), width, 0), width), -32767, 32767)
    return layer(np.concatenate([np.maximum(h, 0), x << 3], axis=1), _CLASSES)


def _shares(rows: Ints, stream: Stream) -> Ints:
    p = []
    for row, (_, _, moved) in zip(rows.tolist(), stream.known.tolist(), strict=True):
        four = [0] * 4
        merge(row, four)
        if not moved:
            doubt(four)
        share(four)
        p.append(four)
    return np.array(p, np.int64).reshape(-1, 4)


def _train(nights: Sequence[Streamed], taught: Taught, seed: int, threshold: int) -> bytes:
    from evensong.training.train import torch_rooms

    student_network, student_integers = torch_rooms("student_network", "student_integers")
    mean, scale = _standard(nights)
    aasm = np.concatenate([night.aasm for night in nights])
    shares = (np.bincount(aasm, minlength=_CLASSES) + 1) / (len(aasm) + _CLASSES)
    lessons = []
    for night in nights:
        x = np.stack([night.as_counted.standardised(mean, scale, late) for late in NOTED_LATE]) / 32
        y = np.full(x.shape[1], -1, np.int64)
        y[night.place] = night.aasm
        five = np.zeros((x.shape[1], _CLASSES), np.float32)
        five[night.place] = _of_five(taught[night.name] / WHOLE, night.aasm, shares)
        lessons.append(student_network.Lesson(x.astype(np.float32), y, five))
    network = student_network.fit(lessons, _HEART, _MOVEMENT, seed)
    four = np.array([shares[0], shares[1] + shares[2], shares[3], shares[4]])
    rarer = lean(four)[list(_FOUR)]
    layers: bytes = student_integers.layers(network, rarer)
    return header(FEATURES, network.outward.in_features - FEATURES, len(network.blocks), threshold,
                  mean.tolist(), scale.tolist()) + layers  # fmt: skip


def _of_five(four: Floats, aasm: Ints, shares: Floats) -> Floats:
    """The teacher's four stages as W, N1, N2, N3, R: its light sleep is N1 or N2 as the reference says, else usual."""
    first = shares[1] / (shares[1] + shares[2])
    n1 = np.where(aasm == 1, 1.0, np.where(aasm == 2, 0.0, first))
    return np.stack([four[:, 0], four[:, 1] * n1, four[:, 1] * (1 - n1), four[:, 2], four[:, 3]], axis=1)


def _standard(nights: Sequence[Streamed]) -> tuple[Ints, Ints]:
    """Mean of each feature over the epochs that know it, and 2^19 over its standard deviation."""
    values = np.concatenate([night.as_counted.features[night.place] for night in nights]).astype(np.float64)
    flags = np.concatenate([night.as_counted.known[night.place] for night in nights])
    known = np.ones(values.shape, np.bool_)
    known[:, _HEART], known[:, _MOVEMENT] = flags[:, :1], flags[:, 1:2]
    number = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0).sum(axis=0) / number
    spread = np.sqrt((np.where(known, values - mean, 0) ** 2).sum(axis=0) / number)
    scale = np.minimum(2.0**19 / np.maximum(spread, 1.0), 65535)
    return np.rint(mean).astype(np.int64), np.rint(scale).astype(np.int64)
