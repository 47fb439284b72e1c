"""A direct-expansion unit: coil, capacity, electrical power.

Curves of the public EnergyPlus record of a 36.8 kW unit (COP 4.05, SHR 0.76, 1.888 m³/s), valid
for a coil wet bulb of 12.2 to 26.7 °C and 15.6 to 51.7 °C outdoors; inputs are held at these
bounds, as head-pressure control does on a cold day, and never extrapolated.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.fluids import saturation_ratio, wet_bulb_c
from twin.model import Array, held

OFF, MECHANICAL, PARTIAL, FREE = range(4)  # the states of a unit's point `mode`
WET_BULB_BOUNDS_C = (12.2, 26.7)
OUTDOOR_BOUNDS_C = (15.6, 51.7)
_CAPACITY = (1.0013476, -0.0187754, 0.0015312, 0.0054931, -0.0000901, -0.0004408)
_INPUT_RATIO = (0.3037085, 0.0310288, -0.0009543, 0.0053687, 0.0004729, -0.0004469)
_CYCLING = 0.15  # C_D: loss of efficiency at part load
_RESISTANCE_RATIO = 2.0  # air side to refrigerant side of a finned coil
_LEAST_STREAM_W_K = 1e-6
_LEAST_FLOW = 1e-3


def coil_wet_bulb_c(
    return_c: Array,
    ratio: Array,
    coil_c: Array,
    pressure_pa: Array | float,
    surface_ratio: Array | None = None,
) -> Array:
    """Wet bulb at which the coil is rated: a dry one as if it had just begun to wet. [°C]

    The curves were measured on wet coils. Air drier than saturation at the coil's surface
    condenses nothing, and its own wet bulb would understate capacity and power: the dry-coil
    rule of EnergyPlus (Engineering Reference, Coil:Cooling:DX:SingleSpeed).

    Parameters
    ----------
    return_c, ratio : Air that enters the coil [°C], its humidity ratio [kg/kg].
    coil_c : Surface of the coil; one above the air's rates it as saturated. [°C]
    surface_ratio : Of saturated air at `coil_c`, where it is at hand. [kg/kg]
    """
    if surface_ratio is None:
        surface_ratio = saturation_ratio(coil_c, pressure_pa)
    return wet_bulb_c(return_c, np.maximum(ratio, surface_ratio), pressure_pa)


def capacity_factor(wet_bulb_c: Array, outdoor_c: Array) -> Array:
    """CapFT: capacity as a share of the rated one. [1]"""
    return _biquadratic(_CAPACITY, wet_bulb_c, outdoor_c)


def input_ratio_factor(wet_bulb_c: Array, outdoor_c: Array) -> Array:
    """EIRFT: electrical input a heat taken, as a share of the rated one. [1]"""
    return _biquadratic(_INPUT_RATIO, wet_bulb_c, outdoor_c)


def outside_curves(wet_bulb_c: Array, outdoor_c: Array) -> NDArray[np.bool_]:
    """Where an input had to be held at a bound of the curves, as booleans."""
    low, high = WET_BULB_BOUNDS_C
    cold, warm = OUTDOOR_BOUNDS_C
    return (wet_bulb_c < low) | (wet_bulb_c > high) | (outdoor_c < cold) | (outdoor_c > warm)


def compressor_power_w(
    heat_w: Array, capacity_w: Array, input_ratio: Array, rated_cop: Array
) -> Array:
    """Electrical power while `heat_w` is taken from the coil. [W]

    P = Q EIR / (COP PLF), PLF = 1 - 0.15 (1 - PLR), PLR = Q / capacity held within 0 to 1.
    """
    share = held(heat_w / np.maximum(capacity_w, 1.0), 0.0, 1.0)
    return heat_w * input_ratio / (rated_cop * (1.0 - _CYCLING * (1.0 - share)))


def coil_effectiveness(
    stream_w_k: Array, flow_share: Array, rated_ntu: Array, fouling: Array, rated_w_k: Array
) -> Array:
    """ε of a coil at one surface temperature, C_r = 0: 1 - exp(-NTU). [1]

    UA = UA_0 f (r + 1) / (r m*^-0.8 + 1): forced convection on the air side, r = 2 times the
    resistance of the other. Incropera et al., Fundamentals of Heat and Mass Transfer, 7th ed.,
    ch. 11.

    Parameters
    ----------
    stream_w_k : Heat that the air carries a kelvin. [W/K]
    flow_share : Flow as a share of the rated one, 0 to 1. [1]
    rated_ntu, rated_w_k : NTU and stream at rated flow.
    fouling : UA as a share of the clean coil's, 1 when clean. [1]
    """
    flow = np.maximum(flow_share, _LEAST_FLOW)
    resistance = (_RESISTANCE_RATIO * flow**-0.8 + 1.0) / (_RESISTANCE_RATIO + 1.0)
    conductance_w_k = rated_ntu * rated_w_k * fouling / resistance
    return -np.expm1(-conductance_w_k / np.maximum(stream_w_k, _LEAST_STREAM_W_K))


def fan_power_w(speed: Array, rated_w: Array) -> Array:
    """Power of the unit's fan by the affinity law, speed held within 0 to 1. [W]"""
    share = held(speed, 0.0, 1.0)
    return rated_w * share * share * share


def _biquadratic(coefficients: tuple[float, ...], wet_bulb_c: Array, outdoor_c: Array) -> Array:
    x, y = held(wet_bulb_c, *WET_BULB_BOUNDS_C), held(outdoor_c, *OUTDOOR_BOUNDS_C)
    a, b, c, d, e, f = coefficients
    return a + x * (b + c * x + f * y) + y * (d + e * y)
