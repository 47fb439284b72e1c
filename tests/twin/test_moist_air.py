"""Moist air the other way round: each inverse undoes its function."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin import fluids, moist_air
from twin.model import Array

temperatures = st.floats(-20.0, 45.0)
humidities = st.floats(10.0, 95.0)
pressures = st.floats(60e3, 102e3)


def one(value: float) -> Array:
    return np.array([value])


@given(temperatures, humidities, pressures)
def test_every_way_back_leads_to_the_same_air(t: float, humidity: float, pressure: float) -> None:
    ratio = moist_air.ratio_of_relative_humidity(one(t), one(humidity), pressure).value
    enthalpy = fluids.enthalpy_j_kg(one(t), ratio)
    assert moist_air.temperature_c(enthalpy, ratio)[0] == pytest.approx(t, abs=1e-9)
    assert moist_air.ratio_of_enthalpy(one(t), enthalpy)[0] == pytest.approx(ratio[0], abs=1e-12)
    dew = fluids.dew_point_c(ratio, pressure)
    if abs(dew[0]) > 0.5:  # at the triple point water and ice give two answers
        back = moist_air.ratio_of_dew_point(dew, pressure)
        assert back.value[0] == pytest.approx(ratio[0], rel=2e-3)
    wet = fluids.wet_bulb_c(one(t), ratio, pressure)
    if abs(wet[0]) > 0.5:
        again = moist_air.ratio_of_wet_bulb(one(t), wet, pressure)
        assert again.value[0] == pytest.approx(ratio[0], abs=1e-4)  # a tenth of a kelvin


@given(st.floats(-39.0, 59.0), pressures)
def test_saturated_air_is_found_by_its_enthalpy(t: float, pressure: float) -> None:
    enthalpy = fluids.enthalpy_j_kg(one(t), fluids.saturation_ratio(one(t), pressure))
    assert moist_air.saturated_c(enthalpy, pressure)[0] == pytest.approx(t, abs=5e-3)


def test_a_wet_bulb_above_the_dry_one_is_held_and_flagged() -> None:
    found = moist_air.ratio_of_wet_bulb(one(20.0), one(25.0), 101_325.0)
    assert found.outside[0]
    assert found.value[0] == pytest.approx(fluids.saturation_ratio(one(20.0), 101_325.0)[0])


def test_a_wet_bulb_below_that_of_dry_air_is_flagged() -> None:
    found = moist_air.ratio_of_wet_bulb(one(40.0), one(2.0), 101_325.0)
    assert found.outside[0]
    assert found.value[0] == 0.0
