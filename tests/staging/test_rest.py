"""The path between rest and being up against every path there is."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from evensong.staging import rest


@given(st.lists(st.integers(-40, 40), max_size=9))
def test_no_path_explains_the_night_better(evidence: list[int]) -> None:
    said = np.array(evidence, np.int64) * (rest.CHANGE // 16)

    def worth(resting: tuple[bool, ...]) -> int:
        return sum(said[list(resting)].tolist()) - rest.CHANGE * sum(a != b for a, b in pairwise(resting))

    found = rest._path(said)
    assert len(found) == len(said)
    best = max(worth(each) for each in product((False, True), repeat=len(said))) if evidence else 0
    assert worth(tuple(found.tolist())) == best
