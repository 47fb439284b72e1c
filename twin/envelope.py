"""Heat through the walls of a module, with sun and sky.

    T_eq = (h_o T_o + h_r (F T_sky + (1 - F) T_o) + α I) / (h_o + h_r)
    Q = A (T_eq - T_in) / (1/h_i + R + 1/(h_o + h_r)),      h_r = 4 ε σ T_o³

ASHRAE Handbook Fundamentals 2021, ch. 18 (sol-air temperature) and ch. 26; the long-wave exchange
linearised at the outdoor temperature. One node for all faces, so I is the mean over them. Walls
store nothing here: a steel shell's capacity belongs to the room's mass.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from twin.fluids import KELVIN
from twin.model import Array
from twin.ranges import Flags, anywhere, within

STEFAN_W_M2_K4 = 5.670374e-8  # CODATA 2018
OUTDOOR_C, SKY_C, SUN_W_M2 = (-50.0, 60.0), (-80.0, 45.0), (0.0, 1500.0)


class Walls(NamedTuple):
    """The envelope, each (sites,).

    area_m2 : Of all faces, floor and roof included. [m²]
    resistance_m2_k_w : Of the wall without films; 3 for an insulated box. [m²K/W]
    film_in_w_m2_k, film_out_w_m2_k : Convection inside and outside, 3 to 10 and 17 to 25.
    absorptance, emissivity : Outside, for sun (0.3 white to 0.9) and for long waves (0.9). [1]
    sky_share : Of what the faces see, how much is sky: about 0.4 for a box. [1]
    """

    area_m2: Array
    resistance_m2_k_w: Array
    film_in_w_m2_k: Array
    film_out_w_m2_k: Array
    absorptance: Array
    emissivity: Array
    sky_share: Array


class Through(NamedTuple):
    """The envelope seen from inside: a conductance [W/K] to an equivalent temperature [°C]."""

    conductance_w_k: Array
    equivalent_c: Array
    outside: Flags


def through(walls: Walls, outdoor_c: Array, sky_c: Array, sun_w_m2: Array) -> Through:
    """Conductance and equivalent outdoor temperature.

    outdoor_c, sky_c : (sites,) -50 to 60, -80 to 45. [°C]
    sun_w_m2 : (sites,)   Irradiance, mean over all faces, 0 to 1500. [W/m²]
    """
    outdoor, sky, sun = (
        within(outdoor_c, *OUTDOOR_C),
        within(sky_c, *SKY_C),
        within(sun_w_m2, *SUN_W_M2),
    )
    kelvin = outdoor.value + KELVIN
    radiated = 4.0 * walls.emissivity * STEFAN_W_M2_K4 * kelvin * kelvin * kelvin
    film = walls.film_out_w_m2_k + radiated
    colder_k = radiated * walls.sky_share * (sky.value - outdoor.value)
    equivalent = outdoor.value + (colder_k + walls.absorptance * sun.value) / film
    resistance = 1.0 / walls.film_in_w_m2_k + walls.resistance_m2_k_w + 1.0 / film
    flags = anywhere(outdoor.outside, sky.outside, sun.outside)
    return Through(walls.area_m2 / resistance, equivalent, flags)


def sky_c(outdoor_c: Array, dew_point_c: Array, cloud_share: Array | float = 0.0) -> Array:
    """Effective temperature of the sky. [°C]

    Emissivity 0.787 + 0.764 ln(T_dew / 273 K), Clark and Allen, Proc. 2nd National Passive Solar
    Conf. (1978), as EnergyPlus uses it, with its cloud polynomial; cloud_share 0 to 1.
    """
    tenths = 10.0 * within(cloud_share, 0.0, 1.0).value
    clear = 0.787 + 0.764 * np.log((dew_point_c + KELVIN) / 273.0)
    clouds = 1.0 + tenths * (0.0224 + tenths * (-0.0035 + 0.00028 * tenths))
    root: Array = (clear * clouds) ** 0.25
    return (outdoor_c + KELVIN) * root - KELVIN


def sun_elevation_sine(time_s: Array, latitude_deg: Array, longitude_deg: Array) -> Array:
    """Sine of the sun's elevation, negative below the horizon. [1]

    Declination 23.45° sin(360 (284 + n)/365) and the equation of time of Spencer (1971): Duffie and
    Beckman, Solar Engineering of Thermal Processes, 4th ed., ch. 1; good to half a degree.

    time_s : (...)   Seconds since 1970-01-01, UTC. latitude_deg, longitude_deg : north, east. [°]
    """
    days = time_s / 86_400.0
    day = np.mod(days, 365.2425)
    b = 2.0 * np.pi * day / 365.0
    declination = np.radians(23.45) * np.sin(2.0 * np.pi * (285.0 + day) / 365.0)
    equation_min = 229.18 * (
        7.5e-5
        + 0.001868 * np.cos(b)
        - 0.032077 * np.sin(b)
        - 0.014615 * np.cos(2.0 * b)
        - 0.040849 * np.sin(2.0 * b)
    )
    solar_h = np.mod(days, 1.0) * 24.0 + longitude_deg / 15.0 + equation_min / 60.0
    hour = np.radians(15.0 * (solar_h - 12.0))
    north = np.radians(latitude_deg)
    sine: Array = np.sin(north) * np.sin(declination)
    noon: Array = np.cos(north) * np.cos(declination)
    return sine + noon * np.cos(hour)


def box_irradiance_w_m2(
    direct_w_m2: Array,
    diffuse_w_m2: Array,
    elevation_sine: Array,
    roof_share: Array,
    wall_share: Array,
) -> Array:
    """Irradiance of a box, mean over all its faces; none from below. [W/m²]

    Direct sun on the roof by its elevation, on the walls as the mean over all azimuths (1/π of
    its horizontal part), diffuse half on walls, and a fifth of the whole back from the ground.

    direct_w_m2, diffuse_w_m2 : (...)   Normal to the sun, and on a horizontal face. [W/m²]
    roof_share, wall_share : (...)   Of the whole area. [1]
    """
    up = np.maximum(elevation_sine, 0.0)
    level = np.sqrt(np.maximum(1.0 - up * up, 0.0))
    shining = np.where(elevation_sine > 0.0, direct_w_m2, 0.0)
    horizontal = shining * up + diffuse_w_m2
    wall = shining * level / np.pi + 0.5 * diffuse_w_m2 + 0.5 * _GROUND * horizontal
    return roof_share * horizontal + wall_share * wall


_GROUND = 0.2  # reflectance of ordinary ground, ASHRAE Fundamentals 2021, ch. 14
