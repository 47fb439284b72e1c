"""Battery, sun, wind, generator and balance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.model import Array
from twin.supply import (
    LEAST_CHARGE,
    MOST_CHARGE,
    Battery,
    balance,
    battery_step,
    generator_fuel_l_h,
    pv_power_w,
    wind_power_w,
)

powers = st.floats(0.0, 1e6)


def one(value: float) -> Array:
    return np.array([value])


BATTERY = Battery(one(400e3), one(200e3))


@given(st.floats(0.0, 1.0), st.floats(-1e6, 1e6), st.floats(1.0, 3600.0))
def test_a_battery_keeps_its_limits_and_its_energy(charge: float, wish: float, dt: float) -> None:
    found = battery_step(BATTERY, one(charge), one(wish), dt)
    assert min(charge, LEAST_CHARGE) - 1e-9 <= found.charge[0] <= max(charge, MOST_CHARGE) + 1e-9
    assert abs(found.power_w[0]) <= 200e3 + 1e-6
    change_j = (found.charge[0] - charge) * 400e3 * 3600.0
    assert change_j + (found.power_w[0] + found.lost_w[0]) * dt == pytest.approx(0.0, abs=1e-2)
    assert found.lost_w[0] >= -1e-6


def test_a_round_trip_costs_both_efficiencies() -> None:
    full = battery_step(BATTERY, one(0.5), one(-100e3), 600.0)
    stored = (full.charge[0] - 0.5) * 400e3 * 3600.0
    back = battery_step(BATTERY, full.charge, one(1e9), 600.0)
    taken = (full.charge[0] - back.charge[0]) * 400e3 * 3600.0
    assert stored / (100e3 * 600.0) == pytest.approx(0.97, abs=1e-3)
    assert back.power_w[0] * 600.0 / taken == pytest.approx(0.97, abs=1e-3)


def test_charging_tapers_towards_full() -> None:
    early, late = (battery_step(BATTERY, one(c), one(-200e3), 1.0).power_w[0] for c in (0.5, 0.89))
    assert early == -200e3
    assert -200e3 < late < 0.0


@given(powers, powers, st.floats(-1e6, 1e6), powers, powers, powers)
def test_the_balance_closes_and_nothing_is_negative(
    load: float, sun: float, battery: float, most_in: float, most_out: float, generator: float
) -> None:
    b = balance(*(one(x) for x in (load, sun, battery, most_in, most_out, generator)))
    assert min(each[0] for each in b) >= 0.0
    sources = sun + battery + b.imported[0] + b.generated[0] + b.unserved[0]
    assert load + b.exported[0] + b.curtailed[0] == pytest.approx(sources, abs=1e-6)


def test_a_cold_bright_field_gives_its_rating_less_the_inverter() -> None:
    warm, cold = (pv_power_w(one(1000.0), one(t), one(3.0), one(90e3)).value[0] for t in (30, -5))
    assert warm < cold <= 90e3
    # 30 °C and 3 m/s: cells at 30 + 1000/45.52 = 51.97 °C, 0.9056 of the rating, times 0.96.
    assert warm == pytest.approx(90e3 * 0.90561 * 0.96, rel=1e-4)


def test_a_turbine_follows_its_curve_at_hub_height() -> None:
    curve = np.array([3.0, 12.0, 25.0]), np.array([0.0, 1e5, 1e5])
    at_hub = 5.0 * 10.0 ** (1 / 7)
    found = wind_power_w(one(5.0), 10.0, 100.0, *curve).value[0]
    assert found == pytest.approx(1e5 * (at_hub - 3.0) / 9.0)
    assert wind_power_w(one(40.0), 10.0, 100.0, *curve).value[0] == 0.0


def test_a_generator_burns_some_fuel_at_rest() -> None:
    found = generator_fuel_l_h(np.array([0.0, 100e3, 200e3]), np.full(3, 100e3))
    assert found.value[:2] == pytest.approx([8.1, 32.7])
    assert found.outside.tolist() == [False, False, True]
