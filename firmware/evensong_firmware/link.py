"""One connection's words with a hub, the same on BLE and on a serial line: bytes in, bytes out, no input or output.

    hub: HUB_HELLO        device: CHALLENGE; without a key, if its settings allow it, HELLO at once
    hub: PROOF            device: HELLO, and from here on every frame both ways is sealed
    hub: RESUME_FROM      device: numbered frames from the spool, in its order, from there on
    hub: ACK              the spool forgets
    device: TIME_REQUEST  after the hello and every twenty minutes; hub: TIME_REPLY
    hub: COMMAND          device: REPLY

Invariants: to a hub that has not proved the key nothing is said but a challenge and a refusal; nothing numbered leaves
before RESUME_FROM nor after `close`; whatever the hub writes, nothing is raised and nothing is forgotten that was
neither sent nor, by RESUME_FROM, said to be there already. Words that are damaged, unknown or out of turn are passed
over."""

from evensong_firmware import wire
from evensong_firmware.clock import MAX_UTC_S, between_ms
from evensong_firmware.conduct import OBEY
from evensong_firmware.guard import Guard
from evensong_firmware.spool import Cursor

VERSION = (0, 1, 0)
TIME_EVERY_S = 1200
MAX_REPLIES = 4  # commands that wait for their reply; further ones are passed over
STRANGER_S = 20  # so long a connection may last that proves nothing
DONE, REFUSED, UNKNOWN = 0, 1, 2


class Session:
    """Used again for one connection after the other: `open`, then `receive` and `fill`, then `close`."""

    def __init__(self, recorder, clock, board, config, conduct):
        self._spool = recorder.spool
        self._out = self._spool.found  # the frame that is to leave
        self._recorder = recorder
        self._clock = clock
        self._board = board
        self._config = config
        self._conduct = conduct
        self._guard = Guard(conduct.keys, board, config)
        self._receiver = wire.Receiver()
        self._packed = bytearray(wire.MAX_PACKED_BYTES)
        self._cursor = Cursor()
        self._replies = []
        self._token = 0
        self.open()

    def open(self):
        self._receiver.reset()
        self._guard.reset()
        self._opened_s = self._clock.t_s
        self._challenge_due = False
        self._refusal = 0  # of the wire's Refused, when it is due
        self._seq = 0  # of unnumbered frames
        self._packed_n = self._packed_at = 0  # the frame that is leaving
        self._greeted = False
        self._hello_due = False
        self._resumed = False
        self._asked_s = -TIME_EVERY_S  # device time of the last TIME_REQUEST
        self._asked_ms = 0
        self._waiting = False  # for its reply
        self._replies.clear()

    def close(self):
        """The connection is gone."""
        self.open()
        self._recorder.live = False

    def proven(self):
        """True if the other end may hear everything."""
        return self._guard.proven

    def overstays(self):
        """True if the other end has had its time to prove itself, and did not."""
        return not self._guard.proven and not 0 <= self._clock.t_s - self._opened_s < STRANGER_S

    # --- from the hub ---

    def receive(self, chunk):
        """Take bytes as they came, cut anywhere."""
        for byte in chunk:
            if self._receiver.feed(byte):
                frame = self._receiver.buffer
                n = self._guard.admit(frame, self._receiver.length)
                if n and wire.is_complete(frame, n):
                    self._hear(frame)

    def _hear(self, frame):
        kind = wire.header_kind(frame)
        if self._guard.proven:
            self._conduct.heard_s = self._clock.t_s
        if kind == wire.KIND_HUB_HELLO:
            self._greeted = True
            self._hello_due = self._guard.hello(wire.hub_hello_hub_id(frame))
            self._challenge_due = not self._hello_due
            self._refusal = 0
            self._resumed = False  # on a serial line this may be another hub
        elif kind == wire.KIND_PROOF:
            self._prove(frame)
        elif kind == wire.KIND_RESUME_FROM:
            boot_id, seq = wire.resume_from_wanted_boot_id(frame), wire.resume_from_wanted_seq(frame)
            self._spool.rewind(self._cursor, boot_id, seq)
            self._resumed = True
        elif kind == wire.KIND_ACK:
            if self._resumed:
                self._spool.acknowledge(wire.ack_acked_boot_id(frame), wire.ack_acked_seq(frame), self._cursor)
        elif kind == wire.KIND_TIME_REPLY:
            self._set_clock(frame)
        elif kind == wire.KIND_COMMAND and len(self._replies) < MAX_REPLIES:
            status, body = self._obey(wire.command_code(frame), wire.command_arg(frame))
            self._replies.append((wire.command_token(frame), status, body.encode()[:200]))

    def _prove(self, frame):
        by_label = wire.proof_by_label(frame) == 1
        refusal = self._guard.prove(by_label, wire.proof_challenge(frame), wire.proof_proof(frame), self._clock.t_s)
        if refusal == 0:
            self._hello_due = True
        elif refusal > 0:
            self._refusal = refusal

    def _set_clock(self, frame):
        """Half of the round trip is the most that the reply can be late or early."""
        if not self._waiting or wire.time_reply_token(frame) != self._token:
            return
        self._waiting = False
        clock = self._clock
        clock.read()
        trip_ms = between_ms(self._asked_s, self._asked_ms, clock.t_s, clock.t_ms)
        if trip_ms < 0:  # device time began again meanwhile
            return
        ms = wire.time_reply_utc_ms(frame) + trip_ms // 2
        utc_s = (wire.time_reply_utc_s_low(frame) | wire.time_reply_utc_s_high(frame) << 16) + ms // 1000
        utc_s = min(MAX_UTC_S, utc_s)
        uncertainty_s = min(65534, (wire.time_reply_uncertainty_ms(frame) + trip_ms // 2) // 1000 + 1)
        before_s = clock.utc()[0]
        clock.set_utc(utc_s, uncertainty_s)
        self._spool.state.set_utc(utc_s, clock.t_s, uncertainty_s)
        self._board.keep_utc(utc_s)
        self._conduct.told(utc_s - before_s if before_s else 0)

    def _obey(self, code, arg):
        """(status, body) of the reply."""
        if code == wire.COMMAND_FLUSH:
            self._clock.read()
            self._recorder.flush()
            self._recorder.status()
        elif code == wire.COMMAND_LIVE:
            if arg and arg[0] and self._conduct.plan:
                return REFUSED, "tonight's plan has no live view"
            self._recorder.live = bool(arg and arg[0])
        elif code == wire.COMMAND_STATUS:
            self._clock.read()
            self._recorder.status()
        elif code == wire.COMMAND_CONFIGURE:
            problem = self._config.change(arg)
            if problem:
                return REFUSED, problem
        elif code == wire.COMMAND_ROTATE:
            if not self._guard.rotate():
                return REFUSED, "the key stays"
        elif code >= wire.COMMAND_SELFTEST:
            from evensong_firmware import care

            return care.obey(code, arg, self._board, self._recorder)
        else:
            return self._conduct.errand(OBEY, (code, arg))
        return DONE, ""

    # --- to the hub ---

    def fill(self, chunk, limit):
        """Write the next bytes into chunk[:limit]; returns how many, 0 if there is nothing to say for now."""
        n = 0
        packed = self._packed
        while n < limit:
            if self._packed_at == self._packed_n and not self._pack_next():
                break
            at = self._packed_at
            size = min(limit - n, self._packed_n - at)
            for i in range(size):
                chunk[n + i] = packed[at + i]
            self._packed_at = at + size
            n += size
        return n

    def _pack_next(self):
        """Pack the next frame there is; False if there is none."""
        self._packed_at = self._packed_n = 0
        if not self._greeted:
            return False
        if self._challenge_due:
            self._challenge_due = False
            self._pack(self._guard.put_challenge(self._out, self._begin_open(wire.KIND_CHALLENGE), self._clock.t_s))
        elif self._refusal:
            self._pack(wire.put_refusal(self._out, self._begin_open(wire.KIND_REFUSAL), self._refusal))
            self._refusal = 0
        elif not self._guard.proven:
            return False
        elif self._hello_due:
            self._hello_due = False
            self._pack(self._hello())
        elif self._replies:
            token, status, body = self._replies.pop(0)
            self._pack(wire.put_reply(self._out, self._begin(wire.KIND_REPLY), token, status, body))
        elif not 0 <= self._clock.t_s - self._asked_s < TIME_EVERY_S:
            self._pack(self._time_request())
        elif self._resumed:
            n = self._spool.read(self._cursor)
            if n:
                self._pack(n - wire.CRC_BYTES)
        return self._packed_n > 0

    def _begin(self, kind):
        state, clock = self._spool.state, self._clock
        clock.read()
        seq = self._seq
        self._seq = seq + 1 & 0xFFFFFF
        return wire.begin(self._out, 0, kind, state.raw_incarnation, state.boot_id, seq, clock.t_s, clock.t_ms)

    def _begin_open(self, kind):
        """Of a frame for whoever hears it: nothing in it tells of the wearer."""
        return wire.begin(self._out, 0, kind, bytes(4), 0, 0, 0, 0)

    def _pack(self, end):
        """Pack the frame whose payload ends here, sealed once the hub is proven."""
        out = self._out
        if self._guard.outgoing is not None:
            end = self._guard.outgoing.seal(out, end)
        self._packed_n = wire.cobs(out, wire.finish(out, end), self._packed)

    def _time_request(self):
        at = self._begin(wire.KIND_TIME_REQUEST)
        self._token = self._token + 1 & 0xFFFF
        self._asked_s = self._clock.t_s
        self._asked_ms = self._clock.t_ms
        self._waiting = True
        return wire.put_time_request(self._out, at, self._token)

    def _hello(self):
        board, spool = self._board, self._spool
        first_boot_id, first_seq = spool.first()
        at = self._begin(wire.KIND_HELLO)
        utc_s, utc_uncertainty_s = self._clock.utc()
        battery_mv, battery_pct = board.battery()
        return wire.put_hello(
            self._out,
            at,
            board.device_id,
            wire.MINOR,
            *VERSION,
            board.capabilities,
            battery_mv,
            battery_pct,
            first_boot_id,
            first_seq,
            spool.state.next_seq,
            utc_s >> 16,
            utc_s & 0xFFFF,
            utc_uncertainty_s,
            board.name.encode(),
            self._config.name(board).encode(),
        )
