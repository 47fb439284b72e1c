"""Moist air.

Vapour pressure after Hyland and Wexler, ASHRAE Trans. 89(2A) (1983) 500-519, over ice below the
triple point: the branch over water would be up to 22 % off at -20 °C. The mixture is ideal:
ASHRAE Handbook Fundamentals 2021, ch. 1, without its enhancement factor. Held against CoolProp
and psychrolib for -20 to 45 °C, 60 to 102 kPa.

All functions are elementwise on arrays of one shape; temperatures below -100 °C and above 200 °C
are held at these bounds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]  # its own: the plant of `simulators` uses this file and no other


DRY_AIR_J_KG_K = 1006.0
VAPOUR_J_KG_K = 1860.0
WATER_J_KG_K = 4186.0
ICE_J_KG_K = 2100.0
LATENT_J_KG = 2.501e6  # of water at 0 °C; one value throughout, so that balances close
FUSION_J_KG = 3.334e5
WATER_TO_AIR = 0.621945  # ratio of molar masses
DRY_AIR_GAS_J_KG_K = 287.055
STANDARD_PRESSURE_PA = 101_325.0
KELVIN = 273.15
_TRIPLE_C = 0.01
_LOWEST_C, _HIGHEST_C = -100.0, 200.0
_WATER = (-5.8002206e3, 1.3914993, -4.8640239e-2, 4.1764768e-5, -1.4452093e-8, 6.5459673)
_ICE = (-5.6745359e3, 6.3925247, -9.677843e-3, 6.2215701e-7, 2.0747825e-9, -9.484024e-13, 4.1635019)
_WET_BULB_STEPS = 3
_DEW_POINT_STEPS = 4


def saturation_pressure_pa(temperature_c: Array) -> Array:
    """Vapour pressure at saturation, over ice below 0.01 °C. [Pa]

    Hyland and Wexler 1983, as in ASHRAE Fundamentals 2021, ch. 1, eq. 5 and 6.
    """
    celsius = _bounded(temperature_c)
    kelvin = celsius + KELVIN
    logarithm = np.log(kelvin)
    a, b, c, d, e, f = _WATER
    water = a / kelvin + b + kelvin * (c + kelvin * (d + kelvin * e)) + f * logarithm
    frozen = celsius < _TRIPLE_C
    if not np.count_nonzero(frozen):  # the common case; a row's bits are the same either way
        return np.exp(water)
    a, b, c, d, e, f, g = _ICE
    ice = a / kelvin + b + kelvin * (c + kelvin * (d + kelvin * (e + kelvin * f))) + g * logarithm
    return np.exp(np.where(frozen, ice, water))


def humidity_ratio(vapour_pa: Array, pressure_pa: Array | float) -> Array:
    """Mass of water a mass of dry air, ASHRAE eq. 20. [kg/kg]

    Vapour pressures above 0.9 of the total are held there: near boiling there is no mixture.
    """
    held_pa = np.minimum(vapour_pa, 0.9 * pressure_pa)
    return WATER_TO_AIR * held_pa / (pressure_pa - held_pa)


def saturation_ratio(temperature_c: Array, pressure_pa: Array | float) -> Array:
    """Humidity ratio of saturated air. [kg/kg]"""
    return humidity_ratio(saturation_pressure_pa(temperature_c), pressure_pa)


def vapour_pressure_pa(ratio: Array, pressure_pa: Array | float) -> Array:
    """Partial pressure of the vapour in air of that humidity ratio. [Pa]"""
    return pressure_pa * ratio / (WATER_TO_AIR + ratio)


def relative_humidity_percent(
    temperature_c: Array, ratio: Array, pressure_pa: Array | float
) -> Array:
    """Relative humidity; above 100 when the ratio is more than the air can hold. [%]"""
    return 100.0 * vapour_pressure_pa(ratio, pressure_pa) / saturation_pressure_pa(temperature_c)


def enthalpy_j_kg(temperature_c: Array, ratio: Array) -> Array:
    """Enthalpy of moist air a kilogram of dry air, above dry air and water at 0 °C. [J/kg]

    ASHRAE eq. 30.
    """
    return DRY_AIR_J_KG_K * temperature_c + ratio * (LATENT_J_KG + VAPOUR_J_KG_K * temperature_c)


def density_kg_m3(temperature_c: Array, ratio: Array | float, pressure_pa: Array | float) -> Array:
    """Mass of dry air in a volume of moist air, ideal gas, ASHRAE eq. 26. [kg/m³]"""
    swelling = 1.0 + ratio / WATER_TO_AIR
    return pressure_pa / (DRY_AIR_GAS_J_KG_K * (temperature_c + KELVIN) * swelling)


def dew_point_c(ratio: Array, pressure_pa: Array | float) -> Array:
    """Temperature at which air of that humidity ratio begins to condense, or to frost. [°C]

    Newton steps on the logarithm of the saturation pressure from Magnus' form; good to 0.001 K
    between -60 and 80 °C. A ratio of nothing is held at -100 °C.
    """
    magnus = _magnus(ratio, pressure_pa)
    wanted = magnus + np.log(611.2)
    found = _bounded(243.12 * magnus / (17.62 - magnus))
    for _ in range(_DEW_POINT_STEPS):
        found = found - (np.log(saturation_pressure_pa(found)) - wanted) / _log_slope(found)
    return _bounded(found)


def wet_bulb_c(temperature_c: Array, ratio: Array, pressure_pa: Array | float) -> Array:
    """Thermodynamic wet bulb, ASHRAE eq. 33 and, over ice, 35. [°C]

    Three Newton steps on the adiabatic saturation balance, from two fifths of the way between
    dew point and dry bulb; good to 0.003 K between -40 and 60 °C. Air beyond saturation gives its
    own temperature.
    """
    magnus = _magnus(ratio, pressure_pa)
    dew = np.maximum(243.12 * magnus / (17.62 - magnus), _LOWEST_C)
    found = dew + 0.4 * np.maximum(temperature_c - dew, 0.0)
    given = DRY_AIR_J_KG_K + VAPOUR_J_KG_K * ratio
    for _ in range(_WET_BULB_STEPS):
        saturated = saturation_ratio(found, pressure_pa)
        taken = _taken_j_kg(found)
        excess = taken * (saturated - ratio) - given * (temperature_c - found)
        growth = saturated * (1.0 + saturated / WATER_TO_AIR) * _log_slope(found)
        slope = taken * growth + given
        found = np.minimum(found - excess / slope, temperature_c)
    return found


def _taken_j_kg(wet_c: Array) -> Array:
    """Heat that evaporation from a wick takes, less what the vapour brings along. [J/kg]"""
    water = LATENT_J_KG + (VAPOUR_J_KG_K - WATER_J_KG_K) * wet_c
    frozen = wet_c < _TRIPLE_C
    if not np.count_nonzero(frozen):  # as in `saturation_pressure_pa`
        return water
    ice = LATENT_J_KG + FUSION_J_KG + (VAPOUR_J_KG_K - ICE_J_KG_K) * wet_c
    return np.where(frozen, ice, water)


def _bounded(temperature_c: Array) -> Array:
    return np.minimum(np.maximum(temperature_c, _LOWEST_C), _HIGHEST_C)


def _magnus(ratio: Array, pressure_pa: Array | float) -> Array:
    """Logarithm of the vapour pressure over that at 0 °C."""
    return np.log(np.maximum(vapour_pressure_pa(ratio, pressure_pa), 1e-3) / 611.2)


def _log_slope(temperature_c: Array) -> Array:
    """Relative growth of the saturation pressure a kelvin, from Magnus' form. [1/K]"""
    nearest = 243.12 + np.maximum(temperature_c, _LOWEST_C)
    return 17.62 * 243.12 / (nearest * nearest)
