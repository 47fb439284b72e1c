"""Heat exchangers by effectiveness and number of transfer units, and coils that may be wet.

Incropera et al., Fundamentals of Heat and Mass Transfer, 7th ed., ch. 11, tables 11.3 and 11.4;
wet coils by enthalpy after Braun, Klein and Mitchell, ASHRAE Trans. 95(2) (1989) 164-174.
"""

from __future__ import annotations

import enum
from typing import NamedTuple

import numpy as np

from twin.fluids import DRY_AIR_J_KG_K, VAPOUR_J_KG_K, dew_point_c, enthalpy_j_kg, saturation_ratio
from twin.model import Array, held
from twin.moist_air import ratio_of_enthalpy, saturated_c, temperature_c
from twin.ranges import Ranged, within

_NEAR_ONE = 1e-6
_LEAST_W_K = 1e-9
NTU_BOUNDS = (0.0, 100.0)


class Arrangement(enum.StrEnum):
    """How the streams pass each other."""

    COUNTER = "counter"
    PARALLEL = "parallel"
    CROSS = "cross"  # both unmixed


def effectiveness(
    ntu: Array, ratio: Array, arrangement: Arrangement = Arrangement.COUNTER
) -> Ranged:
    """ε of a heat exchanger, 0 to 1. [1]

    Parameters
    ----------
    ntu : (...)   UA / C_min, 0 to 100. [1]
    ratio : (...)   C_min / C_max, 0 (one side boils or condenses) to 1. [1]
    """
    n, c = within(ntu, *NTU_BOUNDS), within(ratio, 0.0, 1.0)
    outside = n.outside | c.outside
    if arrangement is Arrangement.PARALLEL:
        return Ranged(-np.expm1(-n.value * (1.0 + c.value)) / (1.0 + c.value), outside)
    if arrangement is Arrangement.CROSS:
        return Ranged(_cross(n.value, c.value), outside)
    lack = 1.0 - c.value
    fallen = np.exp(-n.value * np.maximum(lack, _NEAR_ONE))
    counter = (1.0 - fallen) / (1.0 - c.value * fallen + np.where(lack < _NEAR_ONE, 1.0, 0.0))
    return Ranged(np.where(lack < _NEAR_ONE, n.value / (1.0 + n.value), counter), outside)


def conductance_w_k(
    rated_w_k: Array,
    air_share: Array,
    water_share: Array,
    fouling: Array | float = 1.0,
    resistance_ratio: Array | float = 2.0,
) -> Array:
    """UA away from the rated flows: UA_0 f (r + 1) / (r a^-0.8 + w^-0.8). [W/K]

    Dittus and Boelter's exponent on both sides.

    Parameters
    ----------
    air_share, water_share : (...)   Flows over rated ones; below 0.001 held there. [1]
    fouling : (...)   UA over that of the clean coil. [1]
    resistance_ratio : (...)   r, of the air side to the water side at rated flows. [1]
    """
    air, water = np.maximum(air_share, 1e-3), np.maximum(water_share, 1e-3)
    resistance = resistance_ratio * air**-0.8 + water**-0.8
    return rated_w_k * fouling * (resistance_ratio + 1.0) / resistance


def counterflow_ntu(share: Array, ratio: Array) -> Ranged:
    """NTU that gives an effectiveness in counterflow, the inverse of `effectiveness`. [1]

    share : (...)   ε, 0 to 0.999; ratio : (...)   C_min / C_max, 0 to 1. [1]
    """
    e, c = within(share, 0.0, 0.999), within(ratio, 0.0, 1.0)
    lack = np.maximum(1.0 - c.value, _NEAR_ONE)
    unlike = np.log((1.0 - e.value * c.value) / (1.0 - e.value)) / lack
    even = e.value / (1.0 - e.value)
    return Ranged(np.where(1.0 - c.value < _NEAR_ONE, even, unlike), e.outside | c.outside)


class Exchanged(NamedTuple):
    """What passes between two streams, each (...).

    heat_w : From hot to cold, latent heat included. hot_c, cold_c : Leaving temperatures. [°C]
    hot_ratio : Humidity ratio of the air that leaves; as it entered for dry streams. [kg/kg]
    """

    heat_w: Array
    hot_c: Array
    cold_c: Array
    hot_ratio: Array


def exchanged(
    hot_c: Array, cold_c: Array, hot_w_k: Array, cold_w_k: Array, conductance: Array
) -> Exchanged:
    """Heat between two dry streams in counterflow. [W]

    hot_c, cold_c : (...)   Entering. [°C] hot_w_k, cold_w_k, conductance : (...)   [W/K]
    """
    least = np.maximum(np.minimum(hot_w_k, cold_w_k), _LEAST_W_K)
    most = np.maximum(np.maximum(hot_w_k, cold_w_k), _LEAST_W_K)
    share = effectiveness(np.minimum(conductance / least, NTU_BOUNDS[1]), least / most).value
    heat_w = np.where(np.minimum(hot_w_k, cold_w_k) > _LEAST_W_K, share * least, 0.0) * (
        hot_c - cold_c
    )
    leaving_hot = hot_c - heat_w / np.maximum(hot_w_k, _LEAST_W_K)
    leaving_cold = cold_c + heat_w / np.maximum(cold_w_k, _LEAST_W_K)
    return Exchanged(heat_w, leaving_hot, leaving_cold, np.zeros_like(heat_w))


def cooled(
    air_c: Array,
    ratio: Array,
    pressure_pa: Array,
    air_kg_s: Array,
    water_c: Array,
    water_w_k: Array,
    conductance: Array,
) -> Exchanged:
    """Air through a chilled-water coil, dry or wet all over, whichever takes more heat.

    Dry by temperature; wet by enthalpy, with C_air replaced by m_air and the water's by
    C_water / c_s, c_s = dh_sat/dT at the water. Braun's rule: the greater of both is nearer the
    partly wet truth than either, within 5 %.

    Parameters
    ----------
    air_c, ratio, pressure_pa, air_kg_s : (...)   Air that enters. [°C], [kg/kg], [Pa], [kg/s]
    water_c, water_w_k : (...)   Water that enters, and its stream. [°C], [W/K]
    conductance : (...)   UA of the dry coil. [W/K]
    """
    moist_j_kg_k = DRY_AIR_J_KG_K + VAPOUR_J_KG_K * ratio
    dry = exchanged(air_c, water_c, air_kg_s * moist_j_kg_k, water_w_k, conductance)
    saturated = saturation_ratio(water_c, pressure_pa)
    at_water = enthalpy_j_kg(water_c, saturated)
    warmer_c = water_c + 5.0
    slope = (enthalpy_j_kg(warmer_c, saturation_ratio(warmer_c, pressure_pa)) - at_water) / 5.0
    water_kg_s = water_w_k / slope
    wet = exchanged(
        enthalpy_j_kg(air_c, ratio), at_water, air_kg_s, water_kg_s, conductance / moist_j_kg_k
    )
    is_wet = (wet.heat_w > dry.heat_w) & (dew_point_c(ratio, pressure_pa) > water_c)
    heat_w = np.where(is_wet, wet.heat_w, dry.heat_w)
    leaving_ratio, leaving_c = _leaving(air_c, ratio, pressure_pa, wet.hot_c, conductance, air_kg_s)
    return Exchanged(
        heat_w,
        np.where(is_wet, leaving_c, dry.hot_c),
        water_c + heat_w / np.maximum(water_w_k, _LEAST_W_K),
        np.where(is_wet, leaving_ratio, ratio),
    )


def _leaving(
    air_c: Array,
    ratio: Array,
    pressure_pa: Array,
    leaving_j_kg: Array,
    conductance: Array,
    air_kg_s: Array,
) -> tuple[Array, Array]:
    """Humidity ratio and temperature behind a wet coil, on the line to its mean surface."""
    moist_j_kg_k = DRY_AIR_J_KG_K + VAPOUR_J_KG_K * ratio
    contact = -np.expm1(-conductance / np.maximum(air_kg_s * moist_j_kg_k, _LEAST_W_K))
    inlet = enthalpy_j_kg(air_c, ratio)
    surface = saturated_c(inlet - (inlet - leaving_j_kg) / np.maximum(contact, 1e-3), pressure_pa)
    leaving_c = air_c - contact * (air_c - surface)
    leaving = held(ratio_of_enthalpy(leaving_c, leaving_j_kg), 0.0, ratio)
    return leaving, temperature_c(leaving_j_kg, leaving)


def _cross(n: Array, c: Array) -> Array:
    """Both streams unmixed, Incropera eq. 11.32: within 1 %."""
    ratio = np.maximum(c, _NEAR_ONE)
    many = np.maximum(n, 1e-12)
    value = -np.expm1(many**0.22 / ratio * np.expm1(-ratio * many**0.78))
    return np.where(c < _NEAR_ONE, -np.expm1(-n), value)
