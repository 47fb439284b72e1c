"""What gives heat to the outdoor air: dry cooler, adiabatic pad, cooling tower, and their water."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from twin.coil import NTU_BOUNDS, effectiveness, exchanged
from twin.dx_coil import CoilAir
from twin.fluids import DRY_AIR_J_KG_K, LATENT_J_KG, enthalpy_j_kg, saturation_ratio, wet_bulb_c
from twin.model import Array, held
from twin.moist_air import saturated_c
from twin.ranges import Flags, Ranged, anywhere, within

PAD_EFFECTIVENESS, PAD_EFFECTIVENESS_SD = 0.82, 0.05  # makers' sheets, 0.8 to 0.85, as recalled
AIR_EXPONENT, AIR_EXPONENT_SD = 0.7, 0.1  # UA of a finned coil with its air flow, 0.6 to 0.8
DRIFT_SHARE, DRIFT_SHARE_SD = 1e-4, 5e-5  # of the circulation, 0.002 to 0.02 %, as recalled
_LEAST_W_K = 1e-6
_KG_PER_L = 1.0


class Rejected(NamedTuple):
    """What a cooler does, each (...).

    heat_w : Taken from the water. [W] leaving_c : Water that leaves. [°C]
    evaporated_kg_s : Water lost to the air. [kg/s]
    """

    heat_w: Array
    leaving_c: Array
    evaporated_kg_s: Array
    outside: Flags


def dry_cooler(
    water_c: Array,
    water_w_k: Array,
    air_c: Array,
    air_w_k: Array,
    conductance_w_k: Array,
    air_share: Array,
    short_circuit_k: Array | float = 0.0,
) -> Rejected:
    """Water through a finned coil in outdoor air, counterflow. [W]

    UA goes with air flow to the power 0.7 (0.6 to 0.8). A published unit: 2.93 MW, air 35 °C,
    water 46.1 to 40.6 °C, fans 4.0 % of the heat.

    Parameters
    ----------
    water_c, water_w_k : (...)   Water that enters and its stream. [°C], [W/K]
    air_c, air_w_k : (...)   Outdoor air and its stream now, -40 to 55 °C. [°C], [W/K]
    conductance_w_k : (...)   UA at the rated air flow. [W/K]
    air_share : (...)   Air flow over the rated one, 0 to 1.2. [1]
    short_circuit_k : (...)   By how much its own warm air warms what it draws. [K]
    """
    air, share = within(air_c, -40.0, 55.0), within(air_share, 0.0, 1.2)
    ua = conductance_w_k * share.value**AIR_EXPONENT
    found = exchanged(water_c, air.value + short_circuit_k, water_w_k, air_w_k, ua)
    none = np.zeros_like(found.heat_w)
    return Rejected(found.heat_w, found.hot_c, none, anywhere(air.outside, share.outside))


class Padded(NamedTuple):
    """Air behind a wet pad [°C], [kg/kg], and the water it takes. [kg/s]"""

    temperature_c: Array
    ratio: Array
    water_kg_s: Array


def adiabatic_pad(
    air_c: Array,
    ratio: Array,
    pressure_pa: Array | float,
    air_kg_s: Array,
    share: Array | float = PAD_EFFECTIVENESS,
) -> Padded:
    """Air cooled by evaporation, towards its wet bulb at constant enthalpy. [°C]

    T = T_db - η (T_db - T_wb), η 0.8 to 0.85; water m (W_out - W_in).
    """
    wet = wet_bulb_c(air_c, ratio, pressure_pa)
    cooled_c = air_c - held(np.asarray(share), 0.0, 1.0) * (air_c - wet)
    # The wick's own heat is left out, as everywhere on the wet-bulb line.
    out = ratio + held(np.asarray(share), 0.0, 1.0) * (saturation_ratio(wet, pressure_pa) - ratio)
    return Padded(cooled_c, out, air_kg_s * (out - ratio))


class Tower(NamedTuple):
    """A tower by five numbers, each (...).

    conductance_w_k : UA at rated flows, of enthalpy transfer counted as heat. [W/K]
    air_kg_s, water_kg_s : Rated flows. [kg/s]
    air_exponent, water_exponent : How UA goes with each flow. [1]
    """

    conductance_w_k: Array
    air_kg_s: Array
    water_kg_s: Array
    air_exponent: Array
    water_exponent: Array


def tower(
    water_c: Array,
    water_kg_s: Array,
    air: CoilAir,
    unit: Tower,
    heat_capacity_j_kg_k: float = 4186.0,
) -> Rejected:
    """Water in a counterflow cooling tower, Merkel's simplification. [W]

    The air is saturated air of heat capacity c_e = (h_s(T_w) - h(T_wb)) / (T_w - T_wb), which
    makes the tower a heat exchanger: ε-NTU with UA' = UA c_e / c_p. Braun, Klein and Mitchell,
    ASHRAE Trans. 95(2) (1989) 164-174; Merkel, VDI-Forschungsarbeiten 275 (1925).

    Parameters
    ----------
    water_c, water_kg_s : (...)   Water that enters, up to 60 °C, and its flow. [°C], [kg/s]
    air : each (...)   Air drawn; its wet bulb -10 to 35 °C.
    """
    air_kg_s, air_c, ratio, pressure_pa = air
    hot = within(water_c, 0.0, 60.0)
    wet = within(wet_bulb_c(air_c, ratio, pressure_pa), -10.0, 35.0)
    span_k = np.maximum(hot.value - wet.value, 0.1)
    at_water = enthalpy_j_kg(wet.value + span_k, saturation_ratio(wet.value + span_k, pressure_pa))
    at_air = enthalpy_j_kg(wet.value, saturation_ratio(wet.value, pressure_pa))
    effective = (at_water - at_air) / span_k
    share_a = np.maximum(air_kg_s / unit.air_kg_s, 1e-3) ** unit.air_exponent
    share_w = np.maximum(water_kg_s / unit.water_kg_s, 1e-3) ** unit.water_exponent
    ua = unit.conductance_w_k * share_a * share_w * effective / DRY_AIR_J_KG_K
    water_w_k, air_w_k = water_kg_s * heat_capacity_j_kg_k, air_kg_s * effective
    least = np.maximum(np.minimum(water_w_k, air_w_k), _LEAST_W_K)
    most = np.maximum(np.maximum(water_w_k, air_w_k), _LEAST_W_K)
    share = effectiveness(np.minimum(ua / least, NTU_BOUNDS[1]), least / most).value
    heat_w = np.where(least > _LEAST_W_K, share * least * np.maximum(water_c - wet.value, 0.0), 0.0)
    leaving_c = water_c - heat_w / np.maximum(water_w_k, _LEAST_W_K)
    # What the air gains beyond warming up is vapour; saturated air leaves.
    out = enthalpy_j_kg(air_c, ratio) + heat_w / np.maximum(air_kg_s, _LEAST_W_K)
    latent_w = np.maximum(
        heat_w - air_kg_s * DRY_AIR_J_KG_K * (saturated_c(out, pressure_pa) - air_c), 0.0
    )
    flags = anywhere(hot.outside, wet.outside)
    return Rejected(heat_w, leaving_c, latent_w / LATENT_J_KG, flags)


def blowdown_kg_s(evaporated_kg_s: Array, cycles: Array | float, drift_kg_s: Array) -> Ranged:
    """Water let go to keep salts down: E / (COC - 1) - drift, at least 0. [kg/s]

    cycles : (...)   Of concentration, 1.5 to 10; 3 to 6 is usual. [1]
    """
    times = within(cycles, 1.5, 10.0)
    return Ranged(
        np.maximum(evaporated_kg_s / (times.value - 1.0) - drift_kg_s, 0.0), times.outside
    )


def makeup_kg_s(
    evaporated_kg_s: Array, circulating_kg_s: Array, cycles: Array | float = 5.0
) -> Ranged:
    """Water that a tower takes in: evaporation, drift and blowdown. [kg/s]"""
    drift = DRIFT_SHARE * circulating_kg_s
    blown = blowdown_kg_s(evaporated_kg_s, cycles, drift)
    return Ranged(evaporated_kg_s + drift + blown.value, blown.outside)


def water_l(latent_w: Array, duration_s: Array | float) -> Array:
    """Water that carries a latent heat away for some time, 1.44 L a kWh. [L]"""
    return latent_w * duration_s / LATENT_J_KG / _KG_PER_L
