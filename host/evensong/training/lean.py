"""How far the probabilities lean to what is rare: kappa counts by chance, so the argmax of exact ones says too little
wake and REM. Deep and light sleep lean alike: deep alone, as rare as it is, would be said of too much light sleep."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEAN = 0.25  # power of the shares of wake, NREM and REM by which probabilities are divided

Floats = NDArray[np.float64]


def lean(shares: Floats) -> Floats:
    """(4,) natural logarithms to add to those of wake, light, deep, REM. shares: (4,) of the training nights."""
    nrem = shares[1] + shares[2]
    return np.asarray(-LEAN * np.log([shares[0], nrem, nrem, shares[3]]))
