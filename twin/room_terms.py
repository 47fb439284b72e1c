"""Parameters, states, inputs and equipment of `twin.room`, and what follows at one instant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from twin.chiller import ChillerCurves
from twin.curves import Curve
from twin.dx_coil import DxCurves
from twin.electrical import EXAMPLE_SHAPE
from twin.envelope import Walls
from twin.fluids import STANDARD_PRESSURE_PA
from twin.model import Array, columns
from twin.server_load import AirCooledServers

_SERVERS = AirCooledServers()


class Params(NamedTuple):
    """The columns of the parameter array, each (sites,)."""

    volume_m3: Array
    air_capacity_factor: Array  # furniture and fittings that follow the air at once, as air
    mass_capacity_j_k: Array
    mass_conductance_w_k: Array
    walls_area_m2: Array
    walls_resistance_m2_k_w: Array
    film_in_w_m2_k: Array
    film_out_w_m2_k: Array
    absorptance: Array
    emissivity: Array
    sky_share: Array
    infiltration_per_h: Array
    standard_pressure_pa: Array  # of the site's height: what volume flows were rated at
    cpu_rated_w: Array
    server_fan_rated_w: Array
    server_flow_m3_s: Array
    recirculation: Array  # 1: servers breathe the mixed air
    supply_approach_k: Array  # NaN: inlet from recirculation instead
    return_approach_k: Array
    ups_efficiency: Array
    ups_heat_share: Array  # of its loss that is given to the room
    transformer_va: Array  # 0: there is none
    transformer_no_load_w: Array
    transformer_load_w: Array
    transformer_eddy_share: Array
    transformer_rise_k: Array
    transformer_coefficient_c: Array
    air_flow_m3_s: Array
    least_flow_share: Array
    fan_rated_w: Array
    cooling_w: Array
    cop: Array
    dx_flow_m3_s: Array
    dx_bypass: Array
    lowest_outdoor_c: Array
    economiser_limit_c: Array  # -inf: no outdoor air
    water_c: Array
    water_flow_m3_s: Array
    coil_conductance_w_k: Array
    pump_w: Array
    pump_heat_w: Array
    chiller_least_share: Array
    free_cooling_k: Array


class States(NamedTuple):
    """The columns of x, each (sites,)."""

    air_c: Array
    mass_c: Array
    humidity_ratio: Array


class Inputs(NamedTuple):
    """The columns of u, each (sites,)."""

    load: Array
    setpoint_c: Array
    fan_available: Array
    cooling_available: Array
    outdoor_c: Array
    outdoor_ratio: Array
    pressure_pa: Array
    irradiance_w_m2: Array
    sky_c: Array


@dataclass(frozen=True, slots=True)
class Equipment:
    """The curves of a room's equipment; one of `dx` and `chiller`.

    follows : the unit's air flow follows what the servers need, at fixed approaches.
    """

    fan: Curve
    dx: DxCurves | None = None
    chiller: ChillerCurves | None = None
    follows: bool = False
    servers: AirCooledServers = _SERVERS
    ups: Curve = EXAMPLE_SHAPE

    def __post_init__(self) -> None:
        if (self.dx is None) == (self.chiller is None):
            raise ValueError("a room has either a direct-expansion unit or a chiller")


DEFAULTS: Mapping[str, float] = {
    "air_capacity_factor": 1.0,
    "mass_capacity_j_k": 0.0,
    "mass_conductance_w_k": 0.0,
    "film_in_w_m2_k": 8.0,
    "film_out_w_m2_k": 20.0,
    "absorptance": 0.3,
    "emissivity": 0.9,
    "sky_share": 0.4,
    "infiltration_per_h": 0.0,
    "standard_pressure_pa": STANDARD_PRESSURE_PA,
    "recirculation": 0.05,
    "supply_approach_k": np.nan,
    "return_approach_k": 0.0,
    "ups_efficiency": 0.95,
    "ups_heat_share": 1.0,
    "transformer_va": 0.0,
    "transformer_no_load_w": 0.0,
    "transformer_load_w": 0.0,
    "transformer_eddy_share": 0.1,
    "transformer_rise_k": 150.0,
    "transformer_coefficient_c": 225.0,
    "least_flow_share": 0.0,
    "dx_flow_m3_s": 0.0,
    "dx_bypass": 0.07,
    "lowest_outdoor_c": -40.0,
    "economiser_limit_c": -np.inf,
    "water_c": 10.0,
    "water_flow_m3_s": 0.0,
    "coil_conductance_w_k": 0.0,
    "pump_w": 0.0,
    "pump_heat_w": 0.0,
    "chiller_least_share": 0.25,
    "free_cooling_k": 1.0,
}


def packed(values: Mapping[str, float], sites: int = 1) -> Array:
    """Parameters as (sites, 2p): what is given, else the default; no spread.

    Raises
    ------
    ValueError  A name that is none, or one that has no default and is missing.
    """
    unknown = sorted(set(values) - set(Params._fields))
    missing = sorted(set(Params._fields) - set(DEFAULTS) - set(values))
    if unknown or missing:
        raise ValueError(f"parameters of a room: unknown {unknown}, missing {missing}")
    row = [float(values.get(name, DEFAULTS.get(name, np.nan))) for name in Params._fields]
    return np.tile(np.array(row + [0.0] * len(row)), (sites, 1))


def parameters(params: Array) -> Params:
    """The means of the parameter array (sites, 2p)."""
    return Params(*columns(params[:, : len(Params._fields)]))


def walls(p: Params) -> Walls:
    """The envelope among the parameters."""
    return Walls(
        p.walls_area_m2,
        p.walls_resistance_m2_k_w,
        p.film_in_w_m2_k,
        p.film_out_w_m2_k,
        p.absorptance,
        p.emissivity,
        p.sky_share,
    )
