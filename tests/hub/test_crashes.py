"""A wearable, a bad line and a hub that dies at every step: nothing is lost, nothing is doubled, nothing is made up."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from simulated_wearable import Wearable

from evensong.hub.journal import Journal
from evensong.hub.link.conversation import Conversation, End, Greeted, Keep, Send, Word
from evensong_wire.models import Frame

WHOLE = re.compile(rb"\0[^\0]+\0")
UTC_MS = 1_767_304_800_000


class HubAndWearable(RuleBasedStateMachine):
    """The session's own steps - keep, commit, acknowledge - with power that may fail between any two of them."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "journal.sqlite3"
        self.wearable = Wearable()
        self.now_s = 0.0
        self.talk: Conversation | None = None
        self.batch: list[Frame] = []
        self.air = bytearray()  # sent by the wearable, not yet heard by the hub
        self.journal = Journal.open(self.path)
        self.record(2)

    def teardown(self) -> None:
        if hasattr(self, "journal"):
            self.journal.close()
            self.folder.cleanup()

    # --- the wearable's life ---

    @rule(n=st.integers(1, 3))
    def record(self, n: int) -> None:
        for _ in range(n):
            self.wearable.heart_rate()

    @rule()
    def record_with_a_full_spool(self) -> None:
        self.wearable.heart_rate(room=False)

    @rule(times=st.integers(1, 2))
    def reboot(self, times: int) -> None:
        self.lose_link()
        for _ in range(times):
            self.wearable.reboot()
            self.wearable.heart_rate()

    # --- the link ---

    @precondition(lambda self: self.talk is None)
    @rule(at_once=st.booleans())
    def connect(self, at_once: bool) -> None:
        self.talk = Conversation(self.journal.hub_id, self.now_s, bytes)
        self._do(self.talk.tick(self.now_s))
        if at_once:
            self.hear(3000)
            self.send(8)

    @precondition(lambda self: self.talk is not None)
    @rule(n=st.integers(1, 5))
    def send(self, n: int) -> None:
        for _ in range(n):
            self.air += self.wearable.send() or b""

    @precondition(lambda self: self.talk is not None and self.air)
    @rule(n=st.sampled_from([1, 30, 300, 3000]))
    def hear(self, n: int) -> None:
        chunk = bytes(self.air[:n])
        del self.air[:n]
        self._feed(chunk)

    @precondition(lambda self: len(self.air) > 1)
    @rule(data=st.data(), how=st.sampled_from(["flip", "drop", "double"]))
    def damage(self, data: st.DataObject, how: str) -> None:
        at = data.draw(st.integers(0, len(self.air) - 1))
        size = data.draw(st.integers(1, 60))
        if how == "flip":
            self.air[at] ^= data.draw(st.integers(1, 255))
        elif how == "drop":
            del self.air[at : at + size]
        else:
            self.air[at:at] = self.air[at : at + size]

    @precondition(lambda self: WHOLE.search(self.air))
    @rule(data=st.data())
    def lose_a_frame(self, data: st.DataObject) -> None:
        """Without a trace, as a stack does that runs out of buffers."""
        frames = [found.span() for found in WHOLE.finditer(self.air)]
        start, end = data.draw(st.sampled_from(frames))
        del self.air[start:end]

    @rule()
    def lose_link(self) -> None:
        self.air.clear()
        self.wearable.disconnect()
        if self.talk is not None:
            self._commit()  # as a session does at its end
        self.talk = None

    @precondition(lambda self: self.talk is not None)
    @rule(seconds=st.sampled_from([1.0, 6.0, 31.0]))
    def wait(self, seconds: float) -> None:
        assert self.talk is not None
        self.now_s += seconds
        self._do(self.talk.tick(self.now_s))

    # --- the hub's life ---

    @precondition(lambda self: self.talk is not None)
    @rule(ack_arrives=st.booleans())
    def commit_and_acknowledge(self, ack_arrives: bool) -> None:
        assert self.talk is not None
        self._commit()
        for word in self.talk.acknowledge():
            assert isinstance(word, Send)
            if ack_arrives:
                self.wearable.hear(word.stream)

    @rule(committed=st.booleans())
    def kill_hub(self, committed: bool) -> None:
        """Before or after the transaction, in any case before the ACK."""
        if committed:
            self._commit()
        self.batch = []
        self.journal.close()
        self.journal = Journal.open(self.path)
        self.air.clear()
        self.wearable.disconnect()
        self.talk = None

    # --- what is carried out ---

    def _feed(self, chunk: bytes) -> None:
        assert self.talk is not None
        self._do(self.talk.feed(chunk, self.now_s))

    def _do(self, words: list[Word]) -> None:
        assert self.talk is not None
        for word in words:
            match word:
                case Send(stream):
                    self.air += self.wearable.hear(stream)
                case Keep(frame):
                    self.batch.append(frame)
                case Greeted(hello, header):
                    self._commit()
                    tail = self.journal.greet(hello, header, UTC_MS)
                    self._do(self.talk.resume(tail))
                case End():
                    self.lose_link()
                    return

    def _commit(self) -> None:
        if self.batch:
            self.journal.append(self.wearable.device_id, self.batch, UTC_MS)
            self.batch = []

    def _journalled(self) -> list[bytes]:
        rows = self.journal.db.execute(
            "SELECT raw FROM frame JOIN boot ON boot.id = frame.boot ORDER BY boot_id, seq"
        ).fetchall()
        return [bytes(raw) for (raw,) in rows]

    @invariant()
    def what_the_wearable_forgot_is_in_the_journal_and_nothing_is_made_up_or_doubled(self) -> None:
        if not hasattr(self, "journal"):
            return
        journalled = self._journalled()
        held = {raw for _, _, raw in self.wearable.spool}
        assert set(self.wearable.made) - held <= set(journalled)
        assert set(journalled) <= set(self.wearable.made)
        assert len(set(journalled)) == len(journalled)

    @rule()
    def in_the_end_everything_arrives_in_order(self) -> None:
        self.lose_link()
        for _ in range(2):  # a hole in the numbers costs one asking
            self.connect(at_once=True)
            for _ in range(6):
                while self.air and self.talk is not None:
                    self.hear(3000)
                self.send(1000)
            self.commit_and_acknowledge(ack_arrives=True)
            self.lose_link()
        assert self._journalled() == self.wearable.made
        assert not self.wearable.spool


HubAndWearable.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
test_crashes = HubAndWearable.TestCase
