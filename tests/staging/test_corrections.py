"""What the wearer says against what was detected: an overlay that changes the answer, never the recording."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from builders import BOOTS, night_frames, wear
from hypothesis import given, settings
from hypothesis import strategies as st
from test_nights import HOUR, day
from test_passport import refusal, run, synthetic
from typer.testing import Result

from evensong.cli import passports
from evensong.staging import CorrectionsError, NightSpan, Samples, Stage, Staged, corrected, gather, stage
from evensong.staging.corrections import Correction, of_json, overlay, parse
from evensong.staging.hypnogram import STAGES, UNKNOWN
from evensong.staging.passport import parse as parse_passport
from evensong_wire.frames import Wear

__all__ = ["run"]  # a fixture

WAKE = STAGES.index(Stage.WAKE)
DAY = day([(5, "up"), (7, "bed"), (9, "up"), (1.5, "bed"), (2, "up")])


def said(*entries: dict[str, object]) -> tuple[Correction, ...]:
    return of_json(list(entries))


def hours(what: str, start: float, stop: float | None = None) -> dict[str, object]:
    if stop is None:
        return {"what": what, "at_s": start * 3600}
    return {"what": what, "from_s": start * 3600, "to_s": stop * 3600}


def spans(samples: Samples, *entries: dict[str, object]) -> list[tuple[int, int, str]]:
    return [_row(night) for night in corrected(samples, said(*entries)).nights]


def _row(night: NightSpan) -> tuple[int, int, str]:
    return night.start_epoch, night.end_epoch, night.how


DETECTED = spans(DAY)
NIGHT, NAP = DETECTED


def test_without_corrections_nothing_changes() -> None:
    plain = corrected(DAY, ())
    assert plain.hypnogram.csv_bytes() == stage(DAY).csv_bytes()
    assert [how for _, _, how in DETECTED] == ["detected"] * 2


def test_moved_ends_move_the_night_they_belong_to_and_no_other() -> None:
    assert spans(DAY, hours("lights-off", 4.5)) == [(540, NIGHT[1], "corrected"), NAP]
    assert spans(DAY, hours("rise", 12.75)) == [(NIGHT[0], 1530, "corrected"), NAP]
    assert spans(DAY, hours("lights-off", 5.5), hours("rise", 11)) == [(660, 1320, "corrected"), NAP]
    assert spans(DAY, hours("rise", 23)) == [NIGHT, (NAP[0], 2760, "corrected")]


def test_a_nap_or_a_night_is_where_the_wearer_says_and_what_was_detected_gives_way() -> None:
    assert spans(DAY, hours("nap", 14, 15)) == [NIGHT, (1680, 1800, "corrected"), NAP]
    assert spans(DAY, hours("night", 4, 13)) == [(480, 1560, "corrected"), NAP]
    assert spans(DAY, hours("night", 8, 9)) == [
        (NIGHT[0], 960, "detected"), (960, 1080, "corrected"), (1080, NIGHT[1], "detected"), NAP]  # fmt: skip


def test_what_was_not_sleep_is_wake_with_certainty_and_no_night_if_all_of_it_was() -> None:
    staged = corrected(DAY, said(hours("not-sleep", 8, 9)))
    assert [_row(night) for night in staged.nights] == DETECTED
    assert set(staged.hypnogram.stage[960:1080].tolist()) == {WAKE}
    assert set(map(tuple, staged.hypnogram.p[960:1080].tolist())) == {(10_000, 0, 0, 0)}
    before = stage(DAY)
    elsewhere = np.ones(len(before), bool)
    elsewhere[960:1080] = False
    assert np.array_equal(staged.hypnogram.stage[elsewhere], before.stage[elsewhere])
    assert spans(DAY, hours("not-sleep", 20, 24)) == [NIGHT]
    by_day = corrected(DAY, said(hours("not-sleep", 14, 15))).hypnogram
    assert set(by_day.stage[1680:1800].tolist()) == {UNKNOWN}  # nobody said that this was a night


@pytest.mark.parametrize("abstain", [True, False])
def test_off_the_wrist_by_the_wearers_word_is_as_if_the_wearable_had_said_it(abstain: bool) -> None:
    told = day([(5, "up"), (7, "bed"), (9, "up"), (1.5, "bed"), (2, "up")],
               wear(Wear.OFF, 8 * 3_600_000, 70_000), wear(Wear.UNKNOWN, 9 * 3_600_000, 70_001))  # fmt: skip
    staged = corrected(DAY, said(hours("off-wrist", 8, 9)), abstain=abstain)
    assert staged.hypnogram.csv_bytes() == stage(told, abstain=abstain).csv_bytes()
    assert set(staged.hypnogram.stage[960:1080].tolist()) == {UNKNOWN if abstain else WAKE}


def test_what_the_wearable_said_of_its_wear_holds_again_after_the_wearers_word() -> None:
    worn = day(
        [(2, "up")], wear(Wear.ON, 0, 1000), wear(Wear.CHARGING, 3_000_000, 1001), wear(Wear.ON, 6_000_000, 1002)
    )
    rows = overlay(worn, said({"what": "off-wrist", "from_s": 1000, "to_s": 4000})).wear.tolist()
    assert rows == [[0, Wear.ON], [1_000_000, Wear.OFF], [4_000_000, Wear.CHARGING], [6_000_000, Wear.ON]]
    assert worn.wear.tolist() == [[0, Wear.ON], [3_000_000, Wear.CHARGING], [6_000_000, Wear.ON]]


def test_order_in_the_file_and_repetition_do_not_matter() -> None:
    one = said(hours("not-sleep", 8, 9), hours("lights-off", 4.5), hours("off-wrist", 6, 7))
    assert one == said(*(each.as_json() for each in reversed(one)), hours("lights-off", 4.5))


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ({"what": "snored", "at_s": 1}, 'correction 1 has no "what" of off-wrist'),
        ({"what": "rise"}, "has no at_s"),
        ({"what": "rise", "at_s": True}, "has no at_s"),
        ({"what": "rise", "at_s": float("nan")}, "has no at_s"),
        ({"what": "rise", "at_s": 1e300}, "has no at_s"),
        ({"what": "rise", "at_s": 1, "to_s": 2}, "has a 'to_s', which rise does not take"),
        ({"what": "nap", "from_s": 5, "to_s": 5}, "ends before it begins"),
        (7, "correction 1 is not an object"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(entry: object, complaint: str) -> None:
    with pytest.raises(CorrectionsError, match=complaint):
        of_json([entry])


def test_what_does_not_fit_the_recording_is_refused() -> None:
    for entry, complaint in (
        (hours("rise", 2), "there is no night for the rise"),
        (hours("nap", 90, 91), "holds nothing"),
    ):
        with pytest.raises(CorrectionsError, match=complaint):
            corrected(DAY, said(entry))


entries = st.one_of(
    st.builds(hours, st.sampled_from(["lights-off", "rise"]), st.integers(0, 50).map(lambda h: h / 2)),
    st.builds(lambda what, at, long: hours(what, at, at + long),
              st.sampled_from(["off-wrist", "nap", "night", "not-sleep"]),
              st.integers(0, 50).map(lambda h: h / 2), st.integers(1, 12).map(lambda h: h / 2)),
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(entries, max_size=5))
def test_whatever_is_said_nights_stay_apart_and_off_the_wrist_is_unknown(words: list[dict[str, object]]) -> None:
    try:
        staged: Staged = corrected(DAY, said(*words))
    except CorrectionsError:
        return
    edges = [edge for night in staged.nights for edge in (night.start_epoch, night.end_epoch)]
    assert edges == sorted(edges)
    assert all(night.epochs for night in staged.nights)
    asleep = ~np.isin(staged.hypnogram.stage, (WAKE, UNKNOWN))
    for word in words:
        if word["what"] in ("off-wrist", "not-sleep"):
            first, last = (int(float(str(word[key])) * HOUR / 3600) for key in ("from_s", "to_s"))
            assert not asleep[first:last].any()


@given(st.binary(max_size=200))
def test_bytes_that_are_no_corrections_are_refused(content: bytes) -> None:
    with pytest.raises(CorrectionsError):
        parse(content)


def test_the_command_line_corrects_names_it_in_the_passport_and_verifies(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    night = synthetic(tmp_path / "night.evr", seed=11)
    words = tmp_path / "words.json"
    entry = {"what": "not-sleep", "from_s": 1800, "to_s": 3600}
    words.write_text(json.dumps({"format": "evensong-corrections", "version": 1, "corrections": [entry]}))
    plain, out = tmp_path / "plain.csv", tmp_path / "corrected.csv"
    before = night.read_bytes()
    assert run("stage", night, "--out", plain).exit_code == 0
    assert run("stage", night, "--corrections", words, "--out", out).exit_code == 0
    assert night.read_bytes() == before
    assert out.read_bytes() != plain.read_bytes()
    passport = parse_passport(passports.beside(out).read_bytes())
    assert [each.as_json() for each in passport.corrections] == [entry]
    assert "--corrections words.json" in passport.reproduce
    words.unlink()
    assert "corrected it 1 times" in run("verify", out, night).stdout
    beside = passports.beside(out)
    beside.write_text(beside.read_text().replace('"to_s": 3600', '"to_s": 3630'))
    assert "stages" in refusal(run("verify", out, night))
    nights = json.loads(run("nights", night, "--json").stdout)["nights"]
    assert nights[0]["quality"]["verdict"] in ("good", "fair", "poor")
    words.write_text("{}")
    assert "holds no corrections" in refusal(run("nights", night, "--corrections", words))
    assert "cannot be read" in refusal(run("nights", night, "--corrections", tmp_path / "none.json"))


def test_a_night_told_by_the_button_is_corrected_too() -> None:
    samples = gather(night_frames(), BOOTS)
    (night,) = corrected(samples, said({"what": "rise", "at_s": 6 * 3600})).nights
    assert (night.start_epoch, night.end_epoch, night.how) == (0, 720, "corrected")
