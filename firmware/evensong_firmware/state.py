"""What a boot must know after a power loss, kept as the bytes that every checkpoint begins with.

Not the samples: those follow it in the checkpoint. The setters change memory only; the spool's `checkpoint` makes it
durable. UTC is kept as raw bytes, because its integer would be allocated on a 32-bit chip.
"""

from evensong_firmware.ring import get16, get24, put16, put24

INCARNATION = 0
BOOT_ID = 4
NEXT_SEQ = 6
SAMPLED = 9
STORED = 12  # of the samples taken, those in frames that the spool holds or held
DROPPED = 15  # of these, those in frames that found the spool full
UNREPORTED = 18  # dropped, and no SPOOL_FULL event told of it yet; the only counter that outlives its boot
CLOSED = 21  # for each of the three streams: 1 + number of the last frame that closed, 0: none
T_S = 30
T_MS = 33
ACK_BOOT = 35
ACK_SEQ = 37
UTC = 40
UTC_T_S = 44
UTC_UNCERTAINTY = 47
STATE = 49


class State:
    """raw: STATE bytes, laid out as above, little endian. raw_incarnation: a view of its first four."""

    def __init__(self):
        self.raw = bytearray(STATE)
        self.raw_incarnation = memoryview(self.raw)[INCARNATION : INCARNATION + 4]

    def begin(self, boot_id):
        """Numbers, counters and device time start again; incarnation, acknowledgement and UTC stay."""
        raw = self.raw
        put16(raw, BOOT_ID, boot_id)
        for i in range(NEXT_SEQ, ACK_BOOT):
            if not UNREPORTED <= i < CLOSED:
                raw[i] = 0

    @property
    def boot_id(self):
        return get16(self.raw, BOOT_ID)

    @property
    def next_seq(self):
        return get24(self.raw, NEXT_SEQ)

    @property
    def sampled(self):
        return get24(self.raw, SAMPLED)

    @property
    def stored(self):
        return get24(self.raw, STORED)

    @property
    def dropped(self):
        return get24(self.raw, DROPPED)

    @property
    def unreported(self):
        return get24(self.raw, UNREPORTED)

    @property
    def t_s(self):
        """Device time of the last checkpoint, whole seconds."""
        return get24(self.raw, T_S)

    @property
    def t_ms(self):
        return get16(self.raw, T_MS)

    def set_time(self, t_s, t_ms):
        put24(self.raw, T_S, t_s)
        put16(self.raw, T_MS, t_ms)

    def count(self, samples):
        """So many samples more were taken."""
        put24(self.raw, SAMPLED, get24(self.raw, SAMPLED) + samples)

    def told(self):
        """An event has told how many samples were dropped."""
        put24(self.raw, UNREPORTED, 0)

    def utc(self):
        """(unix seconds, device time in s at which they were right, uncertainty in s); 0 s: never known."""
        raw = self.raw
        return get16(raw, UTC) | get16(raw, UTC + 2) << 16, get24(raw, UTC_T_S), get16(raw, UTC_UNCERTAINTY)

    def set_utc(self, utc_s, t_s, uncertainty_s):
        put16(self.raw, UTC, utc_s & 0xFFFF)
        put16(self.raw, UTC + 2, utc_s >> 16)
        put24(self.raw, UTC_T_S, t_s)
        put16(self.raw, UTC_UNCERTAINTY, uncertainty_s)
