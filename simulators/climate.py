"""Weather of a place as a seeded function of time.

A shape, not a record: the yearly mean and swing follow latitude and height, the day follows
the sun, and slow wander stands for the passing of fronts. Reykjavik and Singapore come out
within a few kelvin of their climate, continental winters too mild
and the wet tropics too dry.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from podcore.site import Location
from simulators.air import humidity_ratio, saturation_pressure_pa
from simulators.chance import Wander, stream

_DAY_S = 86_400.0
_YEAR_DAYS = 365.25
_COLDEST_DAY = 20.0  # of the year, north of the equator; the earth lags the sun by a month
_WARMEST_HOUR = 15.0  # solar time
_LAPSE_K_M = 6.5e-3  # ICAO standard atmosphere


@dataclass(frozen=True, slots=True)
class Weather:
    """The air outside at one time, all true values."""

    temperature_c: float
    humidity_percent: float
    humidity_ratio: float
    irradiance_w_m2: float
    pressure_pa: float


class Climate:
    """Weather of one place and seed."""

    def __init__(self, location: Location, seed: int) -> None:
        self._place = location
        latitude = abs(location.latitude)
        self._mean_c = 27.5 - 6.2e-3 * latitude**2 - _LAPSE_K_M * location.elevation_m
        self._season_k = math.copysign(0.16 * latitude, location.latitude)
        self._pressure_pa = 101_325.0 * (1.0 - 2.25577e-5 * location.elevation_m) ** 5.2559
        self._fronts = Wander(stream(seed, "fronts"), 2.6, 1.5 * _DAY_S, 14 * _DAY_S, 7)
        self._gusts = Wander(stream(seed, "gusts"), 0.35, 1_200, 9_000)
        self._dryness = Wander(stream(seed, "dryness"), 1.6, 0.5 * _DAY_S, 6 * _DAY_S)
        self._clouds = Wander(stream(seed, "clouds"), 0.35, 1_800, 3 * _DAY_S, 9)
        self._barometer = Wander(stream(seed, "barometer"), 800.0, 1 * _DAY_S, 9 * _DAY_S)

    def at(self, time_s: float) -> Weather:
        """The weather at a time in seconds since 1970."""
        day = (time_s / _DAY_S) % _YEAR_DAYS  # 1970 began on 1 January; leap days drift by one
        hour = (time_s / 3600.0 + self._place.longitude / 15.0) % 24.0
        cloud = min(1.0, max(0.0, 0.55 + self._clouds.at(time_s)))
        season_k = -self._season_k * math.cos(2 * math.pi * (day - _COLDEST_DAY) / _YEAR_DAYS)
        base_c = self._mean_c + season_k + self._fronts.at(time_s)
        swing_k = 4.5 * (1.0 - 0.6 * cloud) * math.cos(2 * math.pi * (hour - _WARMEST_HOUR) / 24)
        temperature_c = base_c + swing_k + self._gusts.at(time_s)
        # Warm air masses are further from saturation.
        depression_k = 4.5 + 0.25 * max(0.0, base_c - 10.0) + self._dryness.at(time_s)
        dew_c = min(temperature_c - 0.3, base_c - depression_k)
        pressure_pa = self._pressure_pa + self._barometer.at(time_s)
        humidity = 100.0 * saturation_pressure_pa(dew_c) / saturation_pressure_pa(temperature_c)
        return Weather(
            temperature_c=temperature_c,
            humidity_percent=humidity,
            humidity_ratio=humidity_ratio(temperature_c, humidity, pressure_pa),
            irradiance_w_m2=_irradiance_w_m2(self._place.latitude, day, hour, cloud),
            pressure_pa=pressure_pa,
        )


def _irradiance_w_m2(latitude: float, day: float, hour: float, cloud: float) -> float:
    """Global horizontal irradiance. [W/m²]

    Clear sky of Haurwitz (J. Meteorol. 2 (1945) 154) with the constants of pvlib, cloud factor of
    Kasten and Czeplak (Solar Energy 24 (1980) 177), declination by Cooper (1969).
    """
    declination = math.radians(23.45) * math.sin(2 * math.pi * (day + 284) / 365)
    phi = math.radians(latitude)
    height = math.sin(phi) * math.sin(declination) + math.cos(phi) * math.cos(
        declination
    ) * math.cos(math.radians(15.0 * (hour - 12.0)))
    if height <= 0.01:  # noqa: PLR2004 - half a degree above the horizon nothing is left
        return 0.0
    return 1098.0 * height * math.exp(-0.059 / height) * (1.0 - 0.75 * math.pow(cloud, 3.4))
