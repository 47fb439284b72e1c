from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.air_dx import MODEL, fields, inputs, params, settled

from podcore.site import SiteType
from twin import run
from twin.air_dx_network import STORED_AIR_KG_M3, stepped, stored_j
from twin.air_dx_terms import States, conditions, parameters
from twin.air_dx_terms import inputs as within
from twin.channels import ChannelRole
from twin.fluids import DRY_AIR_J_KG_K
from twin.model import Array, columns, of_role
from twin.parameters import PARAMETERS

P = params()
MEASURED = [c.name for c in of_role(MODEL.channels(), ChannelRole.MEASUREMENT)]
temperatures_c = st.floats(5.0, 70.0)
u_values = st.tuples(
    st.floats(0.0, 4e4),
    st.floats(12.0, 30.0),
    st.floats(0.0, 100.0),
    st.sampled_from([0.0, 1.0]),
    st.floats(-30.0, 45.0),
    st.floats(0.0, 100.0),
    st.floats(0.0, 1000.0),
    st.floats(6e4, 1.05e5),
    st.sampled_from([0.0, 1.0, 3.0]),
)
states = st.tuples(
    *(temperatures_c for _ in range(5)),
    st.floats(0.0, 0.02),
    st.floats(-6.0, -0.5),
    *(st.floats(-0.5, 0.5) for _ in range(4)),
    st.floats(-500.0, 500.0),
    st.floats(-2.0, 2.0),
)


def seen(x: Array, u: Array, p: Array = P) -> dict[str, float]:
    return dict(zip(MEASURED, MODEL.observe(x, u, p)[0].tolist(), strict=True))


def state(x: Array) -> States:
    return States(*columns(x))


def test_the_columns_of_the_parameters_are_those_of_the_type() -> None:
    assert fields() == tuple(p.name for p in PARAMETERS[SiteType.AIR_DX])


@settings(deadline=None)
@given(states, u_values, st.floats(0.5, 120.0))
def test_what_is_stored_is_what_came_in_less_what_left(
    x0: tuple[float, ...], u0: tuple[float, ...], dt: float
) -> None:
    x, u = np.array([x0]), np.array([u0])
    after, crossed = stepped(x, u, P, dt)
    p = parameters(P)
    stored = stored_j(state(after), p) - stored_j(state(x), p)
    moved = np.abs(np.array(crossed)).sum() * dt + 1e6
    assert abs(stored[0] - crossed.net_in_w()[0] * dt) <= 1e-9 * moved


@pytest.mark.slow
def test_a_days_energy_balance_closes() -> None:
    x, p, total = MODEL.initial(P), parameters(P), 0.0
    first, turned_j = stored_j(state(x), p)[0], 0.0
    for step in range(2_880):
        load_w = 11_000.0 + 4_000.0 * np.sin(step / 200.0)
        x, crossed = stepped(x, inputs(load_w, mode=float(step % 700 > 20), sun=300.0), P, 30.0)
        total += crossed.net_in_w()[0] * 30.0
        turned_j += np.abs(np.array(crossed)).sum() * 30.0
    assert abs(stored_j(state(x), p)[0] - first - total) <= 1e-9 * turned_j


@settings(max_examples=8, deadline=None)
@given(st.floats(3e3, 2.4e4), st.floats(40.0, 100.0))
def test_at_rest_the_servers_air_carries_off_their_power(it_w: float, fan: float) -> None:
    u = inputs(it_w, fan=fan)
    x = settled(u, P)
    found = seen(x, u)
    flows = conditions(state(x), within(u), parameters(P)).flows
    rise_k = it_w / (flows.server[0] * DRY_AIR_J_KG_K)
    assert found["outlet_c"] - found["inlet_c"] == pytest.approx(rise_k, abs=1e-6)


def test_at_rest_the_unit_takes_all_heat_that_is_made() -> None:
    u, p = inputs(out=15.0), params(envelope_ua_w_k=0.0, infiltration_per_h=0.0)
    x = settled(u, p)
    crossed = stepped(x, u, p, 1.0)[1]
    made_w = crossed.it_w + crossed.fan_w + crossed.losses_w
    assert crossed.refrigerant_w == pytest.approx(made_w, rel=1e-9)


def test_at_rest_the_supply_is_at_its_set_point_with_its_bias() -> None:
    x = settled(inputs(setpoint=22.0), P)
    x[0, -1] = 0.4
    for _ in range(200):
        x = MODEL.step(x, inputs(setpoint=22.0), P, 30.0)
    assert seen(x, inputs(setpoint=22.0))["supply_c"] == pytest.approx(22.4, abs=1e-3)


def without_cooling(dt: float, steps: int, **changed: float) -> tuple[Array, float, float]:
    """Mean air temperatures while the compressor stands, heat made, and the air's capacity."""
    p = params(
        envelope_ua_w_k=0.0, infiltration_per_h=0.0, coil_capacity_j_k=10.0, **changed
    )  # fmt: skip
    x, u = settled(inputs(), p), inputs(mode=0.0)
    made_w = stepped(x, u, p, 1e-6)[1].net_in_w()[0]
    means = []
    for _ in range(steps):
        x = MODEL.step(x, u, p, dt)
        means.append(0.5 * (x[0, 0] + x[0, 1]))
    air_j_k = 68.0 * STORED_AIR_KG_M3 * DRY_AIR_J_KG_K
    return np.array(means), float(made_w), air_j_k


def test_cooling_lost_the_air_first_warms_by_its_own_capacity() -> None:
    means, made_w, air_j_k = without_cooling(0.05, 3)
    assert (means[2] - means[1]) / 0.05 == pytest.approx(made_w / air_j_k, rel=0.01)


def test_cooling_lost_all_masses_warm_together_in_the_end() -> None:
    means, made_w, air_j_k = without_cooling(30.0, 300, shell_capacity_j_k=1e3)
    slope_k_s = (means[-1] - means[-2]) / 30.0
    assert slope_k_s == pytest.approx(made_w / (air_j_k + 9e5 + 1e3 + 10.0), rel=0.01)


def test_a_stopped_unit_warms_and_takes_no_compressor_power() -> None:
    x = settled(inputs(), P)
    off = inputs(mode=0.0)
    after = MODEL.step(x, off, P, 60.0)
    assert after[0, 0] > x[0, 0] + 1.0
    assert seen(after, off)["compressor_w"] == 0.0


@settings(max_examples=8, deadline=None)
@given(st.floats(4e3, 2e4), st.floats(100.0, 4e3))
def test_more_it_power_never_takes_less_of_anything(it_w: float, more_w: float) -> None:
    less, more = (seen(settled(inputs(w), P), inputs(w)) for w in (it_w, it_w + more_w))
    for name in ("return_c", "compressor_w", "ups_input_w", "facility_w"):
        assert more[name] >= less[name] - 1e-6, name


def test_a_higher_set_point_never_takes_more_compressor_power() -> None:
    powers = [
        seen(settled(inputs(setpoint=c), P), inputs(setpoint=c))["compressor_w"]
        for c in (16.0, 18.0, 20.0, 22.0, 24.0, 26.0)
    ]
    assert powers == sorted(powers, reverse=True)


def test_more_recirculation_never_cools_an_inlet() -> None:
    found = []
    for share in (0.01, 0.05, 0.1, 0.2, 0.4):
        x = settled(inputs(), params(recirculation=share))
        found.append(seen(x, inputs())["inlet_c"])
    assert found == sorted(found)


@pytest.mark.parametrize("dt", (0.1, 5.0, 30.0, 300.0, 3_600.0))
def test_any_step_is_stable_in_the_smallest_room(dt: float) -> None:
    p = params(room_volume_m3=1.0, coil_capacity_j_k=10.0, server_capacity_j_k=1e3)
    x = MODEL.initial(p)
    for step in range(200 if dt < 60.0 else 5):
        x = MODEL.step(x, inputs(mode=float(step % 50 > 2)), p, dt)
        assert np.isfinite(x).all()
        assert (x[0, :5] > -50.0).all()


def test_an_overloaded_unit_gives_what_it_has() -> None:
    u = inputs(7e4, fan=100.0)
    x = settled(u, P)
    assert seen(x, u)["supply_c"] > 25.0
    assert stepped(x, u, P, 5.0)[1].refrigerant_w[0] < 1.6 * 36_800.0


def test_a_coil_below_the_dew_point_dries_the_air() -> None:
    x = MODEL.initial(P)
    x[0, 5] = 0.016
    after = MODEL.step(x, inputs(setpoint=14.0), P, 300.0)
    assert after[0, 5] < 0.015


def test_a_run_gives_the_states_after_each_step() -> None:
    u = np.repeat(inputs()[np.newaxis], 50, axis=0)
    x, y = run(MODEL, P, MODEL.initial(P), u, 60.0)
    assert x.shape == (50, 1, 13)
    assert y.shape == (50, 1, 13)
    empty_x, empty_y = run(MODEL, P, MODEL.initial(P), u[:0], 60.0)
    assert (empty_x.shape, empty_y.shape) == ((0, 1, 13), (0, 1, 13))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(states, u_values), min_size=1, max_size=40))
def test_a_site_alone_and_in_any_batch_gives_the_same_bits(
    rows: list[tuple[tuple[float, ...], tuple[float, ...]]],
) -> None:
    x, u = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    p, dt = np.repeat(P, len(rows), axis=0), np.linspace(1.0, 30.0, len(rows))
    whole = MODEL.step(x, u, p, dt), MODEL.observe(x, u, p)
    for row in range(len(rows)):
        r = slice(row, row + 1)
        assert (MODEL.step(x[r], u[r], p[r], dt[r]) == whole[0][r]).all()
        assert (MODEL.observe(x[r], u[r], p[r]) == whole[1][r]).all()
