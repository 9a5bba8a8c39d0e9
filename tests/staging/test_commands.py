from __future__ import annotations

from pathlib import Path

import pytest

from evensong.cli.staging import nights, stage
from evensong.errors import InputError
from evensong.recordings.container import BootStart, RecordingHeader, writing
from evensong_wire.codec import encode
from evensong_wire.frames import Kind
from evensong_wire.models import Header, HeartRate

INCARNATION = b"\1\2\3\4"


@pytest.fixture
def ages_apart(tmp_path: Path) -> Path:
    """A reading in each of two boots, half a year between them."""
    path = tmp_path / "ages.evr"
    boots = (BootStart(INCARNATION, 1, 0), BootStart(INCARNATION, 2, 180 * 86_400_000))
    with writing(path, RecordingHeader(bytes(8), "test", None, True, None, None, boots)) as put:
        for boot in boots:
            header = Header(Kind.HEART_RATE, INCARNATION, boot.boot_id, 0, 0)
            put(encode(header, HeartRate((0,), (960,))))
    return path


def test_a_recording_that_spans_ages_is_refused_before_every_epoch_is_laid_out(ages_apart: Path) -> None:
    with pytest.raises(InputError, match="spans 180 days"):
        stage([ages_apart])
    with pytest.raises(InputError, match="spans 180 days"):
        nights([ages_apart])
