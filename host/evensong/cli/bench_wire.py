"""`evensong bench wire`: what beats and nights cost on the wire, and how fast a hub decodes them, on MMASH.

Sizes of beats follow the published order of the intervals in the hours in bed (correction: an out-of-bed date that lies
before the in-bed one is a day later), as one series per stay in bed, with the quality that the importer gives. The
pauses that MMASH's recorder makes about every 30 s are not in that figure, because neither reference knows them; they
are in `night_bytes` and in the mix that is decoded, which come from the importer's own frames.
"""

from __future__ import annotations

import csv
import lzma
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evensong.errors import InputError
from evensong.hub.link.session import ACK_FRAMES, ACK_WITHIN_S
from evensong.recordings import data_folder, framing, mmash
from evensong.recordings.mmash import DAY_S
from evensong.recordings.repairs import Repairs
from evensong.recordings.samples import VOUCHED
from evensong_wire.channel import Channel
from evensong_wire.codec import TRAILER_BYTES, encode
from evensong_wire.cut import FrameWriter
from evensong_wire.frames import Kind
from evensong_wire.models import KIND_OF, Ack, Body, Challenge, Header, Ibi, TimeReply, TimeRequest
from evensong_wire.stream import Stream, pack

NIGHT_S = 8 * 3600
PASSES = 5
TIME_EVERY_MS = 1_200_000  # as the firmware asks for it
_Series = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class BeatSizes:
    """Bits of one user's beats in bed: packed IBI frames, order-0 entropy of the successive differences, `xz -9`."""

    beats: int
    wire_bits: float
    entropy_bits: float
    xz_bits: float


def run() -> dict[str, Any]:
    """Print a table per user and return the pooled figures.

    ibi_bits_per_beat: all bytes of IBI frames, packed; ibi_entropy_ratio: to the order-0 entropy of each user's
    successive differences, weighted by beats; xz_ratio: to `xz -9` of each user's intervals as uint16; night_bytes:
    packed frames of all kinds in eight hours in bed; auth_bytes_percent: what one sealed connection adds to these, with
    its challenge and proof; auth_bytes_both_ways_percent: the same with the hub's words, of which each is small and so
    costs more: acknowledgements as a hub that is connected all night sends them, and the time every twenty minutes;
    auth_bytes_each_acknowledged_percent: if every frame were acknowledged alone; decode_frames_per_s: of those nights,
    from packed bytes to models, on one core.
    """
    root, users = recordings()
    sizes: list[BeatSizes] = []
    nights: list[list[bytes]] = []
    in_bed_s = 0
    print(f"{'user':<8} {'beats':>6} {'bits/beat':>9} {'entropy':>8} {'ratio':>6} {'xz -9':>6} {'8 h, bytes':>10}")
    for user in users:
        size = beat_sizes(root / user)
        stays = list(_stays(root / user / "sleep.csv"))
        bed_s = sum(end - start for start, end in stays)
        night = _night(root, user, stays)
        print(
            f"{user:<8} {size.beats:>6} {size.wire_bits / size.beats:>9.3f} {size.entropy_bits / size.beats:>8.3f}"
            f" {size.wire_bits / size.entropy_bits:>6.3f} {size.xz_bits / size.beats:>6.3f}"
            f" {sum(map(len, night)) * NIGHT_S / bed_s:>10.0f}"
        )
        sizes.append(size)
        nights.append(night)
        in_bed_s += bed_s
    frames_per_s, mix = _decoding_speed(nights)
    print("decoded: " + ", ".join(f"{number} {kind}" for kind, number in mix.items()))
    return {
        **pooled(sizes),
        "night_bytes": round(sum(len(frame) for night in nights for frame in night) * NIGHT_S / in_bed_s),
        **_authentication(nights),
        "decode_frames_per_s": round(frames_per_s),
    }


def _authentication(nights: list[list[bytes]]) -> dict[str, float]:
    """Sealed for real, each night over one connection."""
    one_way = added = 0
    back = dict.fromkeys(("auth_bytes_both_ways_percent", "auth_bytes_each_acknowledged_percent"), (0, 0))
    for night in nights:
        channel = Channel(bytes(8), bytes)
        challenge = Challenge(bytes(8), 1, False, bytes(16))
        proof, _ = channel.prove(challenge, bytes(32), by_label=False)
        frames = [frame for packed in night for frame in Stream().feed(packed)]
        span_ms = max(frame.header.time_ms for frame in frames) - min(frame.header.time_ms for frame in frames)
        times = max(1, span_ms // TIME_EVERY_MS)
        plain = sum(map(len, night))
        handshake = len(pack(_word(challenge))) + len(pack(_word(proof)))
        added += sum(len(channel.pack(frame.raw)) for frame in frames) - plain + handshake
        one_way += plain
        acks = max(len(frames) // ACK_FRAMES, round(span_ms / 1000 / ACK_WITHIN_S))
        for figure, words in zip(back, (acks, len(frames)), strict=True):
            said = words * len(pack(_word(Ack(1, 0))))
            said += times * (len(pack(_word(TimeReply(0, 0, 0)))) + len(pack(_word(TimeRequest(0)))))
            more = (words + 2 * times) * TRAILER_BYTES
            back[figure] = back[figure][0] + said, back[figure][1] + more
    return {
        "auth_bytes_percent": round(100 * added / one_way, 2),
        **{figure: round(100 * (added + more) / (one_way + said), 2) for figure, (said, more) in back.items()},
    }


def _word(body: Body) -> bytes:
    return encode(Header(KIND_OF[type(body)], bytes(4), 0, 0, 0), body)


def recordings() -> tuple[Path, list[str]]:
    """MMASH's folder and the users in it."""
    root = data_folder() / "mmash"
    users = sorted(path.name for path in root.glob("user_*")) if root.is_dir() else []
    if not users:
        raise InputError(f"No MMASH users in {root}: set EVENSONG_DATA to the folder of mmash/user_1 and so on.")
    return root, users


def beat_sizes(folder: Path) -> BeatSizes:
    """Of the user whose RR.csv and sleep.csv lie in `folder`."""
    series = list(_series(folder / "RR.csv", list(_stays(folder / "sleep.csv"))))
    beats = sum(map(len, series))
    if not beats:
        raise InputError(f"{folder / 'RR.csv'} holds no beat in the hours of its sleep.csv.")
    differences = np.concatenate([np.diff(intervals) for intervals in series])
    return BeatSizes(
        beats,
        8 * sum(len(pack(raw)) for intervals in series for raw in _frames(intervals)),
        beats * _entropy(differences),
        8 * len(lzma.compress(np.concatenate(series).astype("<u2").tobytes(), preset=9)),
    )


def pooled(sizes: list[BeatSizes]) -> dict[str, float]:
    wire_bits = sum(size.wire_bits for size in sizes)
    return {
        "ibi_bits_per_beat": round(wire_bits / sum(size.beats for size in sizes), 4),
        "ibi_entropy_ratio": round(wire_bits / sum(size.entropy_bits for size in sizes), 4),
        "xz_ratio": round(wire_bits / sum(size.xz_bits for size in sizes), 4),
    }


def _stays(path: Path) -> Iterator[tuple[int, int]]:
    """(in bed, out of bed) in seconds since midnight before day 1."""
    for row in _rows(path):
        start = _clock(path, row["In Bed Date"], row["In Bed Time"])
        end = _clock(path, row["Out Bed Date"], row["Out Bed Time"])
        yield start, end + DAY_S if end <= start else end


def _series(path: Path, stays: list[tuple[int, int]]) -> Iterator[_Series]:
    """The intervals (ms) of each stay in bed."""
    rows = [(_clock(path, row["day"], row["time"]), round(float(row["ibi_s"]) * 1000)) for row in _rows(path)]
    stamps, intervals = np.array(rows, np.int64).T
    for start, end in stays:
        yield intervals[(stamps >= start) & (stamps < end)]


def _rows(path: Path) -> Iterator[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            yield from csv.DictReader(file)
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}.") from None


def _clock(path: Path, day: str, clock: str) -> int:
    try:
        hours, minutes, *seconds = (int(part) for part in clock.split(":"))
        return (int(day) - 1) * DAY_S + hours * 3600 + minutes * 60 + sum(seconds)
    except ValueError:
        raise InputError(f"{path}: {day!r}, {clock!r} is no day and time.") from None


def _frames(intervals: _Series) -> Iterator[bytes]:
    ibi_ms = tuple(intervals.tolist())
    body = Ibi(tuple(np.cumsum(intervals).tolist()), ibi_ms, (VOUCHED,) * len(ibi_ms))
    return FrameWriter(bytes(4), 1).write(0, body)


def _night(root: Path, user: str, stays: list[tuple[int, int]]) -> list[bytes]:
    """The importer's frames, packed, that begin in the hours in bed."""
    samples = mmash.read(root, user, Repairs())
    _, raws = framing.record(samples, framing.Source("mmash", user, None))
    frames = Stream().feed(b"".join(map(pack, raws)))
    return [
        pack(frame.raw)
        for frame in frames
        if any(start * 1000 <= frame.header.time_ms < end * 1000 for start, end in stays)
    ]


def _entropy(values: _Series) -> float:
    """Bits per value, of order 0 (Shannon 1948)."""
    counts = np.unique(values, return_counts=True)[1]
    shares = counts / counts.sum()
    return float(-(shares * np.log2(shares)).sum())


def _decoding_speed(nights: list[list[bytes]]) -> tuple[float, dict[str, int]]:
    """Frames per second of the fastest of some passes over all nights, and how many of each kind there are."""
    chunks = [b"".join(night) for night in nights]
    number = sum(map(len, nights))
    fastest = float("inf")
    mix: dict[str, int] = {}
    for _ in range(PASSES):
        started = time.process_time()
        decoded = [frame for chunk in chunks for frame in Stream().feed(chunk)]
        fastest = min(fastest, time.process_time() - started)
        assert len(decoded) == number
        kinds = [Kind(frame.header.kind) for frame in decoded]
        mix = {kind.name: kinds.count(kind) for kind in Kind if kind in kinds}
    return number / fastest, mix
