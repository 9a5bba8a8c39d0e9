"""Frames in the journal become documents; a generated night stands in for a person's."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from evensong.config import OriginSettings
from evensong.hub import documents
from evensong.hub.export import export
from evensong.hub.journal import Journal
from evensong.hub.night import Stager
from evensong.hub.spans import GIVEN_UP_MS
from evensong.record import Cause, SpanDocument, State
from evensong.recordings import container
from evensong.staging import gather, stage
from evensong_wire.codec import encode
from evensong_wire.frames import EventCode, Fault, Kind, ResetCause, Sensor
from evensong_wire.models import Boot, Event, Frame, Header, HeartRate, Hello, Status, samples_in

DEMO = Path(container.__file__).with_name("demo.evr")
UTC_MS = 1_767_304_800_000
DEVICE = bytes(range(8))


class StoppedClock:
    def __init__(self) -> None:
        self.ms = UTC_MS

    def utc_ms(self) -> int:
        return self.ms

    def monotonic_s(self) -> float:
        return self.ms / 1000


class Hub:
    """Journal and stager without links: what came is put in by hand."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.clock = StoppedClock()
        self.stager = self.started()

    def started(self) -> Stager:
        return Stager(self.journal, self.clock, OriginSettings(synthetic=True), lambda: None)

    def take(self, frames: Sequence[Frame]) -> None:
        header = frames[0].header
        hello = Hello(DEVICE, 0, (0, 1, 0), 7, 3900, 80, 1, 0, 0, 0, 0xFFFF, "test", "Test")
        self.journal.greet(hello, header, self.clock.ms)
        self.clock.ms = max(self.clock.ms, UTC_MS + max(frame.header.time_ms for frame in frames))
        self.journal.append(DEVICE, frames, self.clock.ms)

    def look(self) -> list[SpanDocument]:
        self.stager.look()
        return self.documents()

    def documents(self) -> list[SpanDocument]:
        return [each.document() for each in documents.of_timeline(self.journal, 1) if each.state is not State.WITHDRAWN]

    def digest(self) -> str:
        return str(self.journal.db.execute("SELECT digest FROM staging").fetchone()[0])


@pytest.fixture
def hub(journal: Journal) -> Hub:
    return Hub(journal)


@pytest.fixture(scope="module")
def demo() -> container.Recording:
    return container.read(DEMO)


def in_order(recording: container.Recording) -> list[Frame]:
    return sorted((f for f in recording.frames if f.header.numbered), key=lambda f: (f.header.boot_id, f.header.seq))


def status_after(frames: Sequence[Frame], later_ms: int, *, lost: int = 0) -> Frame:
    """What the wearable says of itself behind these frames. lost: samples stored that are not among them."""
    samples = sum(samples_in(frame.body) for frame in frames) + lost
    last = max(frames, key=lambda f: f.header.seq).header
    time_ms = max(frame.header.time_ms for frame in frames) + later_ms
    header = Header(Kind.STATUS, last.incarnation, last.boot_id, last.seq + 1, time_ms)
    body = Status(3900, 80, None, 900, None, samples, samples, 0)
    return Frame(header, body, encode(header, body))


def transferred(found: Sequence[SpanDocument]) -> int:
    return sum(document.ledger.samples.transferred for document in found)


def test_every_sample_lies_in_one_span_and_the_digest_is_that_of_the_recording(
    hub: Hub, demo: container.Recording
) -> None:
    frames = in_order(demo)
    hub.take([*frames, status_after(frames, 2 * 3_600_000)])
    found = hub.look()
    assert [(str(d.kind), str(d.state)) for d in found] == [("day", "final"), ("night", "final"), ("day", "final")]
    for one, two in pairwise(found):
        assert one.first_epoch + len(one.stages) == two.first_epoch
    total = sum(samples_in(frame.body) for frame in frames)
    for document in found:
        steps = document.ledger.samples
        assert steps.sampled == steps.stored == steps.transferred == steps.staged
    assert transferred(found) == total
    expected = stage(gather(demo.frames, demo.header.starts())).digest()
    assert hub.digest() == expected
    night = found[1]
    assert night.passport is not None
    assert night.passport.hypnogram_sha256 == expected
    assert night.synthetic
    assert night.start_utc_ms is None  # no clock was ever told


def test_an_export_stages_to_the_same_digest(hub: Hub, demo: container.Recording, tmp_path: Path) -> None:
    hub.take(in_order(demo))
    hub.look()
    written = export(hub.journal, DEVICE, tmp_path / "out.evr")
    taken = container.read(tmp_path / "out.evr")
    assert written == len(taken.frames) == len(in_order(demo))
    assert not taken.damage
    assert stage(gather(taken.frames, taken.header.starts())).digest() == hub.digest()


def test_however_it_arrives_the_same_documents_come_out(journal: Journal, demo: container.Recording) -> None:
    """At once; or in bursts, with the hub started anew between them. Only revisions may differ."""
    frames = in_order(demo)
    frames.append(status_after(frames, 2 * 3_600_000))
    hub = Hub(journal)
    for i in range(0, len(frames), 23):
        hub.take(frames[i : i + 23])
        hub.look()
        if i % 3 == 0:
            hub.stager = hub.started()
    bursts = hub.look()
    with Journal.open(journal.path.with_name("other.sqlite3")) as other:
        at_once = Hub(other)
        at_once.take(frames)
        expected = at_once.look()
    for one, two in zip(bursts, expected, strict=True):
        ids = {"document_id", "hub_id", "revision"}
        assert one.model_dump(exclude=ids) == two.model_dump(exclude=ids)


def test_a_night_is_provisional_keeps_its_id_and_grows_by_revisions(hub: Hub, demo: container.Recording) -> None:
    frames = in_order(demo)
    seen: dict[object, list[tuple[int, State]]] = {}
    for i in range(0, len(frames), 10):
        hub.take(frames[i : i + 10])
        for document in hub.look():
            if str(document.kind) == "night":
                told = (document.revision, document.state)
                history = seen.setdefault(document.document_id, [])
                if told not in history:
                    history.append(told)
    assert len(seen) == 1
    (history,) = seen.values()
    assert [revision for revision, _ in history] == sorted({revision for revision, _ in history})
    assert len(history) > 5
    assert {state for _, state in history[:-1]} == {State.PROVISIONAL}


def test_looking_again_says_nothing_new(hub: Hub, demo: container.Recording) -> None:
    hub.take(in_order(demo))
    before = hub.look()
    hub.stager = hub.started()
    assert hub.look() == before


def test_a_wearable_out_of_reach_may_be_recording_so_its_night_stays_open_for_long(
    hub: Hub, demo: container.Recording
) -> None:
    frames = in_order(demo)
    hub.take(frames[: len(frames) // 2])
    assert hub.look()[-1].state is State.PROVISIONAL
    hub.clock.ms += GIVEN_UP_MS - 60_000
    assert hub.look()[-1].state is State.PROVISIONAL
    hub.clock.ms += 120_000
    assert hub.look()[-1].state is State.FINAL
    hub.take(frames[len(frames) // 2 :])
    after = hub.look()
    assert transferred(after) == sum(samples_in(frame.body) for frame in frames)


def test_late_frames_make_a_new_revision_of_the_same_night(hub: Hub, demo: container.Recording) -> None:
    frames = in_order(demo)
    hole = slice(len(frames) // 2, len(frames) // 2 + 4)
    lost = sum(samples_in(frame.body) for frame in frames[hole])
    missing, early = frames[hole], frames[: hole.start] + frames[hole.stop :]
    hub.take([*early, status_after(early, 2 * 3_600_000, lost=lost)])
    before = next(document for document in hub.look() if str(document.kind) == "night")
    (gap,) = before.ledger.gaps
    assert gap.cause is Cause.MISSING
    assert before.ledger.samples.sampled == before.ledger.samples.transferred + lost
    hub.take(missing)
    hub.clock.ms += 3_600_000
    hub.stager = hub.started()
    after = next(document for document in hub.look() if str(document.kind) == "night")
    assert after.document_id == before.document_id
    assert after.revision == before.revision + 1
    assert after.ledger.gaps == ()
    assert after.ledger.samples.sampled == after.ledger.samples.transferred


# --- months, reboots, full spools: short synthetic frames ---


def frame(boot_id: int, seq: int, time_ms: int, body: Boot | HeartRate | Event | Status) -> Frame:
    kinds = {Boot: Kind.BOOT, HeartRate: Kind.HEART_RATE, Event: Kind.EVENT, Status: Kind.STATUS}
    header = Header(kinds[type(body)], b"\1\2\3\4", boot_id, seq, time_ms)
    return Frame(header, body, encode(header, body))


def readings(boot_id: int, first_seq: int, from_ms: int, to_ms: int) -> list[Frame]:
    """A reading every 10 s, 60 to a frame."""
    frames = []
    for seq, start_ms in enumerate(range(from_ms, to_ms, 600_000), first_seq):
        n = min(60, (to_ms - start_ms) // 10_000)
        bpm = tuple(16 * (55 + (start_ms // 600_000 + i) % 7) for i in range(n))
        frames.append(frame(boot_id, seq, start_ms, HeartRate(tuple(10_000 * i for i in range(n)), bpm)))
    return frames


def boot(boot_id: int, previous_ms: int = 0, previous_sampled: int = 0) -> Frame:
    previous = boot_id - 1
    return frame(boot_id, 0, 0, Boot(ResetCause.POWER_ON, previous, previous_ms, previous_sampled, 0, 0xFFFF))


def pair(hub: Hub, boot_id: int, time_ms: int, utc_ms: int) -> None:
    hub.journal.note_pair(DEVICE, Header(Kind.TIME_REQUEST, b"\1\2\3\4", boot_id, 0, time_ms), utc_ms, 100)


HOUR_MS = 3_600_000


def test_a_reboot_is_one_gap_with_its_seconds_and_utc_labels_both_sides(hub: Hub) -> None:
    one = [boot(1), *readings(1, 1, 0, 2 * HOUR_MS)]
    two = [boot(2, 2 * HOUR_MS, 720), *readings(2, 1, 0, HOUR_MS)]
    hub.take(one)
    pair(hub, 1, 0, UTC_MS)
    hub.take(two)
    pair(hub, 2, 0, UTC_MS + 2 * HOUR_MS + 4_500)
    hub.take([frame(2, 7, 3 * HOUR_MS, Status(3900, 80, None, 900, None, 360, 360, 0))])
    found = hub.look()
    (gap,) = [gap for document in found for gap in document.ledger.gaps]
    assert (gap.cause, gap.lost_s, gap.from_ms, gap.to_ms) == (Cause.REBOOT, 4.5, 2 * HOUR_MS, 2 * HOUR_MS + 4_500)
    assert found[0].start_utc_ms == UTC_MS
    assert found[-1].end_utc_ms == pytest.approx(UTC_MS + 3 * HOUR_MS + 4_500, abs=30_000)
    assert sum(d.ledger.samples.sampled or 0 for d in found) == transferred(found) == 1080


def test_reboots_that_met_no_hub_are_gaps_though_nobody_knows_how_long_it_was_off(hub: Hub) -> None:
    hub.take([boot(1), *readings(1, 1, 0, HOUR_MS)])
    hub.take([boot(2, HOUR_MS, 360)])
    hub.take([boot(3), *readings(3, 1, 0, HOUR_MS)])
    hub.clock.ms += HOUR_MS
    hub.take([frame(3, 7, 3 * HOUR_MS, Status(3900, 80, None, 900, None, 360, 360, 0))])
    found = hub.look()
    gaps = [gap for document in found for gap in document.ledger.gaps]
    assert [(gap.cause, gap.lost_s, gap.to_ms) for gap in gaps] == [(Cause.REBOOT, 0, HOUR_MS)] * 2


def test_samples_that_found_the_spool_full_are_counted_as_sampled_and_not_stored(hub: Hub) -> None:
    frames = [boot(1), *readings(1, 1, 0, HOUR_MS)]
    later = readings(1, 20, 2 * HOUR_MS, 3 * HOUR_MS)
    told = frame(1, 19, 2 * HOUR_MS, Event(EventCode.SPOOL_FULL, 360))
    hub.take([*frames, told, *later, frame(1, 26, 5 * HOUR_MS, Status(3900, 80, None, 900, None, 1080, 720, 360))])
    found = hub.look()
    (gap,) = [gap for document in found for gap in document.ledger.gaps]
    assert (gap.cause, gap.samples) == (Cause.SPOOL_FULL, 360)
    assert sum(d.ledger.samples.sampled or 0 for d in found) == 1080
    assert sum(d.ledger.samples.stored or 0 for d in found) == transferred(found) == 720


def test_a_wearable_that_said_nothing_of_its_counts_leaves_them_unknown(hub: Hub) -> None:
    hub.take([boot(1), *readings(1, 1, 0, HOUR_MS)])
    (document,) = hub.look()
    assert document.ledger.samples.sampled is None
    assert document.ledger.samples.transferred == 360


def test_a_doubled_sample_would_show(hub: Hub) -> None:
    """`sampled` is the wearable's word: a journal with more than it sampled does not hide it."""
    frames = [boot(1), *readings(1, 1, 0, HOUR_MS)]
    hub.take([*frames, frame(1, 7, HOUR_MS, Status(3900, 80, None, 900, None, 300, 300, 0))])
    (document,) = hub.look()
    assert (document.ledger.samples.sampled, document.ledger.samples.transferred) == (300, 360)


def test_what_is_long_settled_is_not_touched_again_unless_something_comes_late(hub: Hub) -> None:
    frames = [boot(1), *readings(1, 1, 0, 70 * HOUR_MS)]
    late = frames.pop(30)
    for i in range(0, len(frames), 36):  # six hours at a time
        hub.take(frames[i : i + 36])
        if i % 72 == 0:
            hub.look()
    found = hub.look()
    assert transferred(found) == 70 * 360 - 60
    settled = found[0]
    window = hub.stager._windows[1]
    assert window.from_ms is not None
    assert window.from_ms > 0
    hub.stager = hub.started()
    assert hub.look() == found
    hub.take([late])
    hub.clock.ms += HOUR_MS
    hub.stager = hub.started()
    after = hub.look()
    assert transferred(after) == 70 * 360
    assert after[0].document_id == settled.document_id
    assert after[0].revision > settled.revision


def test_a_silence_of_days_parts_the_timeline_without_a_document_for_it(hub: Hub) -> None:
    hub.take([boot(1), *readings(1, 1, 0, HOUR_MS), *readings(1, 7, 100 * HOUR_MS, 101 * HOUR_MS)])
    found = hub.look()
    assert [(d.first_epoch, len(d.stages)) for d in found] == [(0, 120), (100 * 120, 120)]
    assert transferred(found) == 720


def test_after_weeks_on_the_table_a_night_is_staged_as_soon_as_ever(hub: Hub) -> None:
    hub.take([boot(1), *readings(1, 1, 0, HOUR_MS)])
    hub.take([frame(1, 7, 1000 * HOUR_MS, Status(3900, 80, None, 900, None, 360, 360, 0))])
    assert transferred(hub.look()) == 360
    hub.take(readings(1, 8, 1001 * HOUR_MS, 1002 * HOUR_MS))
    assert transferred(hub.look()) == 720


def test_the_last_samples_before_a_flat_battery_are_staged(hub: Hub) -> None:
    frames = [boot(1), *readings(1, 1, 0, HOUR_MS)]
    hub.take([*frames, frame(1, 7, 2 * HOUR_MS, Status(3900, 80, None, 900, None, 360, 360, 0))])
    assert {document.state for document in hub.look()} == {State.FINAL}
    hub.take([frame(1, 8, 2 * HOUR_MS + 1000, HeartRate((0, 10_000), (960, 960)))])
    hub.clock.ms += HOUR_MS
    assert transferred(hub.look()) == 362


def test_nothing_but_a_boot_frame_is_no_document(hub: Hub) -> None:
    hub.take([boot(1)])
    assert hub.look() == []


def test_what_a_sensor_missed_is_a_gap_that_says_which_and_why(hub: Hub) -> None:
    frames = [boot(1), *readings(1, 1, 0, HOUR_MS)]
    later = readings(1, 20, HOUR_MS + 8_000, 2 * HOUR_MS)
    silent = Sensor.PPG << 12 | Fault.NO_ANSWER << 8
    told = [
        frame(1, 7, HOUR_MS, Event(EventCode.SENSOR_FAULT, silent)),
        frame(1, 8, HOUR_MS + 1_000, Event(EventCode.SENSOR_FAULT, silent)),
        frame(1, 9, HOUR_MS + 8_000, Event(EventCode.SENSOR_FAULT, Sensor.PPG << 12)),
        *(frame(1, seq, HOUR_MS, Event(EventCode.CLOCK_SET, 0)) for seq in range(10, 20)),
    ]
    hub.take([*frames, *told, *later, frame(1, 26, 5 * HOUR_MS, Status(3900, 80, None, 900, None, 719, 719, 0))])
    found = hub.look()
    (gap,) = [gap for document in found for gap in document.ledger.gaps]
    assert (gap.cause, gap.sensor, gap.lost_s, gap.samples) == (Cause.SENSOR, "ppg: no-answer", 8.0, None)
    assert {d.ledger.samples.sampled for d in found} == {d.ledger.samples.transferred for d in found}


def test_a_sensor_that_never_recovers_leaves_a_gap_up_to_the_last_frame(hub: Hub) -> None:
    wrong = frame(1, 7, HOUR_MS, Event(EventCode.SENSOR_FAULT, Sensor.MOTION << 12 | Fault.WRONG_CHIP << 8 | 0x11))
    hub.take([boot(1), *readings(1, 1, 0, HOUR_MS), wrong, *readings(1, 8, HOUR_MS, 2 * HOUR_MS)])
    gaps = [gap for document in hub.look() for gap in document.ledger.gaps]
    assert [(gap.sensor, gap.from_ms) for gap in gaps] == [("motion: wrong-chip", HOUR_MS)]
    assert gaps[0].to_ms > HOUR_MS
