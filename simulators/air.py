"""Moist air as the plant needs it.

Saturation after Buck (1996), with its own branch over ice; the twin uses another form, so that
the two do not share their errors. Below 0 °C the branch over water would be up to 22 % off.
"""

from __future__ import annotations

import math

SPECIFIC_HEAT_J_KG_K = 1006.0  # dry air, 0 to 50 °C
DENSITY_KG_M3 = 1.2  # at 20 °C and 101.3 kPa
LATENT_HEAT_J_KG = 2.501e6  # water at 0 °C; one value throughout, so that balances close
WATER_TO_AIR = 0.621945  # ratio of molar masses


def saturation_pressure_pa(temperature_c: float) -> float:
    """Vapour pressure at saturation, over ice below 0 °C. [Pa]

    Buck Research CR-1A user's manual (1996), after A. L. Buck, J. Appl. Meteorol. 20 (1981) 1527.
    """
    t = temperature_c
    if t >= 0.0:
        return 611.21 * math.exp((18.678 - t / 234.5) * (t / (257.14 + t)))
    return 611.15 * math.exp((23.036 - t / 333.7) * (t / (279.82 + t)))


def humidity_ratio(temperature_c: float, humidity_percent: float, pressure_pa: float) -> float:
    """Mass of water a mass of dry air. [kg/kg]"""
    vapour_pa = saturation_pressure_pa(temperature_c) * humidity_percent / 100.0
    return WATER_TO_AIR * vapour_pa / (pressure_pa - vapour_pa)


def relative_humidity_percent(temperature_c: float, ratio: float, pressure_pa: float) -> float:
    """Relative humidity of air with that humidity ratio. [%]"""
    vapour_pa = pressure_pa * ratio / (WATER_TO_AIR + ratio)
    return 100.0 * vapour_pa / saturation_pressure_pa(temperature_c)


def wet_bulb_c(
    temperature_c: float, ratio: float, pressure_pa: float, *, guess_c: float | None = None
) -> float:
    """Thermodynamic wet bulb, by four secant steps on the adiabatic saturation balance. [°C]

    Good to 0.01 K between 0 and 50 °C from any guess within 20 K.
    """
    c_p, h_fg = SPECIFIC_HEAT_J_KG_K, LATENT_HEAT_J_KG

    def excess(wet_c: float) -> float:
        saturated = humidity_ratio(wet_c, 100.0, pressure_pa)
        # Enthalpy a kelvin and kilogram of vapour and of water: 1.86 and 4.186 kJ.
        released = (h_fg - 2326.0 * wet_c) * (saturated - ratio)
        return released - (c_p + 1860.0 * ratio) * (temperature_c - wet_c)

    near, far = (temperature_c - 5.0 if guess_c is None else guess_c), temperature_c
    for _ in range(4):
        f_near, f_far = excess(near), excess(far)
        if abs(f_near - f_far) < 1e-9:  # noqa: PLR2004 - both ends have met
            break
        near, far = near - f_near * (near - far) / (f_near - f_far), near
    return near
