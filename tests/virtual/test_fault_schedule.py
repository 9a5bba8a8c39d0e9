"""`--faults`: what may be written, and when it strikes."""

from __future__ import annotations

import pytest

from evensong.errors import InputError
from evensong.virtual.faults import Kind, parse, schedule


def test_parse() -> None:
    assert parse("link:3,reboot:1,kill-hub:1") == {Kind.LINK: 3, Kind.REBOOT: 1, Kind.KILL_HUB: 1}
    assert parse("") == {}
    assert parse(" link:2 , ") == {Kind.LINK: 2}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("flood:1", "no fault `flood`: the kinds are link, reboot, kill-hub"),
        ("link", "`link` does not say how often: write link:N"),
        ("link:0", "N from 1 to 100"),
        ("link:-1", "N from 1 to 100"),
        ("link:101", "N from 1 to 100"),
        ("link:²", "N from 1 to 100"),
        ("link:1,link:2", "named twice"),
        (":3", "no fault ``"),
    ],
)
def test_refused(text: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        parse(text)


def test_instants_follow_the_seed() -> None:
    wanted = parse("link:30,reboot:10,kill-hub:10")
    first = schedule(wanted, 7, 60, 28_800)
    assert first == schedule(wanted, 7, 60, 28_800)
    assert first != schedule(wanted, 8, 60, 28_800)
    assert first == sorted(first)
    assert len(first) == 50
    assert all(60e6 <= fault.at_us <= 28_800e6 for fault in first)
    assert {fault.worst for fault in first} == {True, False}


def test_another_kind_of_fault_does_not_move_the_links() -> None:
    links = [fault for fault in schedule(parse("link:3,reboot:2"), 5, 0, 1000) if fault.kind is Kind.LINK]
    assert links == schedule(parse("link:3"), 5, 0, 1000)
