"""What a beat is worth: the logarithm of the odds that it and the one before are beats, and neighbours, in integers.

Weights are those of logistic regressions on synthetic waveforms of real beats under band-limited noise, built movement
and exercise, at signal-to-noise ratios from 10 to -12 dB; `tests/benchmarks/odds.py` makes those of beats that the
tempo guides. Ten points are one unit of log odds; 50, from where a beat is vouched for, are odds of 4 to 1 of the whole
interval there. Under movement good beats come in runs and lucky ones alone, so there a beat is worth no more than it
and those before it on average; which takes some four points, and guided beats are given them.
"""

_STILL = -1410
_UNSURE = -1160
_SURE = -727
_ALONE = 30  # quality that a beat brings along which follows none
_STEPS = 320  # odds of 7 to 1 that what has the rhythm of movement is movement


class Voucher:
    """Remembers, over some beats, how alike the template shapes were and how restless the rhythm."""

    def __init__(self):
        self._alike_q4 = 90 * 16
        self._unrest_q4 = 5 * 16
        self._ibi_ms = 0
        self._run = _ALONE  # quality, averaged over beats that follow one another

    def forget_rhythm(self):
        self._ibi_ms = 0
        self._run = _ALONE if self._run > _ALONE else self._run

    def quality(self, path, ibi_ms, moving, tempo, sure):
        """0-100 for the path's latest beat and its interval. tempo: what follows movement, or None; sure: it
        has guided the beat."""
        k, p = path.beat, path.before
        told = (path.gap[k] == path.TOLD) + (path.gap[p] == path.TOLD)
        alike = path.alike[k]
        if path.gap[k] == path.TOLD:
            alike = 60 if told == 2 else path.alike[p]
        else:
            self._alike_q4 += (alike * 16 - self._alike_q4) >> 2
            if path.gap[p] != path.TOLD and path.alike[p] < alike:
                alike = path.alike[p]
        unrest = change(ibi_ms, self._ibi_ms, 60) if self._ibi_ms else 10
        self._unrest_q4 += (unrest * 16 - self._unrest_q4) >> 2
        self._ibi_ms = ibi_ms
        motion = path.motion[k] if path.motion[k] > path.motion[p] else path.motion[p]
        motion = 400 if motion > 400 else motion
        alikes, unrests = self._alike_q4, self._unrest_q4
        if not moving:
            odds = alike * 103 - path.rival() * 67 - unrest * 153 + alikes * 13 - unrests * 17
            odds = _STILL + (odds >> 4)
        elif not sure:
            odds = alike * 101 - path.rival() * 93 - unrest * 145 - motion * 5 + alikes * 8 - unrests * 8
            odds = _UNSURE + (odds >> 4)
            if tempo and alikes < 90 * 16 and tempo.on_a_line(ibi_ms):
                odds -= _STEPS
        else:
            off = change(ibi_ms, tempo.period_ms, 30)
            odds = alike * 9 - told * 2458 - unrest * 93 - off * 370 + tempo.sure * 48
            odds = _SURE + (odds + alikes * 9 - unrests * 9 >> 4)
        quality = 50 + (odds >> 4)
        quality = 0 if quality < 0 else 100 if quality > 100 else quality
        self._run = run = self._run + quality >> 1
        return run if moving and run < quality else quality


def change(interval, of, most):
    """By how many percent two intervals differ, at most `most`."""
    percent = (interval - of) * 100 // of
    percent = -percent if percent < 0 else percent
    return percent if percent < most else most
