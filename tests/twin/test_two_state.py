from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podcore.site import SiteType
from twin import run
from twin.model import Array, columns
from twin.parameters import PARAMETERS
from twin.two_state import (
    Params,
    TwoState,
    air_stream,
    cop_at,
    heat_capacity_j_k,
    steady_return,
    ups_loss_w,
)

MODEL = TwoState()
DEFAULTS = np.array([[parameter.mean for parameter in PARAMETERS[SiteType.AIR_DX]]])

powers_w = st.floats(0.0, 40_000.0)
supplies_c = st.floats(10.0, 35.0)
speeds_percent = st.floats(0.0, 100.0)
outdoors_c = st.floats(-30.0, 50.0)
returns_c = st.floats(10.0, 60.0)


def one(*values: float) -> Array:
    return np.array([values])


def inputs(
    it_w: float = 11_000.0, supply: float = 20.0, fan: float = 70.0, out: float = 18.0
) -> Array:
    return one(it_w, supply, fan, out)


def test_the_columns_of_the_parameters_are_those_of_the_type() -> None:
    assert Params._fields == tuple(p.name for p in PARAMETERS[SiteType.AIR_DX])


@given(powers_w, supplies_c, speeds_percent, outdoors_c, returns_c, st.floats(0.1, 600.0))
def test_what_is_stored_is_what_went_in_less_what_went_out(
    it_w: float, supply_c: float, fan: float, outdoor_c: float, return_c: float, dt: float
) -> None:
    u = inputs(it_w, supply_c, fan, outdoor_c)
    p = Params(*columns(DEFAULTS))
    after_c = MODEL.step(one(return_c, 0.0), u, DEFAULTS, dt)[0, 0]
    steady_c, rate = (float(each[0]) for each in steady_return(u, DEFAULTS))
    mean_c = steady_c + (return_c - steady_c) * -np.expm1(-rate * dt) / (rate * dt)
    exchange_w_k, fan_w = (float(each[0]) for each in air_stream(np.array([fan]), p))
    envelope_w = float(p.envelope_ua_w_k[0]) * (outdoor_c - mean_c)
    into_w = it_w + fan_w + envelope_w - exchange_w_k * (mean_c - supply_c)
    stored_j = float(heat_capacity_j_k(p)[0]) * (after_c - return_c)
    assert stored_j == pytest.approx(into_w * dt, rel=1e-6, abs=1.0)


@given(returns_c, st.floats(1.0, 60.0))
def test_two_half_steps_are_one_whole_step(return_c: float, dt: float) -> None:
    x = one(return_c, 0.0)
    half = MODEL.step(MODEL.step(x, inputs(), DEFAULTS, dt / 2), inputs(), DEFAULTS, dt / 2)
    assert half[0, 0] == pytest.approx(MODEL.step(x, inputs(), DEFAULTS, dt)[0, 0], rel=1e-12)


@given(powers_w, st.floats(10.0, 10_000.0))
def test_more_it_power_never_cools_the_return_air(it_w: float, more_w: float) -> None:
    less, more = (steady_return(inputs(w), DEFAULTS)[0][0] for w in (it_w, it_w + more_w))
    assert more > less


def test_at_rest_the_air_carries_off_what_goes_in() -> None:
    p = Params(*columns(DEFAULTS))
    steady_c = steady_return(inputs(out=27.0), DEFAULTS)[0][0]
    exchange_w_k, fan_w = air_stream(np.array([70.0]), p)
    carried_w = exchange_w_k[0] * (steady_c - 20.0)
    assert carried_w == pytest.approx(11_000 + fan_w[0] + 60.0 * (27.0 - steady_c), rel=1e-9)


def test_a_stopped_unit_lets_the_room_warm_by_its_power_over_its_capacity() -> None:
    p = Params(*columns(DEFAULTS))
    slope_k_s = MODEL.step(one(20.0, 0.0), inputs(fan=0.0, out=20.0), DEFAULTS, 1.0)[0, 0] - 20.0
    assert slope_k_s == pytest.approx(11_000.0 / heat_capacity_j_k(p)[0], rel=0.01)


def test_the_facility_takes_up_more_than_its_it_load() -> None:
    facility_w = MODEL.observe(one(26.0, 0.0), inputs(), DEFAULTS)[0, 1]
    assert 1.1 < facility_w / 11_000.0 < 1.6


@given(st.floats(-5_000.0, 5_000.0))
def test_the_bias_is_added_to_the_facility_power(bias_w: float) -> None:
    without, with_bias = (
        MODEL.observe(one(26.0, b), inputs(), DEFAULTS)[0, 1] for b in (0.0, bias_w)
    )
    assert with_bias - without == pytest.approx(bias_w, abs=1e-6)


@pytest.mark.parametrize(
    ("outdoor_c", "cop"), ((15.6, 6.6), (25.0, 5.3), (35.0, 4.0), (45.0, 3.0)), ids=str
)
def test_the_cop_is_within_0_2_of_the_published_unit(outdoor_c: float, cop: float) -> None:
    assert cop_at(np.array([outdoor_c]), np.array([4.05]))[0] == pytest.approx(cop, abs=0.2)


@given(st.floats(-60.0, 80.0))
def test_the_cop_is_never_extrapolated(outdoor_c: float) -> None:
    assert 2.9 < cop_at(np.array([outdoor_c]), np.array([4.05]))[0] < 6.7


def test_a_double_conversion_ups_is_95_to_96_percent_efficient_from_a_third_of_its_load() -> None:
    load_w = np.array([10_000.0, 20_000.0, 30_000.0])
    efficiency = load_w / (load_w + ups_loss_w(load_w, np.full(3, 30_000.0)))
    assert ((efficiency > 0.94) & (efficiency < 0.97)).all()
    assert ups_loss_w(np.zeros(1), np.full(1, 30_000.0))[0] > 0


def test_a_run_gives_the_states_after_each_step() -> None:
    u = np.repeat(inputs()[np.newaxis], 200, axis=0)
    x, y = run(MODEL, DEFAULTS, MODEL.initial(DEFAULTS), u, 60.0)
    assert x.shape == y.shape == (200, 1, 2)
    assert x[-1, 0, 0] == pytest.approx(steady_return(inputs(), DEFAULTS)[0][0], abs=1e-6)
    empty_x, empty_y = run(MODEL, DEFAULTS, MODEL.initial(DEFAULTS), u[:0], 60.0)
    assert empty_x.shape == empty_y.shape == (0, 1, 2)


@given(st.lists(st.tuples(returns_c, powers_w, supplies_c, speeds_percent, outdoors_c), min_size=1))
def test_a_site_alone_and_in_any_batch_gives_the_same_bits(
    rows: list[tuple[float, float, float, float, float]],
) -> None:
    x = np.array([[row[0], 10.0] for row in rows])
    u = np.array([row[1:] for row in rows])
    params = np.repeat(DEFAULTS, len(rows), axis=0)
    dt = np.linspace(1.0, 30.0, len(rows))
    whole = MODEL.step(x, u, params, dt), MODEL.observe(x, u, params)
    for row in range(len(rows)):
        one_row = slice(row, row + 1)
        step = MODEL.step(x[one_row], u[one_row], params[one_row], dt[one_row])
        seen = MODEL.observe(x[one_row], u[one_row], params[one_row])
        assert (step == whole[0][one_row]).all()
        assert (seen == whole[1][one_row]).all()
