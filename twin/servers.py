"""Servers in a rack: how much air they draw, and how they give off heat to it."""

from __future__ import annotations

import numpy as np

from twin.fluids import DRY_AIR_J_KG_K
from twin.model import Array, held

# EnergyPlus 25.2, Engineering Reference, ElectricEquipment:ITE:AirCooled, coefficients of its
# example objects: flow 0.20 + 0.40 x + 0.01818 T, CPU power 0.30 + 0.65 x + 1.033e-4 T².
_FLOW = (0.20, 0.40, 0.01818)
_SLOWEST_FAN = 0.2
_IDLE_SHARE, _BUSY_SHARE = 0.35, 0.65
_LEAST_LOAD_W_K = 1e-6


def load_share(power_w: Array, rated_w: Array) -> Array:
    """Loading of servers that draw a share of their rating; idle ones draw 0.35. [1]"""
    return held((power_w / rated_w - _IDLE_SHARE) / _BUSY_SHARE, 0.0, 1.0)


def server_flow_kg_s(
    power_w: Array, rated_w: Array, inlet_c: Array, rise_k: Array, factor: Array | float = 1.0
) -> Array:
    """Air that the server fans draw. [kg/s]

    Fans follow load and inlet, between 0.2 and 1 of the flow that the rating needs for the rated
    rise. Fan power is part of the servers' own.

    Parameters
    ----------
    power_w, rated_w : Electrical power and rating of the IT load. [W]
    inlet_c : Air that the servers take in; held within 5 to 45. [°C]
    rise_k : Rise of the air at rated power and full flow, about 10. [K]
    factor : Correction of the whole curve, near 1. [1]
    """
    base, of_load, of_inlet = _FLOW
    inlet = held(inlet_c, 5.0, 45.0)
    speed = base + of_load * load_share(power_w, rated_w) + of_inlet * inlet
    full_kg_s = rated_w / (DRY_AIR_J_KG_K * rise_k)
    return full_kg_s * factor * held(speed, _SLOWEST_FAN, 1.0)


def exchange_w_k(stream_w_k: Array, conductance_w_k: Array) -> Array:
    """Heat given to a stream a kelvin between block and inlet: ε m c_p. [W/K]

    A block of one temperature in a stream: ε = 1 - exp(-UA / m c_p). Erden, Khalifa and Schmidt,
    J. Electron. Packag. 136(3) (2014). Without flow nothing.
    """
    stream = np.maximum(stream_w_k, _LEAST_LOAD_W_K)
    return stream * -np.expm1(-conductance_w_k / stream)
