"""Which of the pulse-like rises were the heart's: the path through them that best trades shape against rhythm.

Dynamic programming as in beat tracking of music (Ellis 2007, J. New Music Research 36: 51-60), but without a global
tempo: each path carries its own interval. A candidate's score is its reward plus the best predecessor's score less a
penalty that grows with the square of the interval's change. Decisions are taken DELAY_MS late, and never revised.

Nothing is allocated, so there are never three assignments in one statement: MicroPython makes a tuple of them. Times
are in milliseconds, and all scores stay far below 2^30.
"""

SLOTS = 32  # candidates that are remembered: six seconds of five a second
SHORTEST_MS = 280
LONGEST_MS = 2000
DELAY_MS = 4000
_BREAK = 60  # penalty of a link that is no interval
_RENORMAL = 1 << 20
_NONE = -1


class BeatPath:
    """Candidates in, beats out. After `take` is True: beat and before are slots of the beat and of the one before it,
    before is -1 if they are not neighbours."""

    TOLD = -1

    def __init__(self):
        self.time = [0] * SLOTS
        self.alike = [0] * SLOTS  # correlation with the template, 0-100
        self.size = [0] * SLOTS  # slope
        self.motion = [0] * SLOTS  # mg
        self.gap = [0] * SLOTS
        self._reward = [0] * SLOTS
        self._score = [0] * SLOTS
        self._pred = [_NONE] * SLOTS
        self._tau = [0] * SLOTS
        self._linked = [0] * SLOTS
        self._count = 0  # candidates so far, at most SLOTS
        self._next = 0
        self._last = _NONE  # slot of the last beat that came out
        self._last_time = 0
        self._due = 0  # before which no beat is decided
        self.beat = _NONE
        self.before = _NONE

    def add(self, time, alike, size, motion, reward, expected, gap):
        """A candidate, later than all before. expected: interval that is known from elsewhere, 0 if none.
        gap: ms to where a beat was told from elsewhere; TOLD if that is all that it is."""
        j = self._next
        self._link(j, time, expected)
        self.time[j] = time
        self.alike[j] = alike
        self.size[j] = size
        self.motion[j] = motion
        self.gap[j] = gap
        self._reward[j] = reward
        scores = self._score
        scores[j] += reward
        if scores[j] > _RENORMAL:
            for i in range(SLOTS):
                scores[i] -= _RENORMAL // 2
        if self._last == j:
            self._last = _NONE
        self._next = (j + 1) % SLOTS
        if self._count < SLOTS:
            self._count += 1

    def _link(self, j, time, expected):
        """Find the predecessor of slot j, going back from the latest."""
        times = self.time
        scores = self._score
        taus = self._tau
        best = linked = 0
        pred = _NONE
        tau = expected
        i = j
        for _ in range(self._count):
            i = (i - 1) % SLOTS
            if i == j:
                break
            delta = time - times[i]
            if delta < SHORTEST_MS:
                continue
            if delta > LONGEST_MS:
                if scores[i] - _BREAK > best:
                    best = scores[i] - _BREAK
                    pred = i
                    tau = expected
                    linked = 0
                if delta > DELAY_MS:
                    break
                continue
            score = scores[i] - _unrest(delta, expected or taus[i])
            if score > best:
                best = score
                pred = i
                linked = 1
                tau = taus[i]
                # A rhythm that changes at once, as from every other beat to each, is a new one; else paths to it die.
                tau = (tau * 3 + delta) // 4 if tau and _unrest(delta, tau) < 12 else delta
        taus[j] = tau
        self._pred[j] = pred
        self._linked[j] = linked
        scores[j] = best

    def take(self, now):
        """True if a beat is decided; call again until False."""
        if not self._count or now < self._due:
            return False
        times, preds = self.time, self._pred
        first = k = self._head()
        found = False
        since = self._last_time + SHORTEST_MS
        for _ in range(self._count):  # back to the first beat that has not come out
            p = preds[k]
            if k == self._last or (times[k] < since):
                break
            first = k
            found = True
            if p == _NONE or times[p] >= times[k]:  # overwritten since
                break
            k = p
        if not found or now - times[first] < DELAY_MS:
            self._due = times[first] + DELAY_MS if found else now + LONGEST_MS // 8
            return False
        self.before = self._last if k == self._last and self._linked[first] else _NONE
        self.beat = first
        self._last = first
        self._last_time = times[first]
        return True

    def clear(self):
        """Forget every candidate."""
        self._count = self._next = 0
        self._last = _NONE

    def rebase(self, by):
        """Count time from `by` later on."""
        for i in range(SLOTS):
            self.time[i] -= by
        self._last_time -= by
        self._due -= by

    def _head(self):
        scores = self._score
        head = 0
        for i in range(1, self._count):
            if scores[i] > scores[head]:
                head = i
        return head

    def rival(self):
        """The greatest reward of a candidate that lies strictly between the beat and the one before, at least 0."""
        low, high = self.time[self.before], self.time[self.beat]
        most = 0
        for i in range(self._count):
            if low < self.time[i] < high and self._reward[i] > most:
                most = self._reward[i]
        return most


def _unrest(delta, rhythm):
    """What an interval costs that is not the rhythm's; 0 if there is no rhythm yet."""
    if not rhythm:
        return 0
    change = (delta - rhythm) * 100 // rhythm
    if change < 0:
        change = -change
    return change * change // 80 if change < 60 else 45
