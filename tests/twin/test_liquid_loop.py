"""Liquids, cold plate, loop, pump."""

from __future__ import annotations

import numpy as np
import pytest
from CoolProp import CoolProp
from hypothesis import given
from hypothesis import strategies as st

from twin.liquid_loop import (
    Loop,
    Pump,
    case_c,
    cold_plate_k_w,
    loop_step,
    lowest_coolant_c,
    pipe_pressure_pa,
    pump_at,
)
from twin.liquids import Liquid, properties, stream_w_k
from twin.model import Array

THEIRS = {
    Liquid.WATER: "Water",
    Liquid.PG20: "INCOMP::MPG[0.20]",
    Liquid.PG25: "INCOMP::MPG[0.25]",
}


def one(value: float) -> Array:
    return np.array([value])


@pytest.mark.parametrize("liquid", Liquid)
@pytest.mark.parametrize("celsius", (1.0, 20.0, 45.0, 70.0, 89.0))
def test_liquids_agree_with_coolprop(liquid: Liquid, celsius: float) -> None:
    ours = properties(liquid, one(celsius))
    for found, which in zip(ours[:4], "DCVL", strict=True):
        expected = CoolProp.PropsSI(which, "T", celsius + 273.15, "P", 2e5, THEIRS[liquid])
        assert found[0] == pytest.approx(expected, rel=0.005)
    assert not ours.outside[0]


def test_ice_and_steam_are_flagged() -> None:
    assert properties(Liquid.WATER, np.array([-5.0, 120.0])).outside.all()


def test_a_litre_a_minute_of_water_carries_seventy_watts_a_kelvin() -> None:
    assert stream_w_k(Liquid.WATER, one(1.0), one(20.0))[0] == pytest.approx(69.6, abs=0.2)


def test_the_cold_plate_is_within_the_fit_s_error_at_both_ends_of_its_table() -> None:
    # Open Compute Project, 1 kW module: 0.0389 K/W at 0.4 L/min, 0.0197 at 2.4.
    found = cold_plate_k_w(np.array([0.4, 2.4, 5.0]))
    assert np.abs(found.value[:2] - [0.0389, 0.0197]).max() < 0.002
    assert found.outside.tolist() == [False, False, True]
    assert found.value[2] == found.value[1]


def test_the_case_is_warmer_than_the_coolant_by_its_resistance() -> None:
    assert case_c(one(40.0), one(1000.0), one(1.0)).value[0] == pytest.approx(40.0 + 24.6)


def test_the_return_comes_late_and_settles_at_the_balance() -> None:
    loop, seen = Loop(one(30.0), one(30.0), one(30.0)), []
    for _ in range(3000):
        loop = loop_step(loop, one(30.0), one(50e3), one(5e3), one(1e5), one(20.0), 1.0)
        seen.append(loop.second_c[0])
    assert seen[2] < 30.2
    assert loop.return_c[0] == pytest.approx(40.0, abs=1e-6)
    assert seen[-1] == pytest.approx(40.0, abs=1e-6)
    # What arrives is what left, the delay later.
    whole, parts = 40.0 - np.array(seen), 20.0
    assert whole.sum() / 10.0 == pytest.approx(1e5 / 5e3 + parts, abs=1.5)


def test_a_loop_that_stands_still_warms_by_its_heat_alone() -> None:
    still = loop_step(
        Loop(one(30.0), one(30.0), one(30.0)),
        one(30.0),
        one(1e4),
        one(0.0),
        one(1e5),
        one(20.0),
        5.0,
    )
    assert still.return_c[0] == pytest.approx(30.5)
    assert still.second_c[0] == 30.0


def test_coolant_stays_above_the_dew_point() -> None:
    assert lowest_coolant_c(one(15.0))[0] == 17.0


@given(st.floats(0.1, 1.0))
def test_power_goes_with_the_cube_of_speed_only_without_static_head(share: float) -> None:
    free = Pump(one(0.01), one(2e5), one(0.0), one(0.6))
    lifting = Pump(one(0.01), one(2e5), one(1e5), one(0.6))
    full = pump_at(free, one(1.0))[0].power_w[0]
    assert pump_at(free, one(share))[0].power_w[0] == pytest.approx(full * share**3)
    assert pump_at(lifting, one(share))[0].power_w[0] >= full * share**3 - 1e-9
    assert pump_at(free, one(1.5))[1][0]


def test_pressure_drop_has_the_exponent_of_turbulent_pipes() -> None:
    assert pipe_pressure_pa(one(0.5), one(1e5)).value[0] == pytest.approx(1e5 * 0.5**1.85)
