"""The battery model: what is made from it is fresh, every input names a source, and the errors point the right way."""

from __future__ import annotations

import pytest

from evensong.hub import power_model
from evensong_firmware.power.currents import CURRENT_UA
from evensong_firmware.power.energy import lasts_h
from evensong_wire.frames import Plan


def test_what_is_made_from_the_model_is_fresh():
    for path, text in power_model.outputs().items():
        assert (power_model.ROOT / path).read_text(encoding="utf-8") == text, "python -m evensong.hub.power_model"


def test_every_input_names_its_source_and_whether_it_was_read():
    for name, low, high, part in power_model.rows():
        assert 0 <= low < high, name
        assert len(part["source"]) > 10, name
        assert isinstance(part["opened"], bool), name


@pytest.mark.parametrize("chip", power_model.chips())
def test_a_thinner_plan_draws_less(chip: str):
    for thinner, fuller in ((Plan.LEAN, Plan.FULL), (Plan.SPARE, Plan.LEAN)):
        for bound in (0, 1):
            assert CURRENT_UA[chip][thinner][bound] < CURRENT_UA[chip][fuller][bound]


@pytest.mark.parametrize("plan", Plan)
def test_the_forecast_is_an_interval_that_shrinks_with_the_charge(plan: Plan):
    forecasts = [lasts_h("virtual", plan, 500, pct) for pct in range(101)]
    assert all(least <= most for least, most in forecasts)
    assert forecasts == sorted(forecasts)
    assert forecasts[0][0] == 0
    assert lasts_h("virtual", plan, 10_000, 100) <= (63, 63)
