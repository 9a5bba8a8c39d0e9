"""What the heart has done until now: level, unrest and waves at several speeds, against the wearer's own past.

Baselines are exponential averages, so no window is kept. The past of the rate is a histogram that forgets by halving;
its quantiles say what is slow and fast for this wearer. Unrest is measured as such and against its own running mean, in
mean absolute deviations, so that neither a fit heart nor a restless one reads as another stage.
"""

from array import array

from evensong_firmware.stager.arithmetic import averaged, clip, log2
from evensong_firmware.stager.rates import BINS

FEATURES = 39
HELD_BINS = 6  # a rate that is not measured is the last one, for 30 s
SPEEDS = (1, 3, 4, 6, 8)  # of the baselines: 2^k bins, from 10 s to 21 minutes
SLOW = (0, 2, 4, 6)  # of averages over epochs: 2^k of them, from 30 s to half an hour
LOWEST_BPM = 30  # of the histogram, by 1 bpm
PLACES = 128
FORGET = 5 * 120 * BINS  # five hours of bins halve it
LEAST_SPREAD_Q6 = 96  # 1.5 bpm
AGO_EPOCHS = 8
FEW, MANY = 8, 512  # epochs that the running mean of a logarithm is worth at first, and at most
ONE = 1024
MOST = 4 * ONE


class Heart:
    """known: whether the last epoch rests on measurement. low_q6, high_q6: tenth and ninetieth percentile of the rate
    so far; mean_q6: of the last epoch."""

    def __init__(self):
        self.known = False
        self.low_q6 = self.high_q6 = self.mean_q6 = 0
        self._rate = 0  # the last, Q6
        self._age = HELD_BINS + 1  # bins since it was measured
        self._base = [0] * len(SPEEDS)  # Q14
        self._past = array("H", bytes(2 * PLACES))
        self._lowest = PLACES  # the first place that holds a rate
        self._total = 0
        self._epochs = 0
        self._level = [0] * len(SLOW)  # Q12
        self._unrest = [0] * 16  # of four quantities, each at the four speeds of SLOW; 1/64 of their units
        self._usual = [0] * 16  # Q16 running mean of their logarithms
        self._unusual = [0] * 16  # Q16 running mean of the deviation from it
        self._ago = array("H", bytes(2 * AGO_EPOCHS))

    def step(self, rates_q6, out, at):
        """Take in an epoch of `Rates.q6` and put `FEATURES` integers, Q10, into out[at:], if it is `known`."""
        base = self._base
        total = number = steps = fast = medium = slow = 0
        for measured in rates_q6:
            if measured:
                self._take(measured)
            else:
                self._age += 1
            rate = measured or self._rate
            if self._age > HELD_BINS:
                continue
            steps += abs(rate - self._rate)
            self._rate = rate
            total += rate
            number += 1
            q14 = rate << 8
            for i in range(5):
                base[i] += (q14 - base[i]) >> SPEEDS[i]
            wave = clip((base[0] - base[1]) >> 9, 1023)
            fast += wave * wave
            wave = clip((base[1] - base[2]) >> 8, 1023)
            medium += wave * wave
            wave = clip((base[2] - base[3]) >> 8, 1023)
            slow += wave * wave
        self.known = number > 0
        if not number:
            return
        self.mean_q6 = total // number
        self._epochs += 1
        for i in range(4):
            self._level[i] = averaged(self._level[i], self.mean_q6 << 6, self._epochs, SLOW[i])
        at = self._put_levels(out, at)
        at = self._put_unrest(0, steps * 16 // number, 416, out, at)
        at = self._put_unrest(1, fast // number, 640, out, at)
        at = self._put_unrest(2, medium // number, 640, out, at)
        self._put_unrest(3, slow // number, 640, out, at)

    def _take(self, rate):
        """A measured rate: into the past, and the very first one everywhere."""
        if not self._total:
            self._rate = rate
            for i in range(len(SPEEDS)):
                self._base[i] = rate << 8
        self._age = 0
        place = max(0, min((rate >> 6) - LOWEST_BPM, PLACES - 1))
        self._past[place] += 1
        self._lowest = min(self._lowest, place)
        self._total += 1
        if self._total > FORGET:
            self._total = 0
            for i in range(PLACES):
                left = (self._past[i] + 1) >> 1
                self._past[i] = left
                self._total += left

    def _quantile(self, tenths, below, i):
        """(Q6 bpm, below, i): as if the rates of a place lay evenly in it; `below` rates lie in the places before i."""
        past, missing = self._past, tenths * self._total
        while 10 * (below + past[i]) < missing:
            below += past[i]
            i += 1
        return (LOWEST_BPM + i << 6) + (missing - 10 * below << 6) // (10 * past[i]), below, i

    def _put_levels(self, out, at):
        mean, base, level = self.mean_q6, self._base, self._level
        low, below, i = self._quantile(1, 0, self._lowest)
        median, below, i = self._quantile(5, below, i)
        high, below, i = self._quantile(9, below, i)
        self.low_q6, self.high_q6 = low, high
        spread = (high - low) * 100 >> 8
        if spread < LEAST_SPREAD_Q6:
            spread = LEAST_SPREAD_Q6
        for i in range(4):
            out[at + i] = clip(((level[i] >> 6) - median) * ONE // spread, MOST)
        ago = self._ago[self._epochs % AGO_EPOCHS] or mean
        self._ago[self._epochs % AGO_EPOCHS] = mean
        out[at + 4] = clip((mean - median) * 2, MOST)  # by 8 bpm
        out[at + 5] = clip((mean - (base[3] >> 8)) * ONE // spread, MOST)
        out[at + 6] = clip((level[1] - level[3] >> 6) * ONE // spread, MOST)
        out[at + 7] = clip((base[3] - base[4] >> 8) * ONE // spread, MOST)
        out[at + 8] = clip((mean - low) * ONE // spread, MOST)
        out[at + 9] = clip((mean - ago) * ONE // spread, MOST)
        out[at + 10] = log2(spread)
        return at + 11

    def _put_unrest(self, quantity, value, floor, out, at):
        """Four logarithms, and how unusual the three faster ones are."""
        for speed in range(4):
            i = 4 * quantity + speed
            self._unrest[i] = averaged(self._unrest[i], value << 6, self._epochs, SLOW[speed])
            log = log2(self._unrest[i] + floor)
            out[at + speed] = log
            if speed < 3:
                out[at + 4 + speed] = unusual(self._usual, self._unusual, i, log, self._epochs)
        return at + 7


def unusual(usual, deviation, i, value, number):
    """Q10: how far `value`, the `number`th of its kind, lies from the running mean usual[i], by the running deviation.

    Both, in Q16, take it in afterwards.
    """
    if number == 1:
        usual[i] = value << 6
        deviation[i] = 700 << 6
    off = value - (usual[i] >> 6)
    result = clip(off * ONE // (deviation[i] >> 6 or 1), MOST)
    worth = number + FEW if number + FEW < MANY else MANY
    usual[i] += ((value << 6) - usual[i]) // worth
    deviation[i] += ((abs(off) << 6) - deviation[i]) // (worth + 16)
    return result
