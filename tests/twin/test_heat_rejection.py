"""Dry cooler, pad, tower and their water."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.dx_coil import CoilAir
from twin.fluids import enthalpy_j_kg, saturation_ratio, wet_bulb_c
from twin.heat_rejection import (
    Tower,
    adiabatic_pad,
    blowdown_kg_s,
    dry_cooler,
    makeup_kg_s,
    tower,
    water_l,
)
from twin.model import Array


def one(value: float) -> Array:
    return np.array([value])


PRESSURE = one(101_325.0)
UNIT = Tower(one(30e3), one(10.0), one(10.0), one(0.6), one(0.4))


def test_a_published_dry_cooler_has_its_approach() -> None:
    # 2.93 MW, air 35 °C, water 46.1 to 40.6 °C; air warms by 8 K: a counterflow UA of 374 kW/K.
    water_w_k, air_w_k = one(2.93e6 / 5.56), one(2.93e6 / 8.0)
    ends = np.array([46.1 - 43.0, 40.54 - 35.0])
    ua = one(2.93e6 * np.log(ends[1] / ends[0]) / (ends[1] - ends[0]))
    found = dry_cooler(one(46.1), water_w_k, one(35.0), air_w_k, ua, one(1.0))
    assert found.heat_w[0] == pytest.approx(2.93e6, rel=0.005)
    warmer = dry_cooler(one(46.1), water_w_k, one(35.0), air_w_k, ua, one(1.0), 2.0)
    assert warmer.heat_w[0] < found.heat_w[0]
    assert dry_cooler(one(46.1), water_w_k, one(60.0), air_w_k, ua, one(1.0)).outside[0]


@given(st.floats(20.0, 45.0), st.floats(0.1, 1.0), st.floats(0.0, 1.0))
def test_a_pad_keeps_the_air_s_enthalpy_nearly_and_its_water_exactly(
    air_c: float, humidity: float, share: float
) -> None:
    ratio = humidity * saturation_ratio(one(air_c), PRESSURE)
    found = adiabatic_pad(one(air_c), ratio, PRESSURE, one(5.0), share)
    wet = wet_bulb_c(one(air_c), ratio, PRESSURE)[0]
    assert wet - 0.01 <= found.temperature_c[0] <= air_c + 1e-9
    assert found.water_kg_s[0] == pytest.approx(5.0 * (found.ratio - ratio)[0])
    before = enthalpy_j_kg(one(air_c), ratio)[0]
    after = enthalpy_j_kg(found.temperature_c, found.ratio)[0]
    # What the water itself brings along at the wet bulb is all that is gained.
    brought = 4186.0 * wet * (found.ratio - ratio)[0]
    assert after == pytest.approx(
        before + brought, abs=1200.0
    )  # half a kelvin at a wet bulb that ice may cover


@given(st.floats(22.0, 45.0), st.floats(2.0, 12.0), st.floats(1.0, 12.0), st.floats(5.0, 30.0))
def test_water_never_leaves_a_tower_below_the_wet_bulb(
    water_c: float, water: float, air_kg_s: float, air_c: float
) -> None:
    ratio = 0.5 * saturation_ratio(one(air_c), PRESSURE)
    air = CoilAir(one(air_kg_s), one(air_c), ratio, PRESSURE)
    found = tower(one(water_c), one(water), air, UNIT)
    wet = wet_bulb_c(one(air_c), ratio, PRESSURE)[0]
    assert min(wet, water_c) - 1e-6 <= found.leaving_c[0] <= water_c
    assert found.heat_w[0] == pytest.approx(
        water * 4186.0 * (water_c - found.leaving_c[0]), rel=1e-6, abs=1e-3
    )
    # The air's own cooling evaporates water too, down to its wet bulb at most.
    own_w = air_kg_s * 1006.0 * (air_c - wet)
    assert found.evaporated_kg_s[0] * 2.501e6 <= found.heat_w[0] + 1.05 * own_w + 1.0


def test_more_air_brings_water_nearer_to_the_wet_bulb() -> None:
    ratio = one(0.008)
    leaving = [
        tower(one(35.0), one(10.0), CoilAir(one(m), one(25.0), ratio, PRESSURE), UNIT).leaving_c[0]
        for m in (2.0, 5.0, 10.0)
    ]
    assert leaving == sorted(leaving, reverse=True)


def test_concentration_costs_blowdown() -> None:
    assert blowdown_kg_s(one(1.0), 5.0, one(0.0)).value[0] == pytest.approx(0.25)
    assert blowdown_kg_s(one(1.0), one(1.0), one(0.0)).outside[0]
    assert makeup_kg_s(one(0.1), one(10.0)).value[0] == pytest.approx(0.125)


def test_a_latent_kilowatt_hour_takes_about_one_and_a_half_litres() -> None:
    assert water_l(one(1000.0), 3600.0)[0] == pytest.approx(1.44, abs=0.01)
