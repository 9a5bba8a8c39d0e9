"""What models of accelerometers share: samples at the rate of their own oscillator, and a self-test's force."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from .chip import Chip

Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.int16]
LOOK_US = 1_000_000  # between two looks at a motion detector
_AHEAD = 2048  # samples that are looked up at once


class Accelerometer(Chip):
    """mg(t_us): acceleration at these world times, shape (n, 3). force_mg: what the self-test adds on each axis.

    A model says `rate_hz`, whether the force is `forced`, which `words` its converter makes of samples, and what it
    does with them: `take`. Samples are looked up and converted many at once, so a write to a model's registers must
    make the words `stale`.
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

    def words(self, mg: Floats) -> Words:
        """A row for each sample, in the chip's order of bytes."""
        raise NotImplementedError

    def take(self, mg: Floats, words: Words) -> None:
        """The next samples, whose first is taken at `time_us(0)`."""
        raise NotImplementedError

    def stale(self) -> None:
        self._words: Words | None = None

    def restart(self, now_us: int) -> None:
        """A change of mode or rate begins a new series of samples."""
        rate_hz = self.rate_hz()
        self.period_us = 1e6 / rate_hz / (1 + self.ppm / 1e6) if rate_hz else 0.0
        self._from_us = float(now_us)
        self._taken = self._ahead = 0
        self._samples = self._forced = np.zeros((0, 3))
        self.stale()
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
                self.stale()
                continue
            if self._words is None:
                self._forced = self._samples + self._force_mg if self.forced() else self._samples
                self._words = self.words(self._forced)
            i = self._taken - self._ahead
            self.take(self._forced[i : i + n], self._words[i : i + n])
            self._taken += n
            due -= n
