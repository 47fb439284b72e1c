"""Liquid to the chip: cold plate, distribution unit, loop with its delay, pump and pipe."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from twin.coil import Exchanged, exchanged
from twin.model import Array, held
from twin.ranges import Flags, Ranged, anywhere, within

LIQUID_SHARE, LIQUID_SHARE_SD = 0.8, 0.1  # of a server's heat; draft EnergyPlus object
DEW_MARGIN_K = 2.0  # coolant above the room's dew point
PRESSURE_EXPONENT = 1.85  # Modelica Buildings library, pressure drop with flow
_LEAST = 1e-9


def cold_plate_k_w(flow_l_min: Array) -> Ranged:
    """Resistance from chip case to coolant inlet of a 1 kW module with PG25. [K/W]

    R = 0.0162 + 0.0084 / V̇: fit of the Open Compute Project's table of 14 points, within
    0.0018 K/W.

    flow_l_min : (...)   Coolant through the module, 0.4 to 2.4. [L/min]
    """
    flow = within(flow_l_min, 0.4, 2.4)
    return Ranged(0.0162 + 0.0084 / flow.value, flow.outside)


def case_c(coolant_c: Array, power_w: Array, flow_l_min: Array) -> Ranged:
    """Temperature of the chip's case. [°C]

    coolant_c, power_w : (...)   Coolant that enters, and heat of the module. [°C], [W]
    """
    resistance = cold_plate_k_w(flow_l_min)
    return Ranged(coolant_c + power_w * resistance.value, resistance.outside)


def distribution_unit(
    secondary_c: Array,
    primary_c: Array,
    secondary_w_k: Array,
    primary_w_k: Array,
    conductance_w_k: Array,
    fouling: Array | float = 1.0,
) -> Exchanged:
    """Heat from the servers' loop (hot) to the facility's (cold), counterflow. [W]

    Published units have UA of 0.23 to 0.28 kW/K a kW, approach 3 to 4 K.

    Parameters
    ----------
    secondary_c, primary_c : (...)   Entering. [°C] secondary_w_k, primary_w_k : (...)   [W/K]
    conductance_w_k, fouling : (...)   UA when clean, and share of it that is left. [W/K], [1]
    """
    ua = conductance_w_k * held(np.asarray(fouling), 0.01, 1.0)
    return exchanged(secondary_c, primary_c, secondary_w_k, primary_w_k, ua)


def lowest_coolant_c(dew_point_c: Array) -> Array:
    """Coolest coolant that condenses nothing: 2 K above the room's dew point. [°C]"""
    return dew_point_c + DEW_MARGIN_K


class Loop(NamedTuple):
    """A loop's return and supply, and what is still on its way, each (sites,). [°C]

    return_c : Behind the servers. first_c, second_c : Two cells of the pipe between.
    """

    return_c: Array
    first_c: Array
    second_c: Array


def loop_step(
    loop: Loop,
    supply_c: Array,
    heat_w: Array,
    stream_w_k: Array,
    capacity_j_k: Array,
    delay_s: Array,
    dt: float,
) -> Loop:
    """The loop `dt` seconds on: C dT/dt = Q - m c_p (T - T_supply), then two cells of pipe.

    Each cell holds half of the pipe and mixes: the second-order form of a delay V_pipe / V̇.
    Exact for constant inputs, so stable at any step. A loop that stands still warms by Q alone.

    Parameters
    ----------
    supply_c, heat_w, stream_w_k : (sites,)   Coolant that enters, heat, and stream.
    capacity_j_k, delay_s : (sites,)   Of servers and coolant, above 0; transport time.
    """
    rate = stream_w_k / capacity_j_k
    kept = np.exp(-rate * dt)
    end = supply_c + heat_w / np.maximum(stream_w_k, _LEAST)
    standing = loop.return_c + heat_w * dt / capacity_j_k
    return_c = np.where(stream_w_k > _LEAST, end + (loop.return_c - end) * kept, standing)
    passed = -np.expm1(-2.0 * dt / np.maximum(delay_s, _LEAST))
    passed = np.where(stream_w_k > _LEAST, passed, 0.0)
    first = loop.first_c + passed * (return_c - loop.first_c)
    return Loop(return_c, first, loop.second_c + passed * (first - loop.second_c))


class Pump(NamedTuple):
    """A pump or fan at full speed, each (...).

    flow_m3_s, pressure_pa : Its design point. static_pa : Of that, what does not go with flow.
    efficiency : Hydraulic, motor and drive together at the design point. [1]
    """

    flow_m3_s: Array
    pressure_pa: Array
    static_pa: Array
    efficiency: Array


class Moved(NamedTuple):
    """Flow [m³/s], pressure [Pa] and electrical power [W] at a speed."""

    flow_m3_s: Array
    pressure_pa: Array
    power_w: Array


def pump_at(pump: Pump, flow_share: Array) -> tuple[Moved, Flags]:
    """Pressure and power for a share of the design flow, and whether that was outside 0 to 1.2.

    Δp = Δp_static + (Δp_r - Δp_static) (V̇/V̇_r)^2; P = V̇ Δp / η. The affinity law P ∝ N³ is the
    case without static head; a control that keeps a differential pressure is static head, and
    exponents of 2.3 to 2.9 are measured.
    """
    share = within(flow_share, 0.0, 1.2)
    pressure = pump.static_pa + (pump.pressure_pa - pump.static_pa) * share.value**2
    flow = pump.flow_m3_s * share.value
    return Moved(flow, pressure, flow * pressure / pump.efficiency), share.outside


def pipe_pressure_pa(flow_share: Array, rated_pa: Array) -> Ranged:
    """Pressure drop of pipes and valves: Δp_r (V̇/V̇_r)^1.85, shares 0 to 1.5. [Pa]"""
    share = within(flow_share, 0.0, 1.5)
    return Ranged(rated_pa * share.value**PRESSURE_EXPONENT, anywhere(share.outside))
