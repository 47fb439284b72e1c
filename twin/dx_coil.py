"""A direct-expansion coil with a bypass factor: what leaves it, wet or dry, and what it takes.

    Q = Q_r CapFT(wb, T_o) CapFF(m/m_r)       P = Q EIR RTF,  EIR = EIRFT EIRFF / COP_r
    h_adp = h_in - Q / (m (1 - CBF))          RTF = PLR / PLF(PLR)

EnergyPlus 25.2, Engineering Reference, Coil:Cooling:DX:SingleSpeed, and its ancestor DOE-2.
Records are made with wet coils. The air of a data centre is dry, and at its own wet bulb they
would understate capacity and power. So a coil whose apparatus dew point lies above the air's is
rated at the wet bulb at which it is just dry: the humidity ratio is raised at the same
temperature, and the same inlet enthalpy, until the apparatus dew point holds exactly that ratio.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from twin.curves import Curve
from twin.fluids import (
    DRY_AIR_J_KG_K,
    LATENT_J_KG,
    VAPOUR_J_KG_K,
    density_kg_m3,
    enthalpy_j_kg,
    saturation_ratio,
    wet_bulb_c,
)
from twin.model import Array, held
from twin.moist_air import ratio_of_enthalpy, saturated_c, temperature_c
from twin.ranges import Flags, anywhere

RATED_C, RATED_RATIO = 26.67, 0.0111847  # ARI 210/240: 26.67 °C dry, 19.44 °C wet bulb
_SECANT_STEPS = 4
_BISECTIONS = 60
_LEAST_FLOW_KG_S = 1e-6
_LEAST_BYPASS = 1e-6


@dataclass(frozen=True, slots=True)
class DxCurves:
    """The record of a unit: factors on capacity and input.

    Of wet bulb [°C] and condenser air [°C], of the flow over the rated one, and of part load.
    """

    capacity_temperature: Curve
    capacity_flow: Curve
    input_temperature: Curve
    input_flow: Curve
    part_load: Curve


class DxRating(NamedTuple):
    """Rating of a unit, each (sites,).

    capacity_w : Total heat at 26.67/19.44 °C and 35 °C outdoors. [W]
    cop : Heat over electrical input there. [1]
    flow_kg_s : Air that it was rated with. [kg/s]
    bypass : Share of that air that passes the coil untouched, `bypass_factor`. [1]
    lowest_outdoor_c : Below it the compressor stays off. [°C]
    """

    capacity_w: Array
    cop: Array
    flow_kg_s: Array
    bypass: Array
    lowest_outdoor_c: Array


class CoilAir(NamedTuple):
    """Air into a coil: flow [kg/s], dry bulb [°C], humidity ratio [kg/kg], pressure [Pa]."""

    flow_kg_s: Array
    temperature_c: Array
    ratio: Array
    pressure_pa: Array


class Rated(NamedTuple):
    """What a unit can do with an air stream, each (sites,).

    capacity_w, input_w : Heat taken and electrical power, run all the time. [W]
    full_ratio : Humidity ratio behind the coil then. [kg/kg]
    just_dry_ratio : Humidity ratio at which this coil begins to condense. [kg/kg]
    outside : Where a curve was held at a bound.
    """

    capacity_w: Array
    input_w: Array
    full_ratio: Array
    just_dry_ratio: Array
    outside: Flags


class Taken(NamedTuple):
    """What a unit does, each (sites,).

    share : Part load, 0 to 1. [1]
    heat_w, power_w : Heat taken from the air, latent included, and electrical power. [W]
    leaving_c, leaving_ratio : Air behind the coil. [°C], [kg/kg]
    """

    share: Array
    heat_w: Array
    power_w: Array
    leaving_c: Array
    leaving_ratio: Array


def bypass_factor(
    capacity_w: Array, sensible_share: Array, flow_m3_s: Array, pressure_pa: Array
) -> Array:
    """Share of the air that passes a coil untouched at its rating. [1]

    The line from the inlet through the rated outlet meets saturation at the apparatus dew point;
    CBF = (h_out - h_adp) / (h_in - h_adp). The point is found by bisection between -10 °C and the
    outlet. A rating whose line does not meet saturation is held at the outlet's own.

    Parameters
    ----------
    capacity_w, sensible_share : Total heat at the rating [W], and its sensible share, 0.5 to 1.
    flow_m3_s, pressure_pa : Air at the rating, standard pressure of the site.
    """
    inlet_c, ratio = np.full_like(capacity_w, RATED_C), np.full_like(capacity_w, RATED_RATIO)
    flow = flow_m3_s * density_kg_m3(inlet_c, ratio, pressure_pa)
    drop = capacity_w / flow
    inlet = enthalpy_j_kg(inlet_c, ratio)
    out_ratio = ratio_of_enthalpy(inlet_c, inlet - (1.0 - sensible_share) * drop)
    out_c = temperature_c(inlet - drop, out_ratio)
    slope = (ratio - out_ratio) / (inlet_c - out_c)
    low, high = np.full_like(out_c, -10.0), out_c.copy()
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        above = saturation_ratio(middle, pressure_pa) > ratio - slope * (inlet_c - middle)
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    point = enthalpy_j_kg(high, saturation_ratio(high, pressure_pa))
    return held((inlet - drop - point) / (inlet - point), _LEAST_BYPASS, 0.9)


def rated_at(air: CoilAir, outdoor_c: Array, rating: DxRating, curves: DxCurves) -> Rated:
    """Capacity and input with an air stream, by the dry-coil rule where the coil is dry.

    Below `lowest_outdoor_c`, or without air, both are 0.
    """
    flow = np.maximum(air.flow_kg_s, _LEAST_FLOW_KG_S)
    of_flow = curves.capacity_flow(flow / rating.flow_kg_s)
    # Less flow, more contact: the bypass falls as NTU = -ln CBF rises.
    bypass = np.exp(np.log(held(rating.bypass, _LEAST_BYPASS, 0.9)) * rating.flow_kg_s / flow)
    contact = flow * (1.0 - bypass)
    capacity_w = rating.capacity_w * of_flow.value
    inlet = enthalpy_j_kg(air.temperature_c, air.ratio)

    def point_c(ratio: Array) -> tuple[Array, Array]:
        wet = wet_bulb_c(air.temperature_c, ratio, air.pressure_pa)
        heat_w = capacity_w * curves.capacity_temperature(wet, outdoor_c).value
        return saturated_c(inlet - heat_w / contact, air.pressure_pa), wet

    just_dry = _just_dry(air, point_c)
    ratio = np.maximum(air.ratio, just_dry)
    adp_c, wet = point_c(ratio)
    factor = curves.capacity_temperature(wet, outdoor_c)
    input_t = curves.input_temperature(wet, outdoor_c)
    input_f = curves.input_flow(flow / rating.flow_kg_s)
    can = (outdoor_c >= rating.lowest_outdoor_c) & (air.flow_kg_s > _LEAST_FLOW_KG_S)
    full_w = np.where(can, capacity_w * factor.value, 0.0)
    condensing = can & (air.ratio > just_dry)
    at_point = saturation_ratio(adp_c, air.pressure_pa)
    # The outlet lies on the line to the apparatus dew point.
    full_ratio = air.ratio - (1.0 - bypass) * np.maximum(air.ratio - at_point, 0.0)
    return Rated(
        full_w,
        full_w * input_t.value * input_f.value / rating.cop,
        np.where(condensing, full_ratio, air.ratio),
        just_dry,
        anywhere(of_flow.outside, factor.outside, input_t.outside, input_f.outside),
    )


def taken(air: CoilAir, wanted_c: Array, unit: Rated, curves: DxCurves) -> Taken:
    """What the unit does to bring the air to `wanted_c` behind the coil, cycling at part load.

    The air behind is the mean over the cycle, h and W each in the share of the time that the
    compressor runs; so the share follows from the wanted temperature without iteration.
    """
    flow = np.maximum(air.flow_kg_s, _LEAST_FLOW_KG_S)
    drop = unit.capacity_w / flow
    dried = air.ratio - unit.full_ratio
    sensible = (air.temperature_c - wanted_c) * (DRY_AIR_J_KG_K + VAPOUR_J_KG_K * air.ratio)
    full = drop - dried * (LATENT_J_KG + VAPOUR_J_KG_K * wanted_c)
    share = np.where(full > 0.0, held(sensible / np.maximum(full, 1e-9), 0.0, 1.0), 0.0)
    leaving_ratio = air.ratio - share * dried
    leaving = enthalpy_j_kg(air.temperature_c, air.ratio) - share * drop
    running = held(share / curves.part_load(share).value, 0.0, 1.0)
    return Taken(
        share,
        share * unit.capacity_w,
        running * unit.input_w,
        temperature_c(leaving, leaving_ratio),
        leaving_ratio,
    )


def _just_dry(air: CoilAir, point_c: Callable[[Array], tuple[Array, Array]]) -> Array:
    """The ratio that the apparatus dew point holds when the coil is rated with it. [kg/kg]

    More humidity, more capacity, a lower point: the difference falls, and secant steps on its
    temperature find the one crossing.
    """
    found = point_c(air.ratio)[0]
    before = found - 1.0
    error_before = _point_error(before, air, point_c)
    for _ in range(_SECANT_STEPS):
        error = _point_error(found, air, point_c)
        change = error - error_before
        slope = np.where(np.abs(change) > 1e-12, change / _apart(found - before), -1.0)  # noqa: PLR2004
        before, error_before = found, error
        found = found - held(error / np.where(slope < -0.1, slope, -1.0), -5.0, 5.0)  # noqa: PLR2004
    return saturation_ratio(found, air.pressure_pa)


def _point_error(
    point: Array, air: CoilAir, point_c: Callable[[Array], tuple[Array, Array]]
) -> Array:
    return point_c(saturation_ratio(point, air.pressure_pa))[0] - point


def _apart(difference: Array) -> Array:
    return np.where(np.abs(difference) > 1e-9, difference, 1e-9)  # noqa: PLR2004
