"""The mixed room: balances, limits, what happens when cooling stops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.dx_record import CURVES

from twin import run
from twin.chiller import AIR_COOLED
from twin.curves import ONE
from twin.model import Array
from twin.room import MEASURED, Room, relaxed
from twin.room_terms import Equipment, packed

VALUES = {
    "volume_m3": 83.5,
    "mass_capacity_j_k": 4.2e6,
    "mass_conductance_w_k": 9e3,
    "walls_area_m2": 141.0,
    "walls_resistance_m2_k_w": 3.0,
    "cpu_rated_w": 94e3,
    "server_fan_rated_w": 6e3,
    "server_flow_m3_s": 8.0,
    "air_flow_m3_s": 8.4,
    "fan_rated_w": 5419.0,
    "cooling_w": 150e3,
    "cop": 3.8,
    "dx_flow_m3_s": 8.4,
    "dx_bypass": 0.065,
    "recirculation": 0.08,
}
ROOM = Room(Equipment(fan=ONE, dx=CURVES))
WEATHER = (30.0, 0.01, 99_000.0, 200.0, 15.0)


def inputs(load: float = 0.75, *, fan: float = 1.0, cooling: float = 1.0) -> Array:
    return np.array([[load, 20.0, fan, cooling, *WEATHER]])


def observed(x: Array, u: Array, params: Array, room: Room = ROOM) -> dict[str, float]:
    y = room.observe(x, u, params)[0]
    return dict(zip(MEASURED, y.tolist(), strict=True))


def settled(params: Array, u: Array, room: Room = ROOM) -> Array:
    xs, _ = run(room, params, room.initial(params), np.repeat(u[None], 300, axis=0), 60.0)
    last: Array = xs[-1]
    return last


def test_at_rest_the_coil_takes_what_all_others_give() -> None:
    params = packed(VALUES)
    seen = observed(settled(params, inputs()), inputs(), params)
    assert seen["supply_c"] == pytest.approx(20.0, abs=1e-6)
    given = seen["it_w"] + seen["ups_loss_w"] + seen["fan_w"]
    # What is left goes through the walls: 45 W/K on a few kelvins.
    assert seen["coil_w"] == pytest.approx(given, abs=300.0)
    total = seen["it_w"] + seen["ups_loss_w"] + seen["fan_w"] + seen["compressor_w"]
    assert seen["facility_w"] == pytest.approx(total)


def test_without_cooling_the_room_warms_by_all_its_heat_over_all_its_mass() -> None:
    params = packed(VALUES)
    x, u = settled(params, inputs()), inputs(cooling=0.0)
    xs, ys = run(ROOM, params, x, np.repeat(u[None], 90, axis=0), 10.0)
    # After the air has caught up, air and mass rise together: P / ΣC.
    rise_k_s = (xs[-1, 0, 0] - xs[-31, 0, 0]) / 300.0
    heat_w = ys[-31:, 0, [0, 1, 7]].sum(axis=1).mean()
    air_j_k = 83.5 * 1.13 * 1010.0
    assert rise_k_s == pytest.approx(heat_w / (4.2e6 + air_j_k), rel=0.02)


def test_without_cooling_the_first_second_is_the_air_s_alone() -> None:
    params = packed(VALUES)
    x, u = settled(params, inputs()), inputs(cooling=0.0)
    later = ROOM.step(x, u, params, 1.0)
    seen = observed(x, u, params)
    heat_w = seen["it_w"] + seen["ups_loss_w"] + seen["fan_w"]
    # 97 kJ/K of air; a second later the mass takes a tenth already.
    assert float(later[0, 0] - x[0, 0]) == pytest.approx(heat_w / 97e3, rel=0.1)


@pytest.mark.parametrize("dt", (60.0, 180.0, 600.0))
def test_a_dry_room_takes_up_moisture_by_its_air_changes_whatever_the_step(dt: float) -> None:
    params = packed(VALUES | {"infiltration_per_h": 0.1})
    x, u = ROOM.initial(params), inputs()
    x[:, 2] = 0.004
    xs, _ = run(ROOM, params, x, np.repeat(u[None], round(3600.0 / dt), axis=0), dt)
    # A change in ten hours, whichever way the fan turns the air over; outdoor air is lighter.
    changes = 0.1 * (273.15 + xs[-1, 0, 0]) / (273.15 + WEATHER[0])
    assert 0.01 - xs[-1, 0, 2] == pytest.approx(0.006 * np.exp(-changes), rel=0.002)


def test_with_the_fan_off_servers_breathe_the_room() -> None:
    params = packed(VALUES)
    x = settled(params, inputs())
    seen = observed(x, inputs(fan=0.0), params)
    assert seen["inlet_c"] == pytest.approx(seen["air_c"])
    assert (seen["fan_w"], seen["coil_w"], seen["compressor_w"]) == (0.0, 0.0, 0.0)


def test_a_site_alone_and_among_others_is_the_same_bit_for_bit() -> None:
    params = packed(VALUES, 50)
    params[:, 0] = np.linspace(60.0, 120.0, 50)
    u = np.repeat(inputs(), 50, axis=0)
    u[:, 0] = np.linspace(0.1, 1.0, 50)
    x = ROOM.step(ROOM.initial(params), u, params, 60.0)
    for site in (0, 17, 49):
        row = slice(site, site + 1)
        alone = ROOM.step(ROOM.initial(params)[row], u[row], params[row], 60.0)
        assert np.array_equal(x[row], alone)


def test_chilled_water_holds_the_set_point_and_pays_for_the_pump() -> None:
    room = Room(Equipment(fan=ONE, chiller=AIR_COOLED))
    water = {"water_flow_m3_s": 0.005, "coil_conductance_w_k": 15e3, "pump_w": 1500.0}
    params = packed({**VALUES, **water, "pump_heat_w": 1350.0, "cop": 3.1})
    seen = observed(settled(params, inputs(), room), inputs(), params, room)
    assert seen["supply_c"] == pytest.approx(20.0, abs=1e-6)
    assert seen["pump_w"] == 1500.0
    assert 15e3 < seen["compressor_w"] < 60e3


def test_flow_follows_the_servers_when_it_may() -> None:
    room = Room(Equipment(fan=ONE, dx=CURVES, follows=True))
    params = packed({**VALUES, "supply_approach_k": 1.5, "return_approach_k": -1.0})
    seen = observed(settled(params, inputs(), room), inputs(), params, room)
    assert seen["inlet_c"] == pytest.approx(21.5, abs=1e-6)
    assert seen["air_c"] == pytest.approx(30.1, abs=0.7)  # by hand: 21.5 + 9.6 - 1


def test_an_economiser_rests_the_compressor_on_a_cold_day() -> None:
    params = packed({**VALUES, "economiser_limit_c": 24.0})
    cold = inputs()
    cold[0, 4:6] = 5.0, 0.004
    seen = observed(settled(params, cold), cold, params)
    assert seen["compressor_w"] == pytest.approx(0.0, abs=1.0)
    assert seen["supply_c"] == pytest.approx(20.0, abs=1e-6)


@settings(max_examples=30)
@given(
    st.floats(0.0, 1.0),
    st.sampled_from((0.0, 1.0)),
    st.sampled_from((0.0, 1.0)),
    st.floats(1.0, 600.0),
)
def test_no_input_makes_the_room_lose_its_numbers(
    load: float, fan: float, cooling: float, dt: float
) -> None:
    params = packed(VALUES)
    u = np.repeat(inputs(load, fan=fan, cooling=cooling)[None], 5, axis=0)
    xs, ys = run(ROOM, params, ROOM.initial(params), u, dt)
    assert np.isfinite(xs).all()
    assert np.isfinite(ys).all()


@given(st.floats(0.0, 0.2), st.floats(1e-4, 0.2), st.floats(1e-5, 0.01), st.floats(0.1, 1e4))
def test_two_half_steps_are_one(loss: float, give: float, take: float, dt: float) -> None:
    rates = (np.array([35.0]), np.array([loss]), np.array([give]), np.array([take]))
    whole = relaxed(np.array([20.0]), np.array([25.0]), *rates, dt)
    half = relaxed(np.array([20.0]), np.array([25.0]), *rates, dt / 2)
    again = relaxed(*half, *rates, dt / 2)
    assert again[0][0] == pytest.approx(whole[0][0], abs=1e-6)
    assert again[1][0] == pytest.approx(whole[1][0], abs=1e-6)


def test_names_that_are_none_and_names_that_are_missing_are_told() -> None:
    with pytest.raises(ValueError, match="volume"):
        packed({"no_such": 1.0})
    with pytest.raises(ValueError, match="either"):
        Equipment(fan=ONE)
