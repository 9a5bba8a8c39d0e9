# What authentication costs a frame: `link_cost.py TURNS open|sealed` plays that many polls as `steady_state.py` does,
# and hands every frame to a hub that acknowledges each, over a session that is open or sealed. Prints a JSON object:
# frames sent, bytes that they were, and bytes that the session allocated for them if `count` follows: then garbage is
# collected before each frame, else when the firmware's own threshold says so. The hub's words are made beforehand.
import gc
import json
import sys

from steady_state import Board, Config, Nor, PollClock

from evensong_firmware import sealing, wire
from evensong_firmware.conduct import Conduct
from evensong_firmware.config import DEFAULTS
from evensong_firmware.keys import Keys
from evensong_firmware.link import Session
from evensong_firmware.recorder import Recorder, stream_of
from evensong_firmware.sampler import Sampler
from evensong_firmware.spool import Spool

ACKS = 120
MTU = 247


class LinkBoard(Board):
    name = "bench"
    device_id = bytes(8)
    capabilities = 7


class LinkConfig(Config):
    values = dict(DEFAULTS, open=1)

    @staticmethod
    def name(board):
        return board.name


class Hub:
    """Its words, packed; sealed after `prove` if there is a key."""

    def __init__(self, sealed):
        self._buffer = bytearray(wire.MAX_SEALED_BYTES)
        self._packed = bytearray(wire.MAX_PACKED_BYTES)
        self._sealed = sealed
        self._out = None

    def say(self, kind, payload):
        buffer = self._buffer
        at = wire.begin(buffer, 0, kind, bytes(4), 0, 0, 0, 0)
        buffer[at : at + len(payload)] = payload
        end = at + len(payload)
        if self._out is not None:
            end = self._out.seal(buffer, end)
        return bytes(self._packed[: wire.cobs(buffer, wire.finish(buffer, end), self._packed)])

    def meet(self, session, keys, chunk):
        session.receive(self.say(wire.KIND_HUB_HELLO, bytes(9)))
        while session.fill(chunk, MTU):
            pass
        if self._sealed:
            context = sealing.context_of(bytes(8), bytes(8), keys.epoch, 0)
            secrets = sealing.Secrets(keys.key, bytes(2 * sealing.CHALLENGE), context)
            session.receive(self.say(wire.KIND_PROOF, bytes(1 + sealing.CHALLENGE) + secrets.proof()))
            self._out = secrets.to_device()
            while session.fill(chunk, MTU):
                pass


def main():
    board = LinkBoard()
    clock = PollClock()
    recorder = Recorder(Spool(Nor(), board.entropy, stream_of), clock, board)
    recorder.start()
    keys = Keys("nowhere")
    if sys.argv[2] == "sealed":
        keys.epoch, keys.key = 1, bytes(32)
    conduct = Conduct(board, clock, recorder, LinkConfig, keys)
    sampler = Sampler(board, clock, recorder, LinkConfig, conduct, ())
    session = Session(recorder, clock, board, LinkConfig(), conduct)
    hub = Hub(keys.epoch == 1)
    chunk = bytearray(MTU)
    hub.meet(session, keys, chunk)
    session.receive(hub.say(wire.KIND_RESUME_FROM, b"\1\0\0\0\0"))
    acks = [hub.say(wire.KIND_ACK, bytes((1, 0, seq, 0, 0))) for seq in range(ACKS)]
    state = recorder.spool.state
    sent = bytes_sent = allocated = 0
    counting = len(sys.argv) > 3
    gc.collect()
    gc.threshold(4096)  # as in `app`
    before = 0
    for _ in range(int(sys.argv[1])):
        sampler.turn()
        if sent == state.next_seq:
            continue
        if counting:
            gc.collect()
            gc.disable()
            before = gc.mem_alloc()
        while True:
            n = session.fill(chunk, MTU)
            if not n:
                break
            bytes_sent += n
        while sent < state.next_seq:
            session.receive(acks[sent])
            sent += 1
        if counting:
            allocated += gc.mem_alloc() - before
            gc.enable()
    assert recorder.spool.first()[1] == sent > 0
    print(json.dumps({"frames": sent, "bytes": bytes_sent, "allocated": allocated}))


main()
