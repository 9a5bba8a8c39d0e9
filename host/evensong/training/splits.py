"""Who trains and who tests: the only place where nights are divided, always by whole subjects."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fold:
    train: tuple[str, ...]
    test: tuple[str, ...]


def folds(subjects: Collection[str], number: int, seed: int) -> list[Fold]:
    """`number` folds; every subject is tested in exactly one and trained on in the others.

    The order is drawn by hashing the seed with each name, so it depends on neither library nor platform nor the order
    of `subjects`. At least two folds, at most one per subject.
    """
    if not 2 <= number <= len(set(subjects)):
        raise ValueError(f"{number} folds of {len(set(subjects))} subjects")
    order = _drawn(subjects, seed)
    tests = [tuple(sorted(order[i::number])) for i in range(number)]
    return [Fold(tuple(sorted(set(order) - set(test))), test) for test in tests]


def at_most(fold: Fold, number: int, seed: int) -> Fold:
    """The fold with no more than `number` of its subjects to train on, drawn as those of `folds` are."""
    return Fold(tuple(sorted(_drawn(fold.train, seed)[:number])), fold.test)


def _drawn(subjects: Collection[str], seed: int) -> list[str]:
    return sorted(set(subjects), key=lambda name: hashlib.sha256(f"{seed}/{name}".encode()).digest())
