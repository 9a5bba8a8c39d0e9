"""Hypothesis strategies for headers and bodies that one frame can carry."""

from __future__ import annotations

from hypothesis import strategies as st

from evensong_wire.frames import BOOT_LIMIT, NO_FLAGS, CommandCode, EventCode, Flag, Refused, ResetCause, Wear
from evensong_wire.models import (
    KIND_OF,
    AccelRaw,
    Ack,
    Activity,
    Body,
    Boot,
    Challenge,
    Command,
    Ema,
    Event,
    Header,
    HeartRate,
    Hello,
    HubHello,
    Ibi,
    Log,
    PpgRaw,
    Proof,
    Refusal,
    Reply,
    ResumeFrom,
    Status,
    TimeReply,
    TimeRequest,
    WearChange,
)

u8, u16, u24, u32 = (st.integers(0, (1 << bits) - 1) for bits in (8, 16, 24, 32))
device_ms = st.integers(0, BOOT_LIMIT * 1000 - 1)
text = st.text(max_size=50)
percent = st.none() | st.integers(0, 254)


@st.composite
def heart_rates(draw: st.DrawFn, most: int = 20) -> HeartRate:
    steps = draw(st.lists(st.integers(0, 1 << 20), max_size=most))
    values = draw(st.lists(u16, min_size=len(steps), max_size=len(steps)))
    offsets = tuple(sum(steps[1 : i + 1]) for i in range(len(steps)))
    return HeartRate(offsets, tuple(values))


@st.composite
def beats(draw: st.DrawFn, most: int = 15, least_gap_ms: int = 0) -> Ibi:
    usual = st.tuples(st.just(0), st.integers(500, 1500), st.just(100))
    odd = st.tuples(st.integers(least_gap_ms, 1 << 26), u16, st.integers(0, 100))
    rows = draw(st.lists(usual | odd, max_size=most))
    at = 0
    offsets = []
    for gap_ms, ibi_ms, _ in rows:
        at += gap_ms + ibi_ms
        offsets.append(at)
    return Ibi(tuple(offsets), tuple(ibi for _, ibi, _ in rows), tuple(quality for _, _, quality in rows))


sample = st.integers(-(1 << 27), 1 << 27)
bodies: st.SearchStrategy[Body] = st.one_of(
    st.builds(Boot, st.sampled_from(ResetCause), u16, device_ms, u24, u32, u16),
    heart_rates(),
    beats(),
    st.builds(Activity, st.lists(st.none() | st.integers(0, (1 << 30) - 2), max_size=40).map(tuple)),
    st.builds(WearChange, st.sampled_from(Wear)),
    st.builds(
        Status,
        u16,
        percent,
        st.none() | st.integers(-32767, 32767),
        u16,
        st.none() | st.integers(-128, 126),
        u24,
        u24,
        u24,
    ),
    st.builds(Ema, st.integers(1, 9), st.integers(1, 9), st.booleans()),
    st.builds(Event, st.sampled_from(EventCode) | st.integers(100, 255), st.integers(-(1 << 31), (1 << 31) - 1)),
    st.builds(Log, u8, text),
    st.builds(PpgRaw, st.integers(1, 65535), u8, st.lists(sample, max_size=40).map(tuple)),
    st.builds(
        AccelRaw, st.integers(1, 65535), u16, st.lists(st.tuples(sample, sample, sample), max_size=12).map(tuple)
    ),
    st.builds(
        Hello,
        st.binary(min_size=8, max_size=8),
        u8,
        st.tuples(u8, u8, u8),
        u16,
        u16,
        percent,
        u16,
        u24,
        u24,
        u32,
        u16,
        st.text(max_size=20),
        st.text(max_size=20),
    ),
    st.builds(TimeRequest, u16),
    st.builds(Reply, u16, u8, st.binary(max_size=200)),
    st.builds(Challenge, st.binary(min_size=8, max_size=8), u16, st.booleans(), st.binary(min_size=16, max_size=16)),
    st.builds(Refusal, st.sampled_from(Refused) | st.integers(100, 255)),
    st.builds(Proof, st.booleans(), st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16)),
    st.builds(HubHello, st.binary(min_size=8, max_size=8), u8),
    st.builds(Ack, u16, u24),
    st.builds(TimeReply, u16, st.integers(0, (1 << 32) * 1000 - 1), u16),
    st.builds(ResumeFrom, u16, u24),
    st.builds(Command, u16, st.sampled_from(CommandCode) | st.integers(100, 255), st.binary(max_size=200)),
)


@st.composite
def headers(draw: st.DrawFn, body: Body) -> Header:
    flags = draw(st.sampled_from([NO_FLAGS, Flag.CUT_SHORT]))
    return Header(
        KIND_OF[type(body)], draw(st.binary(min_size=4, max_size=4)), draw(u16), draw(u24), draw(device_ms), flags
    )
