"""The live stager, fed as a night goes on: each step uses what was measured until its epoch's end, nothing later.

    live = Live(weights)                    # bytes, see `network`; they are read in place
    live.lights_off()                       # when the button says so, before the step of that epoch
    live.rates.beat(place, ibi_ms, quality) # each beat, in order; place: its 5 s bin in the epoch, 0 to 5
    live.rates.reading(place, hr_q4)        # or a heart rate that a sensor gives
    stage = live.step(count_q8, worn)       # at the epoch's end: count in 1/256, or -1; worn all through
    live.p                                  # wake, light, deep, rem in 1/10000

Stages are 0 wake, 1 light, 2 deep, 3 rem, 4 unknown: without a heart beat in the epoch, off the wrist, up, or if the
largest probability lies below the threshold in the weights. `likeliest` is the most probable stage in any case. An
epoch in which nothing was measured must be stepped through as well: `live.step(-1, worn)`.
"""

from evensong_firmware.stager import heart, movement
from evensong_firmware.stager.arithmetic import exp2, log2
from evensong_firmware.stager.bed import Bed
from evensong_firmware.stager.network import Network
from evensong_firmware.stager.rates import Rates

UNKNOWN = 4
WHOLE = 10000
TIME_FEATURES = 4
FEATURES = heart.FEATURES + movement.FEATURES + TIME_FEATURES
CYCLE = 186  # epochs of a sleep cycle, 1.55 h
LONGEST = 12 * 120
STILL_TENTHS = 5  # how much of the logarithms is kept without movement for an hour


class Live:
    """rates: takes the epoch's beats. p: (4,) of the last step. likeliest: its most probable stage. bed: see `Bed`."""

    def __init__(self, weights):
        self.rates = Rates()
        self.bed = Bed()
        self.p = [0] * 4
        self.likeliest = 0
        self._heart = heart.Heart()
        self._movement = movement.Movement()
        self._network = Network(weights)
        if len(self._network.features) != FEATURES:
            raise ValueError("these weights are for other features")
        self._threshold = weights[8] | weights[9] << 8

    def lights_off(self):
        """The wearer said so; the epoch goes on."""
        self.bed.lights_off()

    def rise(self):
        """The wearer got up; the epoch goes on."""
        self.bed.rise()

    def step(self, count_q8, worn):
        """The epoch is over. Returns its stage."""
        self.measure(count_q8, worn)
        network = self._network
        network.standardise(0, heart.FEATURES, self._heart.known)
        network.standardise(heart.FEATURES, FEATURES - TIME_FEATURES, self._movement.known)
        network.standardise(FEATURES - TIME_FEATURES, FEATURES, True)
        network.step()
        merge(network.logits, self.p)
        if self._movement.silent == movement.LONG:
            doubt(self.p)
        self.likeliest = share(self.p)
        if not self._heart.known or not worn or self.bed.since < 0 or self.p[self.likeliest] < self._threshold:
            return UNKNOWN
        return self.likeliest

    @property
    def known(self):
        """Whether the last epoch's heart, its movement, and any movement in the last hour are known."""
        return self._heart.known, self._movement.known, self._movement.silent < movement.LONG

    def measure(self, count_q8, worn):
        """The part of `step` before the network, for training: the epoch's features, Q10, which are returned."""
        rates, features = self.rates, self._network.features
        rates.close()
        if not worn:
            count_q8 = -1
            for i in range(len(rates.q6)):
                rates.q6[i] = 0
        self._heart.step(rates.q6, features, 0)
        self._movement.step(count_q8, features, heart.FEATURES)
        self.bed.step(count_q8, worn, self._heart)
        put_time(self.bed.since, features, FEATURES - TIME_FEATURES)
        return features


def merge(logits, logs):
    """Put the logarithms of wake, light, deep, rem, Q10, into logs: the first two stages of sleep are light."""
    one, two = logits[1], logits[2]
    logs[0] = logits[0]
    logs[1] = max(one, two) + log2(65536 + exp2(-abs(one - two))) - (16 << 10)
    logs[2] = logits[3]
    logs[3] = logits[4]


def doubt(logs):
    """Without movement wake is hard to tell: every probability is tempered, and what is likeliest stays so."""
    for i in range(4):
        logs[i] = logs[i] * STILL_TENTHS // 10


def share(p):
    """Logarithms to base two in Q10, which become probabilities in 1/10000; returns the most probable."""
    most = max(p)
    total = 0
    for i in range(4):
        p[i] = exp2(p[i] - most) >> 2
        total += p[i]
    left = WHOLE
    likeliest = 0
    for i in range(4):
        p[i] = p[i] * WHOLE // total
        left -= p[i]
        if p[i] > p[likeliest]:
            likeliest = i
    p[likeliest] += left
    return likeliest


def put_time(since, out, at):
    """Four features, Q10, of the epochs since lights-off: hours by 4, exp(-3 hours), sine and cosine of the cycle."""
    since = min(max(since, 0), LONGEST)
    out[at] = since * 1024 // 480
    out[at + 1] = exp2(-(since * 3693 // 100)) >> 6
    out[at + 2] = _sine(2 * since)
    out[at + 3] = _sine(2 * since + CYCLE // 2)


def _sine(halves):
    """Q10 sine of an angle in half epochs, by Bhaskara's 16 u (1 - u) / (5 - 4 u (1 - u))."""
    u = halves % CYCLE * 1024 // CYCLE
    product = u * (1024 - u) >> 6
    size = (product << 14) // ((5 << 14) - 4 * product)
    return -size if halves // CYCLE & 1 else size
