from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.dx import Compressor, DxUnit

COMPRESSOR = Compressor(rated_capacity_w=36_800.0, rated_cop=4.05)


def unit(return_c: float = 32.0, coil_c: float = 20.0, outdoor_c: float = 35.0) -> DxUnit:
    dx = DxUnit(COMPRESSOR, 1.0)
    dx.set_conditions(return_c, coil_c, outdoor_c, 101_325.0)
    dx.settle()
    return dx


@pytest.mark.parametrize(
    # Coefficients of performance that follow from the published curves at 19.4 °C wet bulb.
    ("outdoor_c", "cop"),
    ((15.6, 6.6), (25.0, 5.3), (35.0, 4.0), (45.0, 3.0)),
)
def test_the_published_unit(outdoor_c: float, cop: float) -> None:
    dx = unit(19.4, 19.4, outdoor_c)  # saturated air has its temperature as wet bulb
    assert dx.capacity_w / dx.power_w == pytest.approx(cop, abs=0.1)


@given(st.floats(25.0, 38.0), st.floats(12.0, 24.0), st.floats(-20.0, 50.0))
def test_a_hotter_outside_never_saves_power(return_c: float, coil_c: float, out_c: float) -> None:
    cooler, hotter = unit(return_c, coil_c, out_c), unit(return_c, coil_c, out_c + 2.0)
    assert hotter.power_w / hotter.capacity_w >= cooler.power_w / cooler.capacity_w - 1e-12


def test_the_speed_ramps() -> None:
    dx = DxUnit(COMPRESSOR, 0.5)
    dx.step(1.0, 1.0)
    assert dx.speed == pytest.approx(0.5 + COMPRESSOR.ramp_per_s)


def test_it_runs_no_slower_than_it_can() -> None:
    dx = DxUnit(COMPRESSOR, 0.25)
    for _ in range(60):
        dx.step(0.05, 1.0)
    assert dx.speed == COMPRESSOR.slowest


def steps_until(dx: DxUnit, *, running: bool, wanted: float) -> int:
    count = 0
    while dx.running is not running:
        dx.step(wanted, 1.0)
        count += 1
    return count


def test_it_rests_and_runs_its_least_times() -> None:
    dx = DxUnit(COMPRESSOR, 0.5)
    dx.step(0.0, 1.0)
    assert not dx.running
    assert steps_until(dx, running=True, wanted=1.0) == COMPRESSOR.least_off_s
    assert steps_until(dx, running=False, wanted=0.0) == COMPRESSOR.least_on_s


def test_a_trip_stops_it_at_once_and_keeps_it_off() -> None:
    dx = DxUnit(COMPRESSOR, 0.8)
    dx.tripped = True
    for _ in range(600):
        dx.step(1.0, 1.0)
        assert (dx.speed, dx.capacity_w, dx.power_w) == (0.0, 0.0, 0.0)
    dx.tripped = False
    dx.step(1.0, 1.0)
    assert dx.running
