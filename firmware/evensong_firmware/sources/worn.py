"""Whether it is worn: what the other sources see, a second at a time, and the charger."""

from evensong_firmware.boards import WEAR
from evensong_firmware.ring import put16, put24
from evensong_firmware.sense.wear import CHARGING, OFF, UNKNOWN, Wear

_RATE_HZ = 100  # of light
_MOST_S = 60  # of light between two polls that count
# After so long a light without a pulse is no skin: 10 s until samples are dated, 7 s until a beat is told.
_IN_VAIN_S = 30


class Worn:
    """charging: a function. Seconds are those in which light was measured: in a gap or a rest nothing is learnt."""

    def __init__(self, pulse, skin, charging):
        self._pulse = pulse
        self._skin = skin
        self._charging = charging
        self._wear = Wear()
        self._told = UNKNOWN
        self._vain_s = 0  # off the wrist, but in light

    def read_into(self, buf, t_s, t_ms):
        pulse, wear = self._pulse, self._wear
        charging = self._charging()
        cdeg = self._skin.cdeg
        if charging != (wear.state == CHARGING) or (pulse.dark and wear.state != OFF):
            wear.add(0 if pulse.dark else 1, 0, 0, 0, cdeg, charging)
        seconds = min(pulse.seen // _RATE_HZ, _MOST_S)
        pulse.seen -= seconds * _RATE_HZ
        for _ in range(seconds):
            wear.add(pulse.level, pulse.swing(), pulse.vouched, pulse.motion_mg(), cdeg, charging)
            pulse.vouched = 0
        self._vain_s = self._vain_s + seconds if seconds and wear.state == OFF else 0
        if self._vain_s > _IN_VAIN_S:
            pulse.looked = True
        if wear.state == self._told:
            return 0
        self._told = wear.state
        put24(buf, 0, t_s)
        put16(buf, 3, t_ms | WEAR << 10)
        buf[5] = self._told
        put16(buf, 6, 0)
        return 1

    def restart(self, t_s, t_ms):
        """Nothing here counts from a boot's start."""
