"""Moist air the other way round: temperature and humidity ratio from what else is known.

The inverses of `twin.fluids`, whose equations, ranges and sources hold here too: ASHRAE Handbook
Fundamentals 2021, ch. 1. Good between -60 and 60 °C, 60 to 105 kPa.
"""

from __future__ import annotations

import numpy as np

from twin.fluids import (
    DRY_AIR_J_KG_K,
    FUSION_J_KG,
    ICE_J_KG_K,
    LATENT_J_KG,
    VAPOUR_J_KG_K,
    WATER_J_KG_K,
    WATER_TO_AIR,
    enthalpy_j_kg,
    humidity_ratio,
    saturation_pressure_pa,
    saturation_ratio,
)
from twin.model import Array, held
from twin.ranges import Ranged, within

RANGE_C = (-60.0, 60.0)
_STEPS = 4


def temperature_c(enthalpy: Array, ratio: Array) -> Array:
    """Dry bulb of air of that enthalpy [J/kg] and humidity ratio [kg/kg]. [°C]"""
    return (enthalpy - LATENT_J_KG * ratio) / (DRY_AIR_J_KG_K + VAPOUR_J_KG_K * ratio)


def ratio_of_enthalpy(temperature: Array, enthalpy: Array) -> Array:
    """Humidity ratio of air of that dry bulb [°C] and enthalpy [J/kg], never below 0. [kg/kg]"""
    vapour = LATENT_J_KG + VAPOUR_J_KG_K * temperature
    return np.maximum((enthalpy - DRY_AIR_J_KG_K * temperature) / vapour, 0.0)


def ratio_of_relative_humidity(
    temperature: Array, humidity_percent: Array, pressure_pa: Array | float
) -> Ranged:
    """Humidity ratio of air of that relative humidity, 0 to 100 %. [kg/kg]"""
    share = within(humidity_percent, 0.0, 100.0)
    vapour_pa = share.value / 100.0 * saturation_pressure_pa(temperature)
    return Ranged(humidity_ratio(vapour_pa, pressure_pa), share.outside)


def ratio_of_dew_point(dew_point: Array, pressure_pa: Array | float) -> Ranged:
    """Humidity ratio of air that begins to condense, or to frost, at that temperature. [kg/kg]"""
    dew = within(dew_point, *RANGE_C)
    return Ranged(saturation_ratio(dew.value, pressure_pa), dew.outside)


def ratio_of_wet_bulb(temperature: Array, wet_bulb: Array, pressure_pa: Array | float) -> Ranged:
    """Humidity ratio of air of that dry and wet bulb, ASHRAE eq. 33 and, over ice, 35. [kg/kg]

    A wet bulb above the dry bulb, or below that of bone-dry air, is held there and flagged.
    """
    wet = within(wet_bulb, RANGE_C[0], np.minimum(temperature, RANGE_C[1]))
    t = wet.value
    saturated = saturation_ratio(t, pressure_pa)
    frozen = t < 0.01  # noqa: PLR2004 - the triple point
    taken = np.where(
        frozen,
        LATENT_J_KG + FUSION_J_KG + (VAPOUR_J_KG_K - ICE_J_KG_K) * t,
        LATENT_J_KG + (VAPOUR_J_KG_K - WATER_J_KG_K) * t,
    )
    drop_k = temperature - t
    found = (taken * saturated - DRY_AIR_J_KG_K * drop_k) / (taken + VAPOUR_J_KG_K * drop_k)
    return Ranged(np.maximum(found, 0.0), wet.outside | (found < 0.0))


def saturated_c(enthalpy: Array, pressure_pa: Array | float) -> Array:
    """Temperature of saturated air of that enthalpy [J/kg], held within -60 to 60. [°C]

    Newton steps with the slope of Magnus' form; good to 1e-4 K.
    """
    found = held(enthalpy / 3000.0, -20.0, 45.0)
    for _ in range(_STEPS):
        ratio = saturation_ratio(found, pressure_pa)
        growth = ratio * (1.0 + ratio / WATER_TO_AIR) * (17.62 * 243.12) / (243.12 + found) ** 2
        slope = DRY_AIR_J_KG_K + LATENT_J_KG * growth
        found = held(found + (enthalpy - enthalpy_j_kg(found, ratio)) / slope, *RANGE_C)
    return found
