"""What models of accelerometers share: samples at the rate of their own oscillator, and a self-test's force."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from .chip import Chip

Floats = npt.NDArray[np.float64]
LOOK_US = 1_000_000  # between two looks at a motion detector
_AHEAD = 2048  # samples that are looked up at once


class Accelerometer(Chip):
    """mg(t_us): acceleration at these world times, shape (n, 3). force_mg: what the self-test adds on each axis.

    A model says `rate_hz`, whether the force is `forced`, and what becomes of samples: `take`.
    """

    def __init__(
        self, mg: Callable[[Floats], Floats], *, address: int, force_mg: Sequence[float], **chip: object
    ) -> None:
        super().__init__(address=address, **chip)  # type: ignore[arg-type]
        self._mg = mg
        self._force_mg = np.array(force_mg, np.float64)
        self.power_on(0)

    def rate_hz(self) -> float:
        """As the registers say; 0: it takes none."""
        raise NotImplementedError

    def forced(self) -> bool:
        raise NotImplementedError

    def take(self, mg: Floats) -> None:
        """The next samples, whose first is taken at `time_us(0)`."""
        raise NotImplementedError

    def restart(self, now_us: int) -> None:
        """A change of mode or rate begins a new series of samples."""
        rate_hz = self.rate_hz()
        self.period_us = 1e6 / rate_hz / (1 + self.ppm / 1e6) if rate_hz else 0.0
        self._from_us = float(now_us)
        self._taken = self._ahead = 0
        self._samples = np.zeros((0, 3))
        self.reference: Floats | None = None  # what the motion detector compares with

    def time_us(self, n: int) -> float:
        """When the sample n behind the last is taken."""
        return self._from_us + (self._taken + n) * self.period_us

    def sample_until(self, now_us: int) -> None:
        if not self.period_us:
            return
        due = int((now_us - self._from_us) / self.period_us) - self._taken
        while due > 0:
            n = min(due, self._ahead + len(self._samples) - self._taken)
            if n <= 0:
                at_us = self._from_us + (self._taken + 1 + np.arange(_AHEAD, dtype=np.float64)) * self.period_us
                self._ahead = self._taken
                self._samples = self._mg(at_us)
                continue
            i = self._taken - self._ahead
            mg = self._samples[i : i + n]
            self.take(mg + self._force_mg if self.forced() else mg)
            self._taken += n
            due -= n
