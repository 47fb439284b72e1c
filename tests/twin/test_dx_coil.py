"""The direct-expansion coil: bypass, dry-coil rule, part load."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.dx_record import CURVES

from twin.dx_coil import CoilAir, DxRating, Rated, bypass_factor, rated_at, taken
from twin.fluids import enthalpy_j_kg, saturation_ratio
from twin.model import Array
from twin.moist_air import saturated_c

PRESSURE_PA = 98_934.0


def one(value: float) -> Array:
    return np.array([value])


def rating() -> DxRating:
    bypass = bypass_factor(one(150e3), one(0.8), one(8.4), one(PRESSURE_PA))
    return DxRating(one(150e3), one(3.8), one(9.88), bypass, one(-40.0))


def unit(temperature_c: float, ratio: float, outdoor_c: float) -> tuple[CoilAir, Rated]:
    air = CoilAir(one(9.88), one(temperature_c), one(ratio), one(PRESSURE_PA))
    return air, rated_at(air, one(outdoor_c), rating(), CURVES)


def test_the_bypass_factor_lies_on_the_line_through_the_rating() -> None:
    # By hand, with a table of saturation: the rated outlet lies 6.5 % from the inlet's side.
    assert rating().bypass[0] == pytest.approx(0.065, abs=0.002)


def test_dry_air_of_any_humidity_gives_about_the_same_capacity() -> None:
    dry, drier = (unit(28.5, ratio, 35.0)[1] for ratio in (0.005, 0.002))
    assert dry.full_ratio[0] == 0.005
    assert drier.capacity_w[0] == pytest.approx(dry.capacity_w[0], rel=0.07)


@given(st.floats(24.0, 36.0), st.floats(0.001, 0.006), st.floats(16.0, 45.0))
def test_a_dry_coil_is_rated_where_it_just_begins_to_condense(
    temperature_c: float, ratio: float, outdoor_c: float
) -> None:
    air, found = unit(temperature_c, ratio, outdoor_c)
    if found.just_dry_ratio[0] <= ratio:
        return
    contact = air.flow_kg_s * (1.0 - rating().bypass)
    point = enthalpy_j_kg(air.temperature_c, air.ratio) - found.capacity_w / contact
    point_c = saturated_c(point, PRESSURE_PA)
    assert saturation_ratio(point_c, PRESSURE_PA)[0] == pytest.approx(
        found.just_dry_ratio[0], rel=0.01
    )


@given(st.floats(24.0, 36.0), st.floats(0.002, 0.018), st.floats(16.0, 45.0), st.floats(8.0, 30.0))
def test_heat_taken_is_the_air_s_loss_of_enthalpy(
    temperature_c: float, ratio: float, outdoor_c: float, wanted_c: float
) -> None:
    air, found = unit(temperature_c, ratio, outdoor_c)
    done = taken(air, one(wanted_c), found, CURVES)
    before = enthalpy_j_kg(air.temperature_c, air.ratio)
    after = enthalpy_j_kg(done.leaving_c, done.leaving_ratio)
    assert air.flow_kg_s * (before - after) == pytest.approx(done.heat_w, abs=1e-3)
    assert done.leaving_ratio[0] <= ratio + 1e-12
    if 0.0 < done.share[0] < 1.0:
        assert done.leaving_c[0] == pytest.approx(wanted_c, abs=1e-6)


def test_without_air_or_below_its_limit_it_takes_nothing() -> None:
    still = CoilAir(one(0.0), one(28.0), one(0.006), one(PRESSURE_PA))
    assert rated_at(still, one(30.0), rating(), CURVES).capacity_w[0] == 0.0
    assert unit(28.0, 0.006, -41.0)[1].capacity_w[0] == 0.0


def test_a_curve_that_was_held_is_flagged() -> None:
    assert unit(28.0, 0.008, 10.0)[1].outside[0]
    assert not unit(28.0, 0.012, 30.0)[1].outside[0]
