"""Multinomial logistic regression with an L2 penalty, by Newton's method, and its integers.

The problem has a few hundred parameters and is convex: no library is needed, and the result does not depend on a seed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CLASSES = 4
PENALTY = 0.02  # the weight of the data against the penalty, scikit-learn's C
PRIOR_SHIFT = 0.25  # how far the intercept moves from the class shares towards equal shares
_STEPS = 30
_TOLERANCE = 1e-6


def fit(x: Floats, y: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Weights (4, k) and intercepts (4,) that minimise PENALTY * sum(-log p) + |weights|^2 / 2.

    x: (n, k) standardised features. y: (n,) classes 0 to 3. Intercepts are not penalised.
    """
    n, k = x.shape
    design = np.hstack([x, np.ones((n, 1))])
    target = np.eye(CLASSES)[y]
    ridge = np.tile(np.append(np.ones(k), 1e-9), CLASSES)  # the last term keeps the Hessian regular
    theta = np.zeros((CLASSES, k + 1))
    for _ in range(_STEPS):
        p = softmax(design @ theta.T)
        gradient = (PENALTY * (p - target).T @ design).ravel() + ridge * theta.ravel()
        hessian = np.diag(ridge)
        for i in range(CLASSES):
            for j in range(CLASSES):
                weight = PENALTY * p[:, i] * ((i == j) - p[:, j])
                rows, columns = slice(i * (k + 1), (i + 1) * (k + 1)), slice(j * (k + 1), (j + 1) * (k + 1))
                hessian[rows, columns] += (design * weight[:, None]).T @ design
        step = np.linalg.solve(hessian, gradient).reshape(theta.shape)
        theta -= step
        if np.abs(step).max() < _TOLERANCE:
            break
    shares = np.bincount(y, minlength=CLASSES) / n
    return theta[:, :k], theta[:, k] - PRIOR_SHIFT * np.log(np.maximum(shares, 1e-6))


def softmax(scores: Floats) -> Floats:
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))
