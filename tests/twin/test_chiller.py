"""The chiller: its record, its bounds, free cooling."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.chiller import AIR_COOLED, Chilled, ChillerRating, chilled, cop_bound
from twin.curves import Curve, Form
from twin.model import Array


def one(value: float) -> Array:
    return np.array([value])


RATING = ChillerRating(one(100.6e3), one(3.1), one(0.25), one(1.0), one(1.0))


def at(load_w: float, water_c: float, outdoor_c: float) -> Chilled:
    return chilled(one(load_w), one(water_c), one(outdoor_c), RATING, AIR_COOLED)


def test_the_record_gives_its_cop_at_the_rating_point() -> None:
    capacity = AIR_COOLED.capacity(one(6.67), one(35.0)).value
    ratio = AIR_COOLED.input_ratio(one(6.67), one(35.0)).value
    assert capacity[0] == pytest.approx(1.049, abs=0.001)  # by hand; the fit's own error
    assert 3.1 / ratio[0] == pytest.approx(3.04, abs=0.05)


@given(st.floats(0.0, 1.5e5), st.floats(4.4, 18.0), st.floats(-20.0, 50.0))
def test_what_is_rejected_is_what_was_taken_and_paid(load: float, water: float, air: float) -> None:
    found = at(load, water, air)
    assert found.rejected_w[0] == pytest.approx(found.heat_w[0] + found.power_w[0])
    assert found.heat_w[0] <= load + 1e-9
    if found.heat_w[0] > 1.0:
        bound = cop_bound(one(water), one(air))[0]
        assert found.heat_w[0] / found.power_w[0] <= bound * (1.0 + 1e-9)


def test_cop_falls_with_lift() -> None:
    cops = [at(6e4, 7.0, air).heat_w[0] / at(6e4, 7.0, air).power_w[0] for air in (25, 30, 35, 45)]
    assert cops == sorted(cops, reverse=True)


def test_outside_its_range_it_is_held_and_flagged() -> None:
    cold, colder = at(6e4, 7.0, 20.0), at(6e4, 7.0, -15.0)
    assert cold.outside[0]
    assert cold.power_w[0] == colder.power_w[0]
    assert not at(6e4, 7.0, 30.0).outside[0]


def test_more_than_it_can_is_cut_and_flagged() -> None:
    found = at(2e5, 7.0, 35.0)
    assert found.heat_w[0] < 1.1e5
    assert found.outside[0]


def test_it_cycles_below_its_least_part_load() -> None:
    assert at(5e3, 7.0, 30.0).power_w[0] == pytest.approx(at(1e4, 7.0, 30.0).power_w[0] / 2.0)


def test_refrigerant_carries_the_heat_alone_when_the_air_is_cold_enough() -> None:
    curves = replace(AIR_COOLED, free_cooling=Curve(Form.QUADRATIC, (0.0, 0.2, 0.0), (0.0, 5.0)))
    water = np.full(3, 16.0)
    air = np.array([15.5, 14.9, 12.0])  # too warm; one kelvin, a fifth; four, four fifths
    found = chilled(np.full(3, 4e4), water, air, RATING, curves)
    assert found.free.tolist() == [False, False, True]
    assert found.power_w[2] == 0.0
    assert found.heat_w[2] == 4e4
