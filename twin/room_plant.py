"""What the unit of a room does at one instant: air flow, supply air, heat and power."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from twin.chiller import ChillerRating, chilled
from twin.coil import cooled
from twin.dx_coil import CoilAir, DxRating, rated_at, taken
from twin.economiser import outdoor_air_share
from twin.fluids import DRY_AIR_J_KG_K, VAPOUR_J_KG_K, density_kg_m3, saturation_ratio
from twin.model import Array, held
from twin.ranges import Flags, anywhere
from twin.room_terms import Equipment, Inputs, Params, States
from twin.server_load import Served

_TWENTY_C = np.array(20.0)
_LEAST_FLOW_KG_S = 1e-6
_LEAST_SPAN_K = 1.0
_WATER_KG_M3, _WATER_J_KG_K = 998.0, 4186.0
_RETURN_S = 300.0  # in which a unit whose flow follows the servers brings the room to its aim
_NEAR_ALL = 1.0 - 1e-9


class Plant(NamedTuple):
    """The unit, each (sites,).

    flow_kg_s : Dry air through it. [kg/s] supply_c, supply_ratio : Behind its fan. [°C], [kg/kg]
    controlled : Where the supply air is at its set point whatever comes back.
    outdoor_share : Of the air into the coil. [1] just_dry_ratio : Below it the coil is dry. [kg/kg]
    heat_w : Taken by the coil, latent included. compressor_w, fan_w, pump_w : Electrical. [W]
    """

    flow_kg_s: Array
    supply_c: Array
    supply_ratio: Array
    controlled: Flags
    outdoor_share: Array
    just_dry_ratio: Array
    heat_w: Array
    compressor_w: Array
    fan_w: Array
    pump_w: Array
    outside: Flags


def served(inlet_c: Array, i: Inputs, p: Params, equipment: Equipment) -> Served:
    """The servers at an inlet temperature."""
    return equipment.servers(
        i.load, inlet_c, p.cpu_rated_w, p.server_fan_rated_w, p.server_flow_m3_s
    )


def inlet_c(air_c: Array, supply_c: Array, flow_kg_s: Array, p: Params) -> Array:
    """What the servers breathe. [°C]

    Supply air with a share φ of the room's, or supply air and an approach; the room's air alone
    while the unit gives none.
    """
    mixed = (1.0 - p.recirculation) * supply_c + p.recirculation * air_c
    apart = np.where(np.isnan(p.supply_approach_k), mixed, supply_c + p.supply_approach_k)
    return np.where(flow_kg_s > _LEAST_FLOW_KG_S, apart, air_c)


def plant(s: States, i: Inputs, p: Params, equipment: Equipment, gains_w_of: Array) -> Plant:
    """The unit at a state of the room.

    gains_w_of : (sites,)   Heat that walls and infiltration bring now. [W]
    """
    rated_kg_s = p.air_flow_m3_s * density_kg_m3(_TWENTY_C, 0.0, p.standard_pressure_pa)
    share = _flow_share(s, i, p, equipment, rated_kg_s, gains_w_of)
    flow = np.where(i.fan_available > 0.5, share * rated_kg_s, 0.0)  # noqa: PLR2004 - a switch
    fan = equipment.fan(share)
    fan_w = np.where(flow > 0.0, p.fan_rated_w * fan.value, 0.0)
    wanted = _flow(flow)
    moist = wanted * (DRY_AIR_J_KG_K + VAPOUR_J_KG_K * s.humidity_ratio)
    rise_k = fan_w / moist
    aim_c = i.setpoint_c - rise_k
    outdoor = outdoor_air_share(i.outdoor_c, s.air_c, aim_c, p.economiser_limit_c)
    entering = CoilAir(
        flow,
        s.air_c + outdoor * (i.outdoor_c - s.air_c),
        s.humidity_ratio + outdoor * (i.outdoor_ratio - s.humidity_ratio),
        i.pressure_pa,
    )
    if equipment.dx is not None:
        found = _direct(entering, aim_c, i, p, equipment)
    else:
        found = _water(entering, aim_c, i, p, equipment)
    leaving_c, leaving_ratio, heat_w, compressor_w, pump_w, dry, outside = found
    supply_c = leaving_c + rise_k
    controlled = (np.abs(supply_c - i.setpoint_c) < 1e-6) & (flow > 0.0)  # noqa: PLR2004
    return Plant(
        flow,
        supply_c,
        leaving_ratio,
        controlled,
        outdoor,
        dry,
        heat_w,
        compressor_w,
        fan_w,
        pump_w,
        anywhere(outside, fan.outside),
    )


def _flow_share(
    s: States, i: Inputs, p: Params, equipment: Equipment, rated_kg_s: Array, gains_w: Array
) -> Array:
    """Air flow over the rated one: all of it, or what keeps the return at the servers' outlet."""
    if not equipment.follows:
        return np.ones_like(rated_kg_s)
    inlet = i.setpoint_c + p.supply_approach_k
    it = served(inlet, i, p, equipment)
    server_kg_s = it.flow_m3_s * density_kg_m3(inlet, s.humidity_ratio, p.standard_pressure_pa)
    moist = DRY_AIR_J_KG_K + VAPOUR_J_KG_K * s.humidity_ratio
    it_w = it.cpu_w + it.fan_w
    aim_c = inlet + it_w / (_flow(server_kg_s) * moist) + p.return_approach_k
    store_j_k = p.air_capacity_factor * p.volume_m3 * rated_kg_s / p.air_flow_m3_s * moist
    lost_w = np.where(p.ups_efficiency < 1.0, _ups_heat_w(it_w, p, equipment), 0.0)
    wanted_w = it_w + lost_w + gains_w + store_j_k * (s.air_c - aim_c) / _RETURN_S
    span_k = np.maximum(s.air_c - i.setpoint_c, _LEAST_SPAN_K)
    return held(wanted_w / (span_k * moist) / rated_kg_s, p.least_flow_share, 1.0)


def _ups_heat_w(it_w: Array, p: Params, equipment: Equipment) -> Array:
    share = equipment.ups(it_w / (p.cpu_rated_w + p.server_fan_rated_w)).value
    return p.ups_heat_share * it_w * (1.0 - held(p.ups_efficiency * share, 0.01, 1.0))


def _direct(
    air: CoilAir, aim_c: Array, i: Inputs, p: Params, equipment: Equipment
) -> tuple[Array, Array, Array, Array, Array, Array, Flags]:
    """The direct-expansion coil; off where cooling is not available."""
    if equipment.dx is None:
        raise ValueError("no direct-expansion unit in this room")
    density = density_kg_m3(_TWENTY_C, 0.0, p.standard_pressure_pa)
    rating = DxRating(p.cooling_w, p.cop, p.dx_flow_m3_s * density, p.dx_bypass, p.lowest_outdoor_c)
    unit = rated_at(air, i.outdoor_c, rating, equipment.dx)
    on = (i.cooling_available > 0.5) & (air.flow_kg_s > _LEAST_FLOW_KG_S)  # noqa: PLR2004
    done = taken(air, np.where(on, aim_c, air.temperature_c), unit, equipment.dx)
    none = np.zeros_like(aim_c)
    outside = unit.outside & (done.share > 0.0)
    return (
        done.leaving_c, done.leaving_ratio, done.heat_w, done.power_w, none,
        unit.just_dry_ratio, outside,
    )  # fmt: skip


def _water(
    air: CoilAir, aim_c: Array, i: Inputs, p: Params, equipment: Equipment
) -> tuple[Array, Array, Array, Array, Array, Array, Flags]:
    """The chilled-water coil behind its valve, the pump, and the chiller that carries both."""
    if equipment.chiller is None:
        raise ValueError("no chiller in this room")
    moist = DRY_AIR_J_KG_K + VAPOUR_J_KG_K * air.ratio
    water_w_k = p.water_flow_m3_s * _WATER_KG_M3 * _WATER_J_KG_K
    most = cooled(
        air.temperature_c, air.ratio, air.pressure_pa, air.flow_kg_s,
        p.water_c, water_w_k, p.coil_conductance_w_k,
    )  # fmt: skip
    on = i.cooling_available > 0.5  # noqa: PLR2004 - a switch
    full_w = np.where(on, most.heat_w, 0.0)
    sensible = air.flow_kg_s * moist * (air.temperature_c - most.hot_c)
    asked = air.flow_kg_s * moist * np.maximum(air.temperature_c - aim_c, 0.0)
    share = np.where(on, held(asked / np.maximum(sensible, 1e-6), 0.0, 1.0), 0.0)
    # A valve that throttles warms the coil's surface: it dries before it stops to cool.
    dried = np.where(share > _NEAR_ALL, air.ratio - most.hot_ratio, 0.0)
    heat_w = np.where(share > _NEAR_ALL, full_w, share * sensible)
    leaving_c = air.temperature_c - share * (air.temperature_c - most.hot_c)
    load_w = np.where(on, heat_w + p.pump_heat_w, 0.0)
    rating = ChillerRating(
        p.cooling_w, p.cop, p.chiller_least_share, np.ones_like(load_w), p.free_cooling_k
    )
    machine = chilled(load_w, p.water_c, i.outdoor_c, rating, equipment.chiller)
    return (
        leaving_c, air.ratio - dried, heat_w, machine.power_w, np.where(on, p.pump_w, 0.0),
        np.minimum(air.ratio, saturation_ratio(p.water_c, air.pressure_pa)), machine.outside,
    )  # fmt: skip


def _flow(flow_kg_s: Array) -> Array:
    return np.maximum(flow_kg_s, _LEAST_FLOW_KG_S)
