from __future__ import annotations

import psychrolib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators import air

psychrolib.SetUnitSystem(psychrolib.SI)

temperatures = st.floats(-20.0, 45.0)
humidities = st.floats(10.0, 95.0)
pressures = st.floats(78_000.0, 104_000.0)


@given(temperatures)
def test_saturation_pressure_agrees_with_psychrolib(temperature_c: float) -> None:
    expected = psychrolib.GetSatVapPres(temperature_c)
    assert air.saturation_pressure_pa(temperature_c) == pytest.approx(expected, rel=3e-3)


@given(temperatures, humidities, pressures)
def test_relative_humidity_and_ratio_are_inverse(t: float, humidity: float, p: float) -> None:
    ratio = air.humidity_ratio(t, humidity, p)
    assert air.relative_humidity_percent(t, ratio, p) == pytest.approx(humidity)


@given(st.floats(15.0, 45.0), st.floats(30.0, 95.0), pressures)
def test_the_wet_bulb_agrees_with_psychrolib(t: float, humidity: float, p: float) -> None:
    ratio = air.humidity_ratio(t, humidity, p)
    expected = psychrolib.GetTWetBulbFromRelHum(t, humidity / 100.0, p)
    assert air.wet_bulb_c(t, ratio, p) == pytest.approx(expected, abs=0.1)


def test_saturated_air_has_its_own_temperature_as_wet_bulb() -> None:
    ratio = air.humidity_ratio(20.0, 100.0, 101_325.0)
    assert air.wet_bulb_c(20.0, ratio, 101_325.0) == pytest.approx(20.0, abs=1e-3)
