"""The small components: air balance, servers, electrical chain, unit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin import dx
from twin.air_balance import air_flows, mixed_c
from twin.electrical import (
    BATTERY,
    ECO,
    EXAMPLE_SHAPE,
    ONLINE,
    Transformer,
    efficiency_loss_w,
    pdu_loss_w,
    transformer_loss_w,
    ups_input_w,
    ups_loss_w,
)
from twin.fluids import wet_bulb_c
from twin.model import Array
from twin.servers import exchange_w_k, load_share, server_flow_kg_s

flows_kg_s = st.floats(0.0, 20.0)
shares = st.floats(0.0, 1.0)


def array(value: float) -> Array:
    return np.array([value])


@given(flows_kg_s, flows_kg_s, shares)
def test_both_aisles_mass_balances_close(server: float, cooling: float, phi: float) -> None:
    f = air_flows(array(server), array(cooling), array(phi))
    assert f.direct + f.recirculated == pytest.approx(server, abs=1e-12)
    assert f.direct + f.bypass == pytest.approx(cooling, abs=1e-12)
    assert min(f.direct, f.recirculated, f.bypass) >= 0.0
    through = (1.0 - f.bypass_share) * cooling
    assert (1.0 - f.recirculation) * server == pytest.approx(through, abs=1e-9)


def test_the_worked_example_of_flows_gives_its_bypass() -> None:
    f = air_flows(array(1.0), array(1.25), array(0.05))
    assert f.recirculation[0] == pytest.approx(0.05, abs=1e-12)
    assert f.bypass_share[0] == pytest.approx(1 - 0.95 / 1.25, abs=1e-12)


@given(st.floats(0.5, 5.0), st.floats(0.6, 2.5), st.floats(0.0, 0.4), st.floats(1e3, 1e5))
def test_shi_is_recirculation_and_rti_the_ratio_of_the_flows(
    server: float, ratio: float, phi: float, power_w: float
) -> None:
    f = air_flows(array(server), array(server * ratio), array(phi))
    rise_k = power_w / (server * 1006.0)
    supply_c = 20.0
    # One rack alone: t_in = (1 - φ) t_supply + φ t_hot, t_hot = t_in + rise.
    hot_c = supply_c + rise_k / (1.0 - f.recirculation)
    inlet_c = mixed_c(array(supply_c), hot_c, f.recirculation)
    return_c = mixed_c(hot_c, array(supply_c), f.bypass_share)
    shi = (inlet_c - supply_c) / (hot_c - supply_c)
    rhi = (hot_c - inlet_c) / (hot_c - supply_c)
    assert shi == pytest.approx(f.recirculation, abs=1e-9)
    assert rhi == pytest.approx(1.0 - shi, abs=1e-9)
    assert (return_c - supply_c) / rise_k == pytest.approx(1.0 / ratio, rel=1e-9)


def test_bypass_turns_into_recirculation_without_a_jump() -> None:
    server = np.linspace(0.5, 1.5, 2001)
    f = air_flows(server, np.full(2001, 1.0), np.full(2001, 0.05))
    assert (np.diff(f.recirculation) >= -1e-12).all()
    assert np.abs(np.diff(f.recirculation, 2)).max() < 1e-5


@pytest.mark.parametrize(
    ("share", "efficiency"),
    ((0.25, 0.9479), (0.5, 0.9615), (0.75, 0.9631), (1.0, 0.9615)),
    ids=str,
)
def test_the_ups_has_the_efficiency_of_its_polynomial(share: float, efficiency: float) -> None:
    loss = ups_loss_w(array(share * 3e4), array(3e4))[0]
    assert share * 3e4 / (share * 3e4 + loss) == pytest.approx(efficiency, abs=1e-4)


def test_a_ups_without_load_still_makes_heat() -> None:
    assert ups_loss_w(array(0.0), array(3e4))[0] == pytest.approx(300.0)


def test_eco_loses_less_and_a_battery_draws_nothing() -> None:
    output, rated = array(1.5e4), array(3e4)
    eco, online = ups_loss_w(output, rated, ECO)[0], ups_loss_w(output, rated, ONLINE)[0]
    assert eco < online
    assert ups_input_w(output, array(eco), array(BATTERY))[0] == 0.0


@given(st.floats(0.0, 1e5), st.floats(0.0, 1e4))
def test_more_load_never_loses_less(load_w: float, more_w: float) -> None:
    for loss in (ups_loss_w, pdu_loss_w):
        less, more = loss(array(load_w), array(3e4)), loss(array(load_w + more_w), array(3e4))
        assert more[0] >= less[0]


@given(st.floats(0.0, 1e5), st.floats(-10.0, 60.0))
def test_server_fans_stay_between_a_fifth_and_all_of_their_flow(power: float, inlet: float) -> None:
    flow = server_flow_kg_s(array(power), array(25e3), array(inlet), array(10.0))[0]
    assert 0.2 - 1e-12 <= flow / (25e3 / 10_060.0) <= 1.0 + 1e-12
    assert 0.0 <= load_share(array(power), array(25e3))[0] <= 1.0


@given(st.floats(0.0, 1e5), st.floats(1.0, 1e5))
def test_no_stream_takes_more_than_its_whole_difference(stream: float, conductance: float) -> None:
    assert 0.0 <= exchange_w_k(array(stream), array(conductance))[0] <= max(stream, 1e-6)


@pytest.mark.parametrize(
    ("outdoor_c", "cop"), ((15.6, 6.6), (25.0, 5.3), (35.0, 4.0), (45.0, 3.0)), ids=str
)
def test_the_unit_has_the_cop_of_its_public_record(outdoor_c: float, cop: float) -> None:
    # Hand-computed from the record's curves at 19.4 °C wet bulb.
    found = 4.05 / dx.input_ratio_factor(array(19.4), array(outdoor_c))[0]
    assert found == pytest.approx(cop, abs=0.05)


@given(st.floats(-60.0, 80.0), st.floats(-60.0, 80.0))
def test_curves_are_held_at_their_bounds_and_say_so(wet_bulb: float, outdoor: float) -> None:
    found = dx.capacity_factor(array(wet_bulb), array(outdoor))[0]
    inside = np.clip(wet_bulb, 12.2, 26.7), np.clip(outdoor, 15.6, 51.7)
    assert found == dx.capacity_factor(array(inside[0]), array(inside[1]))[0]
    assert 0.5 < found < 1.5
    assert dx.outside_curves(array(wet_bulb), array(outdoor))[0] == (inside != (wet_bulb, outdoor))


@given(st.floats(0.0, 1e5), st.floats(0.0, 1e4), st.floats(15.0, 45.0))
def test_more_heat_never_takes_less_power(heat: float, more: float, outdoor: float) -> None:
    ratio = dx.input_ratio_factor(array(19.0), array(outdoor))
    less_w, more_w = (
        dx.compressor_power_w(array(q), array(36.8e3), ratio, array(4.05))[0]
        for q in (heat, heat + more)
    )
    assert more_w >= less_w - 1e-9


def test_a_dry_coil_is_rated_at_the_wet_bulb_at_which_it_begins_to_wet() -> None:
    dry = dx.coil_wet_bulb_c(array(30.0), array(0.004), array(15.0), 101_325.0)[0]
    drier = dx.coil_wet_bulb_c(array(30.0), array(0.002), array(15.0), 101_325.0)[0]
    wet = dx.coil_wet_bulb_c(array(30.0), array(0.016), array(15.0), 101_325.0)[0]
    assert dry == drier > wet_bulb_c(array(30.0), array(0.004), 101_325.0)[0]
    assert wet == wet_bulb_c(array(30.0), array(0.016), 101_325.0)[0]


@given(st.floats(0.01, 1.0), st.floats(0.2, 1.0))
def test_a_fouled_coil_is_never_more_effective(flow: float, fouling: float) -> None:
    rated = array(2_300.0)
    clean, fouled = (
        dx.coil_effectiveness(rated * flow, array(flow), array(2.5), array(f), rated)[0]
        for f in (1.0, fouling)
    )
    assert 0.0 < fouled <= clean <= 1.0


@given(shares)
def test_fan_power_goes_with_the_cube_of_speed(speed: float) -> None:
    assert dx.fan_power_w(array(speed), array(1500.0))[0] == pytest.approx(1500.0 * speed**3)


@pytest.mark.parametrize("share", (0.02, 0.25, 0.5, 0.75, 1.0))
def test_a_supply_loses_what_its_efficiency_says(share: float) -> None:
    # η = 0.95 (1.03 x / (0.01 + x) - 0.0198 x), by hand.
    efficiency = 0.95 * (1.03 * share / (0.01 + share) - 0.01980198 * share)
    lost = efficiency_loss_w(array(share * 1e5), array(1e5), 0.95, EXAMPLE_SHAPE)
    assert lost.value[0] == pytest.approx(share * 1e5 * (1.0 - efficiency), rel=1e-9)
    assert not lost.outside[0]


def test_a_transformer_loses_its_nameplate_at_full_load_and_something_without() -> None:
    unit = Transformer(*(array(x) for x in (150e3, 450.0, 1800.0, 0.1, 150.0, 225.0)))
    idle, half, full = (transformer_loss_w(unit, array(x)).value[0] for x in (0.0, 75e3, 150e3))
    assert idle == pytest.approx(450.0)
    assert full == pytest.approx(2250.0)
    assert 450.0 + 0.6 * 450.0 < half < 450.0 + 450.0  # cooler windings, less resistance
    assert transformer_loss_w(unit, array(3e5)).outside[0]
