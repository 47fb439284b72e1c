"""Heat pump to a district network, and sensors' lag."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.heat_recovery import fitted, fitted_power_w, heat_pump, log_mean_c, lorenz_cop
from twin.model import Array
from twin.sensor_lag import displayed, lagged


def one(value: float) -> Array:
    return np.array([value])


def test_the_helsinki_plant_has_the_cop_it_reports() -> None:
    # 25 to 30 °C from the servers, 45 to 90 °C to the network, 1.3 MW of heat for 0.30 MW.
    cop = lorenz_cop(one(30.0), one(25.0), one(45.0), one(90.0))
    assert cop.value[0] == pytest.approx(4.3, abs=0.2)
    found = heat_pump(one(1.0e6), cop, one(1e6))
    assert found.sink_w[0] == pytest.approx(1.3e6, rel=0.02)


@given(st.floats(0.0, 1e6), st.floats(10.0, 40.0), st.floats(50.0, 90.0), st.floats(0.0, 5e5))
def test_what_it_gives_is_what_it_took_and_was_paid(
    source: float, cold: float, warm: float, most: float
) -> None:
    cop = lorenz_cop(one(cold), one(cold - 5.0), one(warm - 20.0), one(warm))
    found = heat_pump(one(source), cop, one(most))
    assert found.sink_w[0] == pytest.approx(found.source_w[0] + found.power_w[0])
    assert found.source_w[0] <= source * (1.0 + 1e-9)
    assert found.power_w[0] <= most


def test_more_lift_costs_more_and_no_lift_is_flagged() -> None:
    low, high = (lorenz_cop(one(30.0), one(25.0), one(45.0), one(t)).value[0] for t in (60, 90))
    assert low > high
    assert lorenz_cop(one(30.0), one(25.0), one(28.0), one(29.0)).outside[0]


def test_the_log_mean_of_equal_temperatures_is_that_temperature() -> None:
    assert log_mean_c(one(40.0), one(40.0))[0] == pytest.approx(40.0)
    assert 40.0 < log_mean_c(one(40.0), one(60.0))[0] < 50.0


def test_a_plane_is_found_again() -> None:
    sink, source = np.linspace(30.0, 50.0, 20), np.sin(np.arange(20.0)) * 3.0
    machine = fitted(800.0 + 30.0 * sink - 12.0 * source, sink, source)
    assert machine == pytest.approx((800.0, 30.0, -12.0))
    assert fitted_power_w(machine, one(40.0), one(1.0))[0] == pytest.approx(1988.0)


@given(st.floats(0.0, 60.0), st.integers(1, 20))
def test_a_lag_is_the_same_in_one_step_or_many(lag_s: float, steps: int) -> None:
    shown = one(20.0)
    for _ in range(steps):
        shown = lagged(shown, one(30.0), lag_s, 60.0 / steps)
    assert shown[0] == pytest.approx(lagged(one(20.0), one(30.0), lag_s, 60.0)[0], abs=1e-9)


def test_a_display_rounds_after_its_bias() -> None:
    assert displayed(one(21.34), 0.2, 0.1)[0] == pytest.approx(21.5)
    assert displayed(one(21.34))[0] == 21.34
