"""A wearable's boots on one axis, and what the wall clock said: `starts_ms` is pinned once, UTC only labels.

The first boot that the journal has of an incarnation starts at 0. A later one is pinned when it is first needed: by
clock pairs of both boots, else by the UTC that the wearable carried over, else right behind its predecessor. If the
predecessor never knew the time, the last boot that did counts on over it. A boot in
progress whose first clock pair has not come yet is left out for a while (`PAIR_GRACE_MS`) rather than pinned badly.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from statistics import median, median_high

from evensong_wire.codec import decode
from evensong_wire.frames import UNCERTAINTY_UNKNOWN_S, UTC_UNKNOWN_S, Kind
from evensong_wire.models import Boot

from .journal import Journal

PAIR_GRACE_MS = 15 * 60_000
MAX_FIT_PAIRS = 60  # Theil-Sen looks at every two of them
LEAST_DRIFT_SPAN_MS = 30 * 60_000  # over less, the jitter of replies would pass for drift
LONGEST_OFF_MS = 100 * 86_400_000
LATEST_START_MS = 5 * 366 * 86_400_000  # no claimed UTC reaches further; documents end at nine years
MOST_BOOTS = 4_096
LARGEST_RESIDUAL_MS = 3_600_000  # clocks that disagree by more say nothing
LARGEST_DRIFT_PPM = 500.0  # beyond any crystal: the hub's own clock was set meanwhile


class TooMuch(ValueError):
    """A wearable claims more than a hub can stage beside its other work; its frames stay in the journal."""


@dataclass(frozen=True, slots=True)
class Pair:
    time_ms: int
    utc_ms: int
    uncertainty_ms: int


@dataclass(frozen=True, slots=True)
class Fit:
    """UTC = utc0_ms + time_ms * (1 + drift_ppm / 1e6). residual_ms: median distance of the pairs from it."""

    utc0_ms: float
    drift_ppm: float
    residual_ms: float
    uncertainty_ms: int
    pairs: int

    def utc_ms(self, time_ms: int) -> int:
        return round(self.utc0_ms + time_ms * (1 + self.drift_ppm / 1e6))


def fit(pairs: list[Pair]) -> Fit | None:
    """Offset and drift by Theil and Sen's median of slopes (Sen 1968), which a third of bad pairs cannot move.

    With less than half an hour between the first and the last pair the drift is taken to be 0. None if there is no
    pair, or if they contradict each other.
    """
    if not pairs:
        return None
    step = -(-len(pairs) // MAX_FIT_PAIRS)
    used = pairs[::-1][::step]
    slopes = [
        ((b.utc_ms - a.utc_ms) / (b.time_ms - a.time_ms) - 1) * 1e6
        for a, b in combinations(used, 2)
        if abs(b.time_ms - a.time_ms) >= LEAST_DRIFT_SPAN_MS
    ]
    drift_ppm = median(slopes) if slopes else 0.0
    if abs(drift_ppm) > LARGEST_DRIFT_PPM:
        drift_ppm = 0.0
    offsets = [p.utc_ms - p.time_ms * (1 + drift_ppm / 1e6) for p in used]
    utc0_ms = median(offsets)
    residual_ms = median(abs(offset - utc0_ms) for offset in offsets)
    if residual_ms > LARGEST_RESIDUAL_MS:
        return None
    return Fit(utc0_ms, drift_ppm, residual_ms, median_high(p.uncertainty_ms for p in used), len(pairs))


@dataclass(slots=True)
class BootOnAxis:
    """One boot. row: its id in the journal. last_ms: device time of its last frame. begins: its BOOT frame."""

    row: int
    incarnation: bytes
    boot_id: int
    starts_ms: int | None
    first_seen_utc_ms: int
    last_ms: int
    begins: Boot | None
    fit: Fit | None

    @property
    def key(self) -> tuple[bytes, int]:
        return self.incarnation, self.boot_id

    def utc_at(self, timeline_ms: int) -> tuple[int, int] | None:
        """(UTC, uncertainty) in ms of an instant of the timeline; None if no clock was ever known."""
        if self.starts_ms is None:
            return None
        time_ms = timeline_ms - self.starts_ms
        if self.fit is not None:
            return self.fit.utc_ms(time_ms), self.fit.uncertainty_ms + round(self.fit.residual_ms)
        carried = self.carried()
        return None if carried is None else (carried[0] + time_ms, carried[1])

    def carried(self) -> tuple[int, int] | None:
        """(UTC, uncertainty) in ms of this boot's time 0, as the wearable carried it over the reset."""
        boot = self.begins
        if boot is None or boot.utc_s == UTC_UNKNOWN_S or boot.utc_uncertainty_s == UNCERTAINTY_UNKNOWN_S:
            return None
        return boot.utc_s * 1000, boot.utc_uncertainty_s * 1000


def boots_of(journal: Journal, timeline: int) -> list[BootOnAxis]:
    """The boots of a timeline that have frames, oldest first, pinned or not."""
    boots: list[BootOnAxis] = []
    rows = journal.db.execute(
        """SELECT boot.id, incarnation, boot_id, starts_ms, first_seen_utc_ms, max(frame.time_ms)
           FROM boot JOIN timeline ON timeline.id = boot.timeline JOIN frame ON frame.boot = boot.id
           WHERE boot.timeline = ? GROUP BY boot.id ORDER BY boot_id""",
        (timeline,),
    ).fetchall()
    for row, incarnation, boot_id, starts_ms, seen, last_ms in rows:
        first = journal.db.execute(
            "SELECT raw FROM frame WHERE boot = ? AND kind = ? ORDER BY seq LIMIT 1", (row, int(Kind.BOOT))
        ).fetchone()
        body = decode(first[0]).body if first else None
        pairs = journal.db.execute(
            "SELECT time_ms, utc_ms, uncertainty_ms FROM clock_pair WHERE boot = ? ORDER BY time_ms", (row,)
        )
        boots.append(
            BootOnAxis(
                row,
                bytes(incarnation),
                boot_id,
                starts_ms,
                seen,
                last_ms,
                body if isinstance(body, Boot) else None,
                fit([Pair(*pair) for pair in pairs]),
            )
        )
    return boots


def pin(journal: Journal, timeline: int, utc_ms: int) -> list[BootOnAxis]:
    """Pin what can be pinned, and return the pinned boots of a timeline, oldest first. utc_ms: now.

    TooMuch if there are more than `MOST_BOOTS`.
    """
    (number,) = journal.db.execute("SELECT count(*) FROM boot WHERE timeline = ?", (timeline,)).fetchone()
    if number > MOST_BOOTS:
        raise TooMuch(f"{number} boots, more than {MOST_BOOTS}")
    boots = boots_of(journal, timeline)
    pinned: list[BootOnAxis] = []
    for i, boot in enumerate(boots):
        if boot.starts_ms is None:
            newest = i == len(boots) - 1
            if pinned and newest and boot.fit is None and utc_ms < boot.first_seen_utc_ms + PAIR_GRACE_MS:
                break
            later = next((b for b in boots[i + 1 :] if b.starts_ms is not None), None)
            boot.starts_ms = _place(pinned, boot, later)
            with journal.transaction() as db:
                db.execute(
                    "UPDATE boot SET starts_ms = ? WHERE id = ? AND starts_ms IS NULL", (boot.starts_ms, boot.row)
                )
        pinned.append(boot)
    return pinned


def _place(earlier: list[BootOnAxis], boot: BootOnAxis, after: BootOnAxis | None) -> int:
    """Where on the timeline a boot starts. earlier: pinned, oldest first; after: the next one that is."""
    if not earlier:
        if after is None or after.starts_ms is None:
            return 0
        return after.starts_ms - boot.last_ms - 1  # it turned up late: right before the boot that was first so far
    before = earlier[-1]
    assert before.starts_ms is not None
    end_ms = before.starts_ms + before.last_ms
    if boot.begins is not None and boot.begins.previous_boot_id == before.boot_id:
        end_ms = max(end_ms, before.starts_ms + boot.begins.previous_time_ms)
    starts_ms = end_ms
    before_utc = next((utc for known in reversed(earlier) if (utc := known.utc_at(end_ms)) is not None), None)
    boot_utc = None
    if boot.fit is not None:
        boot_utc = round(boot.fit.utc0_ms)
    elif (carried := boot.carried()) is not None:
        boot_utc = carried[0]
    if before_utc is not None and boot_utc is not None:
        off_ms = boot_utc - before_utc[0]
        if 0 <= off_ms <= LONGEST_OFF_MS and starts_ms + off_ms <= LATEST_START_MS:  # else one of the clocks is wrong
            starts_ms += off_ms
    if after is not None and after.starts_ms is not None:
        starts_ms = min(starts_ms, max(end_ms, after.starts_ms - boot.last_ms))
    return starts_ms
