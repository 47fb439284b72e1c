"""Allowable air temperature at the equipment inlet, by ASHRAE class and elevation.

ASHRAE TC 9.9, Thermal Guidelines for Data Processing Environments, 5th ed. (2021), reference
card: upper dry bulb of each class, and its de-rating above 900 m. The de-rating of A2 to A4 and
of H1 is taken from there too, and has not been checked against the printed edition.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from podcore.site import Site

_DERATED_ABOVE_M = 900.0


@dataclass(frozen=True, slots=True)
class InletLimit:
    """The upper allowable dry bulb, and how many metres take one kelvin from it. [°C, m/K]"""

    high_c: float
    derating_m_k: float


INLET_LIMITS: Mapping[str, InletLimit] = MappingProxyType(
    {
        "A1": InletLimit(32.0, 300.0),
        "A2": InletLimit(35.0, 300.0),
        "A3": InletLimit(40.0, 175.0),
        "A4": InletLimit(45.0, 125.0),
        "H1": InletLimit(25.0, 500.0),
    }
)


def inlet_limit_c(site: Site) -> float:
    """The highest allowable inlet temperature of a site's class at its elevation. [°C]"""
    limit = INLET_LIMITS[site.limits.ashrae_class]
    elevation_m = site.location.elevation_m if site.location else 0.0
    above_m = max(0.0, elevation_m - _DERATED_ABOVE_M)
    return limit.high_c - above_m / limit.derating_m_k
