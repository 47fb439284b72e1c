from __future__ import annotations

import numpy as np
import psychrolib
import pytest
from CoolProp.HumidAirProp import HAPropsSI
from hypothesis import given
from hypothesis import strategies as st

from twin.fluids import (
    density_kg_m3,
    dew_point_c,
    enthalpy_j_kg,
    humidity_ratio,
    relative_humidity_percent,
    saturation_pressure_pa,
    saturation_ratio,
    wet_bulb_c,
)
from twin.model import Array

psychrolib.SetUnitSystem(psychrolib.SI)
GRID = [
    (t, rh, pa)
    for t in (-20.0, -5.0, 5.0, 20.0, 33.0, 45.0)
    for rh in (10.0, 50.0, 95.0)
    for pa in (60_000.0, 101_325.0)
]


def array(value: float) -> Array:
    return np.array([value])


def ratio_of(t: float, rh: float, pa: float) -> Array:
    return humidity_ratio(saturation_pressure_pa(array(t)) * rh / 100.0, array(pa))


def theirs(word: str, t: float, rh: float, pa: float) -> float:
    found = HAPropsSI(word, "T", t + 273.15, "R", rh / 100.0, "P", pa)
    return float(found)


@pytest.mark.parametrize(("t", "rh", "pa"), GRID)
def test_moist_air_is_that_of_coolprop(t: float, rh: float, pa: float) -> None:
    w = ratio_of(t, rh, pa)
    assert w[0] == pytest.approx(theirs("W", t, rh, pa), rel=0.006)
    # The enhancement factor that is left out is 0.4 % of the vapour: 0.5 kJ/kg in the wettest air.
    slack = 200.0 + 0.006 * w[0] * 2.5e6
    assert enthalpy_j_kg(array(t), w)[0] == pytest.approx(theirs("H", t, rh, pa), abs=slack)


@pytest.mark.parametrize(("t", "rh", "pa"), GRID)
def test_dew_point_and_wet_bulb_are_those_of_psychrolib(t: float, rh: float, pa: float) -> None:
    w = ratio_of(t, rh, pa)
    dew, wet = (
        psychrolib.GetTDewPointFromHumRatio(t, w[0], pa),
        psychrolib.GetTWetBulbFromHumRatio(t, w[0], pa),
    )
    assert dew_point_c(w, pa)[0] == pytest.approx(dew, abs=0.01)
    if abs(wet) > 1.0:  # at 0 °C water and ice give two answers a few tenths apart
        assert wet_bulb_c(array(t), w, pa)[0] == pytest.approx(wet, abs=0.01)


def test_over_ice_the_vapour_pressure_is_lower_than_over_water() -> None:
    # ASHRAE Fundamentals 2021, ch. 1, table 3: 103.24 Pa at -20 °C.
    assert saturation_pressure_pa(array(-20.0))[0] == pytest.approx(103.24, abs=0.05)
    assert saturation_pressure_pa(array(20.0))[0] == pytest.approx(2338.8, abs=1.0)


@given(st.floats(-40.0, 60.0), st.floats(1.0, 100.0), st.floats(6e4, 1.05e5))
def test_dew_point_wet_bulb_and_dry_bulb_come_in_this_order(t: float, rh: float, pa: float) -> None:
    w = ratio_of(t, rh, pa)
    dew, wet = dew_point_c(w, pa)[0], wet_bulb_c(array(t), w, pa)[0]
    assert dew <= wet + 0.7  # at 0 °C, between frost and dew
    assert wet <= t


@given(st.floats(-20.0, 60.0), st.floats(0.0, 100.0))
def test_relative_humidity_comes_back(t: float, rh: float) -> None:
    w = ratio_of(t, rh, 101_325.0)
    assert relative_humidity_percent(array(t), w, 101_325.0)[0] == pytest.approx(rh, abs=1e-9)


@given(st.floats(-1e4, 1e4), st.floats(-1.0, 10.0))
def test_what_cannot_be_gives_numbers_all_the_same(t: float, w: float) -> None:
    for found in (
        saturation_ratio(array(t), 101_325.0),
        wet_bulb_c(array(t), array(abs(w)), 101_325.0),
        dew_point_c(array(abs(w)), 101_325.0),
    ):
        assert np.isfinite(found).all()


def test_dry_air_at_20_degrees_weighs_1_2_kilograms() -> None:
    assert density_kg_m3(array(20.0), 0.0, 101_325.0)[0] == pytest.approx(1.204, abs=0.001)
