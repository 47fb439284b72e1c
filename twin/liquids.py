"""Water and propylene glycol as coolants: density, heat capacity, viscosity, conductivity.

Fitted for this file to CoolProp 6 (water: IAPWS-95 at 2 bar; PG: Melinder, "Properties of
Secondary Working Fluids", IIR 2010, by mass) at 0 to 90 °C: cubic in temperature, water of fourth
degree, viscosity by its logarithm. Within 0.5 % of it, which a test repeats.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from twin.curves import polynomial
from twin.model import Array
from twin.ranges import Flags, within

RANGE_C = (0.0, 90.0)


class Liquid(enum.StrEnum):
    """What flows in a loop; PG25 is 25 % of propylene glycol by mass."""

    WATER = "water"
    PG20 = "pg20"
    PG25 = "pg25"


class Properties(NamedTuple):
    """Properties of a liquid, each (...).

    density_kg_m3, heat_capacity_j_kg_k, viscosity_pa_s, conductivity_w_m_k : at the temperature.
    outside : Where that was held within 0 to 90 °C.
    """

    density_kg_m3: Array
    heat_capacity_j_kg_k: Array
    viscosity_pa_s: Array
    conductivity_w_m_k: Array
    outside: Flags


Terms = tuple[float, ...]
# Of temperature / 100 °C: density, heat capacity, logarithm of viscosity, conductivity.
_TERMS: Mapping[Liquid, tuple[Terms, Terms, Terms, Terms]] = MappingProxyType(
    {
        Liquid.WATER: (
            (999.93, 5.24678, -76.4219, 44.4883, -15.0126),
            (4217.73, -292.028, 757.113, -811.79, 349.52),
            (-6.3265, -3.41092, 2.95107, -2.09726, 0.717176),
            (0.555903, 0.248758, -0.215102, 0.139111, -0.0521683),
        ),
        Liquid.PG20: (
            (1020.08, -17.5404, -47.9703, 15.2942),
            (3935.93, 198.071, 37.0673, -32.189),
            (-5.44625, -4.36793, 3.24502, -1.20504),
            (0.471122, 0.107514, -0.00900082, -0.00643021),
        ),
        Liquid.PG25: (
            (1025.81, -24.4492, -44.0142, 14.3457),
            (3872.15, 240.277, 10.6612, -20.5841),
            (-5.20027, -4.7241, 3.54581, -1.29437),
            (0.449553, 0.0917555, 4.14839e-07, -0.00649557),
        ),
    }
)


def properties(liquid: Liquid, temperature_c: Array) -> Properties:
    """Properties at a temperature of 0 to 90 °C."""
    held = within(temperature_c, *RANGE_C)
    density, capacity, viscosity, conductivity = (
        polynomial(terms, held.value / 100.0) for terms in _TERMS[liquid]
    )
    return Properties(density, capacity, np.exp(viscosity), conductivity, held.outside)


def stream_w_k(liquid: Liquid, flow_l_min: Array, temperature_c: Array) -> Array:
    """Heat that a volume flow carries a kelvin. [W/K]"""
    found = properties(liquid, temperature_c)
    return flow_l_min / 60_000.0 * found.density_kg_m3 * found.heat_capacity_j_kg_k
