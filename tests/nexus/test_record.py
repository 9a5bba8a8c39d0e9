"""The document: what it refuses, what its numbers mean, and that its JSON Schema is not stale."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evensong.errors import InputError
from evensong.record import (
    MAX_DOCUMENT_BYTES,
    MAX_EPOCHS,
    SCHEMA_PATH,
    SpanDocument,
    Stage,
    State,
    Summary,
    json_schema,
    parse,
)

W, L, D, R, U, N = Stage.WAKE, Stage.LIGHT, Stage.DEEP, Stage.REM, Stage.UNKNOWN, Stage.NOT_NIGHT


def test_the_json_schema_is_not_stale() -> None:
    assert SCHEMA_PATH.read_text(encoding="utf-8") == json_schema(), "run: python -m evensong.record"


def test_a_document_survives_json(make: Any) -> None:
    document = make()
    assert parse(document.to_json()) == document
    assert parse(document.to_json()).sha256() == document.sha256()


def test_the_longest_document_fits(make: Any) -> None:
    longest = make(epochs=MAX_EPOCHS)
    assert len(longest.to_json()) < MAX_DOCUMENT_BYTES / 2
    with pytest.raises(InputError, match="at most"):
        parse(longest.to_json() + b" " * MAX_DOCUMENT_BYTES)


def test_a_summary_counts_as_the_aasm_does() -> None:
    stages = (W, W, L, D, W, U, R, L, W, W)
    summary = Summary.of(stages)
    assert summary.tib_min == 5
    assert summary.tst_min == 2
    assert summary.sol_min == 1
    assert summary.waso_min == 1.5, "wake after the last epoch of sleep counts, unknown does not"
    assert summary.rem_latency_min == 2
    assert summary.se_pct == 40
    assert summary.unknown_min == 0.5


def test_a_summary_of_nothing_decided_claims_nothing() -> None:
    summary = Summary.of((U, U, N))
    assert (summary.tib_min, summary.unknown_min) == (1, 1)
    assert {summary.tst_min, summary.sol_min, summary.waso_min, summary.se_pct, summary.deep_min} == {None}
    assert Summary.of((W, W)).sol_min is None, "no sleep, no latency"


@given(st.lists(st.sampled_from(list(Stage)), max_size=300))
def test_the_minutes_of_a_summary_add_up(stages: list[Stage]) -> None:
    s = Summary.of(stages)
    parts = [m or 0 for m in (s.wake_min, s.light_min, s.deep_min, s.rem_min)]
    assert sum(parts) + s.unknown_min == s.tib_min
    if s.sol_min is not None and N not in stages:
        asleep_or_awake = s.sol_min + (s.waso_min or 0) + (s.tst_min or 0)
        assert asleep_or_awake <= s.tib_min <= asleep_or_awake + s.unknown_min


def test_withdrawing_takes_every_measurement_back(make: Any) -> None:
    document = make(source="a recording", citation="its authors")
    withdrawn = document.withdraw()
    assert withdrawn.revision == document.revision + 1
    assert withdrawn.document_id == document.document_id
    assert parse(withdrawn.to_json()) == withdrawn
    assert len(withdrawn.to_json()) < 1_500


def changed(make: Any, **fields: Any) -> bytes:
    return json.dumps(json.loads(make(epochs=4).to_json()) | fields).encode()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"schema_version": 2}, "schema_version"),
        ({"device_id": "../../etc/passwd"}, "device_id"),
        ({"revision": 0}, "revision"),
        ({"revision": "3"}, "revision"),
        ({"surprise": 1}, "surprise"),
        ({"heart_rate_bpm": [60.0]}, "stages has 4 epochs but heart_rate_bpm has 1"),
        ({"p": [[999, 999, 999, 999]] * 4}, "sum to 3996"),
        ({"p": [None] * 4}, "without probabilities"),
        ({"passport": None}, "passport"),
        ({"end_utc_ms": None}, "all known or all null"),
        ({"end_utc_ms": 1}, "before start_utc_ms"),
        ({"end_utc_ms": 4_000_000_000_000}, "more than 96 h"),
        ({"start_utc_ms": 2**60, "end_utc_ms": 2**60}, "start_utc_ms"),
        ({"state": "withdrawn"}, "only a withdrawn one is empty"),
        ({"stages": ["sleepwalking"] * 4}, "stages.0"),
        ({"stages": ["deep"] * 4}, "summary does not follow"),
        ({"activity_count": [1e999, 0, 0, 0]}, "finite"),
        ({"utc_offset_min": 100_000}, "utc_offset_min"),
        ({"first_epoch": 2**70}, "first_epoch"),
    ],
)
def test_hostile_fields_are_refused_in_a_sentence(make: Any, fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError) as refused:
        parse(changed(make, **fields))
    assert sentence in refused.value.message
    assert len(refused.value.message) < 300
    assert refused.value.message.endswith(".")


@pytest.mark.parametrize("raw", [b"", b"{", b"null", b"[" * 100_000, b"\xff\xfe", b'{"document_id": "\\ud800"}'])
def test_what_is_no_json_is_refused_in_a_sentence(raw: bytes) -> None:
    with pytest.raises(InputError, match="Not a span document"):
        parse(raw)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(raw: bytes) -> None:
    with pytest.raises(InputError):
        parse(raw)


def test_every_field_of_a_document_is_frozen(make: Any) -> None:
    with pytest.raises(ValueError, match="frozen"):
        make().state = State.WITHDRAWN
    assert SpanDocument.model_config["extra"] == "forbid"
