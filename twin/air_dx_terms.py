"""Parameters, states and inputs of `air-dx`, and what follows from them at one instant."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from twin.air_balance import AirFlows, air_flows, mixed_c
from twin.dx import (
    OFF,
    capacity_factor,
    coil_effectiveness,
    coil_wet_bulb_c,
    compressor_power_w,
    fan_power_w,
    input_ratio_factor,
)
from twin.electrical import pdu_loss_w, ups_loss_w
from twin.fluids import DRY_AIR_J_KG_K, LATENT_J_KG, density_kg_m3, saturation_ratio
from twin.model import Array, columns, held
from twin.servers import server_flow_kg_s

LEAST_STREAM_W_K = 1.0  # below it a unit is as good as stopped
_FACTOR = 1.6  # logarithms of factors on parameters are held within ±1.6: a fifth to five times
_RECIRCULATION = (1e-4, 0.9)
_TWENTY_C = np.array(20.0)


class Params(NamedTuple):
    """The columns of the parameter array, each (sites,); the names of `twin.parameters`."""

    room_volume_m3: Array
    envelope_ua_w_k: Array
    shell_capacity_j_k: Array
    wall_film_w_k: Array
    solar_rise_k_m2_w: Array
    infiltration_per_h: Array
    server_capacity_j_k: Array
    it_rated_w: Array
    server_rise_k: Array
    server_ntu: Array
    recirculation: Array
    hot_aisle_mixing: Array
    air_flow_m3_s: Array
    fan_power_w: Array
    cooling_w: Array
    cop: Array
    coil_ntu: Array
    coil_capacity_j_k: Array
    control_lag_s: Array
    ups_power_w: Array
    standby_w: Array


class States(NamedTuple):
    """The columns of x, each (sites,). Logarithms where the channel says so."""

    cold_c: Array
    hot_c: Array
    server_c: Array
    shell_c: Array
    coil_c: Array
    humidity_ratio: Array
    log_recirculation: Array
    log_coil_fouling: Array
    log_cop_k: Array
    log_ups_k: Array
    log_server_flow_k: Array
    it_power_bias_w: Array
    supply_bias_k: Array


class Inputs(NamedTuple):
    """The columns of u, each (sites,), held within what the equations bear."""

    it_power_w: Array
    setpoint_c: Array
    fan_share: Array
    mode: Array
    outdoor_c: Array
    outdoor_humidity_percent: Array
    irradiance_w_m2: Array
    pressure_pa: Array
    ups_mode: Array


_INPUT_BOUNDS = np.array(
    [
        (0.0, 1e9),
        (5.0, 45.0),
        (0.0, 100.0),  # percent, as it comes
        (-np.inf, np.inf),
        (-60.0, 60.0),
        (0.0, 100.0),
        (0.0, 1500.0),
        (5e4, 1.1e5),
        (-np.inf, np.inf),
    ]
)


class Conditions(NamedTuple):
    """What a step and the sensors need at the present state.

    it_w, fan_w, losses_w : Heat from servers, unit's fan, and UPS, PDU and standby. [W]
    can_cool, capacity_w : Whether the unit is on and has air; what it could take at most.
    input_ratio : Electrical input a heat taken, as a share of the rated one. [1]
    excess_ratio : Humidity ratio above saturation at the coil, 0 for a dry one. [kg/kg]
    """

    it_w: Array
    fan_w: Array
    losses_w: Array
    ups_output_w: Array
    ups_loss_w: Array
    flows: AirFlows
    effectiveness: Array
    can_cool: Array
    capacity_w: Array
    input_ratio: Array
    excess_ratio: Array


def parameters(params: Array) -> Params:
    """The means of the parameter array (sites, 2p)."""
    return Params(*columns(params[:, : len(Params._fields)]))


def inputs(u: Array) -> Inputs:
    """The inputs, held within what the equations bear; a fan's percent becomes a share."""
    low, high = _INPUT_BOUNDS[:, :1], _INPUT_BOUNDS[:, 1:]
    it_w, setpoint, fan, *others = held(np.ascontiguousarray(u.T), low, high)
    return Inputs(it_w, setpoint, fan / 100.0, *others)


def factor(logarithm: Array) -> Array:
    """What a slow state multiplies its parameter by. [1]"""
    return np.exp(held(logarithm, -_FACTOR, _FACTOR))


def conditions(s: States, i: Inputs, p: Params) -> Conditions:
    """Flows, powers and what the unit could do, at a state."""
    it_w = np.maximum(i.it_power_w + s.it_power_bias_w, 0.0)
    output_w = it_w + pdu_loss_w(it_w, p.it_rated_w)
    ups_w = factor(s.log_ups_k) * ups_loss_w(output_w, p.ups_power_w, i.ups_mode)
    fan_w = fan_power_w(i.fan_share, p.fan_power_w)
    share = held(np.exp(np.minimum(s.log_recirculation, 0.0)), *_RECIRCULATION)
    inlet_c = mixed_c(s.cold_c, s.hot_c, share)
    flow_k = factor(s.log_server_flow_k)
    server_kg_s = server_flow_kg_s(it_w, p.it_rated_w, inlet_c, p.server_rise_k, flow_k)
    rated_kg_s = p.air_flow_m3_s * density_kg_m3(_TWENTY_C, 0.0, i.pressure_pa)
    flows = air_flows(server_kg_s, rated_kg_s * i.fan_share, share)
    stream_w_k = flows.cooling * DRY_AIR_J_KG_K
    fouling = factor(s.log_coil_fouling)
    effectiveness = coil_effectiveness(
        stream_w_k, i.fan_share, p.coil_ntu, fouling, rated_kg_s * DRY_AIR_J_KG_K
    )
    return_c = mixed_c(s.hot_c, s.cold_c, flows.bypass_share)
    surface_ratio = saturation_ratio(s.coil_c, i.pressure_pa)
    wet_bulb_c = coil_wet_bulb_c(return_c, s.humidity_ratio, s.coil_c, i.pressure_pa, surface_ratio)
    can_cool = (np.rint(i.mode) != OFF) & (stream_w_k > LEAST_STREAM_W_K)
    capacity_w = p.cooling_w * capacity_factor(wet_bulb_c, i.outdoor_c)
    return Conditions(
        it_w,
        fan_w,
        output_w - it_w + ups_w + p.standby_w,
        output_w,
        ups_w,
        flows,
        effectiveness,
        can_cool,
        np.where(can_cool, capacity_w, 0.0),
        factor(s.log_cop_k) * input_ratio_factor(wet_bulb_c, i.outdoor_c),
        np.maximum(s.humidity_ratio - surface_ratio, 0.0),
    )


def supply_air_c(return_c: Array, coil_c: Array, now: Conditions) -> Array:
    """Temperature of the air behind coil and fan; the return air where none moves. [°C]"""
    stream_w_k = np.maximum(now.flows.cooling * DRY_AIR_J_KG_K, LEAST_STREAM_W_K)
    return return_c - now.effectiveness * (return_c - coil_c) + now.fan_w / stream_w_k


def wanted_coil_c(return_c: Array, setpoint_c: Array, now: Conditions) -> Array:
    """Coil temperature at which the supply air is at its set point. [°C]"""
    stream_w_k = np.maximum(now.flows.cooling * DRY_AIR_J_KG_K, LEAST_STREAM_W_K)
    taken_k = return_c + now.fan_w / stream_w_k - setpoint_c
    return return_c - taken_k / now.effectiveness


def compressor_w(s: States, return_c: Array, i: Inputs, p: Params, now: Conditions) -> Array:
    """Electrical power of the compressor at a state. [W]"""
    wanted_c = wanted_coil_c(return_c, i.setpoint_c + s.supply_bias_k, now)
    coil_w_k = now.effectiveness * now.flows.cooling * DRY_AIR_J_KG_K
    latent_w = now.effectiveness * now.flows.cooling * now.excess_ratio * LATENT_J_KG
    moved_w = p.coil_capacity_j_k * (wanted_c - s.coil_c) / p.control_lag_s
    heat_w = coil_w_k * (return_c - s.coil_c) + latent_w - moved_w
    held_w = held(heat_w, 0.0, now.capacity_w)
    return compressor_power_w(held_w, now.capacity_w, now.input_ratio, p.cop)


def server_conductance_w_k(p: Params) -> Array:
    """UA between servers and the air through them, at the flow of their rating. [W/K]"""
    return p.server_ntu * p.it_rated_w / p.server_rise_k
