"""The spool keeps its promises whatever byte the power fails at."""

from __future__ import annotations

import copy
import ctypes
import random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from nor import PowerLoss
from spool_model import Model


def play(model: Model, seed: int, steps: int) -> None:
    """A wearable's life, the same for the same seed."""
    rng = random.Random(seed)
    for _ in range(steps):
        for _ in range(rng.randrange(4)):
            model.sample(rng.choice((0, 0, 0, 1, 1, 2)))
        model.checkpoint()
        if rng.random() < 0.3:
            model.append(0x06, bytes(rng.randrange(20, 200)))
        if rng.random() < 0.1:
            model.send(rng.randrange(12))
            model.acknowledge(rng.randrange(4))


def test_a_life_without_accidents():
    model = Model(6)
    play(model, 1, 600)
    model.compare()
    assert model.spool.frames.head > 6, "the frame ring went round"
    assert model.spool.log.head > 6, "and the log"


def address_of(view: memoryview) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(view))


def copy_of_view(view: memoryview, memo: dict[int, object]) -> memoryview:
    """A view of the same part of the copied buffer."""
    copied = memoryview(copy.deepcopy(view.obj, memo))
    if not view:
        return copied[:0]
    at = address_of(view) - address_of(memoryview(view.obj))
    return copied[at : at + len(view)]


@pytest.fixture
def copyable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spools can be copied with `copy.deepcopy`."""
    monkeypatch.setitem(copy._deepcopy_dispatch, memoryview, copy_of_view)  # type: ignore[attr-defined]


def copy_of(model: Model) -> Model:
    """One moment, so that it can end in many ways. Samples and frames are never changed, only collected."""
    other = object.__new__(Model)
    other.__dict__ = {name: copy.copy(value) for name, value in model.__dict__.items()}
    other.open = [list(samples) for samples in model.open]
    other.nor, other.spool, other.sent = copy.deepcopy((model.nor, model.spool, model.sent))
    return other


@pytest.mark.parametrize("tear", ["front", "back"])
@pytest.mark.usefixtures("copyable")
def test_power_loss_at_every_byte(tear: str):
    """Of a life in which both rings go round: at every byte of four sector changes, at every 311st otherwise."""
    model = Model(6)
    model.nor.tear = tear
    cuts = {"changes": 0, "others": 0}
    dense_steps = 0
    for k in range(330):
        before = copy_of(model)
        play(model, k, 1)
        written = model.nor.programmed - before.nor.programmed
        changes = sum(model.nor.erases) > sum(before.nor.erases)
        dense = changes and k > 250 and dense_steps < 4
        dense_steps += dense
        for cut in range(written) if dense else range(k % 311, written, 311):
            other = copy_of(before)
            other.nor.budget = cut
            with pytest.raises(PowerLoss):
                play(other, k, 1)
            other.nor.budget = None
            other.boot()
            cuts["changes" if dense else "others"] += 1
    assert model.spool.frames.head >= 3 <= model.spool.log.head
    assert cuts["changes"] > 400
    assert cuts["others"] > 50


class Lives(RuleBasedStateMachine):
    """Anything in any order, and power that fails during any of it, also while the spool recovers."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model(6)

    @rule(stream=st.integers(0, 2), n=st.integers(1, 30))
    def sample(self, stream: int, n: int) -> None:
        for _ in range(n):
            if not self.model.survive(self.model.sample, stream):
                break

    @rule()
    def checkpoint(self) -> None:
        self.model.survive(self.model.checkpoint)

    @rule(stream=st.integers(0, 2))
    def close(self, stream: int) -> None:
        self.model.survive(self.model.close, stream)

    @rule(size=st.integers(1, 221), n=st.integers(1, 12))
    def append(self, size: int, n: int) -> None:
        for _ in range(n):
            if not self.model.survive(self.model.append, 0x06, bytes(range(size))):
                break

    @rule(n=st.integers(0, 40))
    def send(self, n: int) -> None:
        self.model.send(n)

    @rule(back=st.integers(0, 5))
    def acknowledge(self, back: int) -> None:
        self.model.acknowledge(back)

    @rule(bytes_left=st.integers(0, 600), tear=st.sampled_from(["front", "back"]))
    def power_will_fail(self, bytes_left: int, tear: str) -> None:
        self.model.nor.budget = bytes_left
        self.model.nor.tear = tear

    @rule(cuts=st.lists(st.integers(0, 400), max_size=3))
    def reboot(self, cuts: list[int]) -> None:
        for cut in cuts:
            self.model.nor.budget = cut
            try:
                self.model.boot()
            except PowerLoss:
                continue
        self.model.nor.budget = None
        self.model.boot()

    @invariant()
    def keeps_its_promises(self) -> None:
        self.model.compare()


TestLives = Lives.TestCase
TestLives.settings = settings(
    max_examples=25, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
