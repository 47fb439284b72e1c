"""Parameters of the site models: defaults with standard deviation and source, by type.

A value comes from, later wins: the type's default, the ratings of the site's assets, the site
file's `twin.parameters`. All names of a type are known here, also those that only a fuller
model of it reads. No numpy: the site files are checked with this.
"""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from podcore.errors import ConfigError
from podcore.names import did_you_mean
from podcore.site import Site, SiteType

_CHOSEN = "chosen wide; open to calibration"
_ERDEN = "Erden, Khalifa and Schmidt, J. Electron. Packag. 136(3), 2014: 0.3 to 0.45 MJ/K a rack"
_CONTAINER = "a 40 ft container holds about 68 m³"
_ENERGYPLUS = "EnergyPlus example, 36.8 kW DX unit: 1.888 m³/s, COP 4.05"
_FILM = "free convection, 3 W/(m²K) on 120 m²"
_SOLAR = "absorptance 0.3 to 0.9 over 17 to 25 W/(m²K) outside"
_RISE = "Modelica Buildings library, air-cooled rack: set point 10 K"
_MIXING = "what leaks past contained racks has joined the aisle where its sensor hangs"
_IDLE = "25 of 174 W (SURF host) to 90 of 280 W (Frontier CPU)"
_TASK = "one host from idle to busy: 149 W (SURF), 190 W (Frontier CPU)"
_COIL = "apparatus dew point of the 36.8 kW record at 26.7/19.4 °C: bypass factor 0.083"


@dataclass(frozen=True, slots=True)
class Rated:
    """Where a rating of the site's assets gives the value: summed, or averaged, over a class."""

    asset_class: str
    rating: str
    mean: bool = False


@dataclass(frozen=True, slots=True)
class Parameter:
    """A named number of a site model, as a prior.

    low, high : what the equations bear; a value outside is refused.
    """

    name: str
    unit: str
    mean: float
    sd: float
    source: str
    low: float = 0.0
    high: float = math.inf
    rated: Rated | None = None


@dataclass(frozen=True, slots=True)
class Value:
    """A parameter of one site, settled."""

    name: str
    mean: float
    sd: float


_FLOW_RATED = Rated("crac", "air_flow_m3_s")
_AIR = (
    Parameter("room_volume_m3", "m3", 68.0, 10.0, _CONTAINER, low=1.0, high=1e5),
    Parameter("envelope_ua_w_k", "W/K", 60.0, 20.0, "insulated 40 ft box, 50 to 75 W/K", high=1e5),
    Parameter("shell_capacity_j_k", "J/K", 1.9e6, 6e5, "3.8 t of steel", low=1e3, high=1e10),
    Parameter("wall_film_w_k", "W/K", 350.0, 150.0, _FILM, high=1e6),
    Parameter("solar_rise_k_m2_w", "K m2/W", 0.025, 0.012, _SOLAR, high=0.2),
    Parameter("infiltration_per_h", "1/h", 0.25, 0.15, _CHOSEN, high=100.0),
    Parameter("server_capacity_j_k", "J/K", 9.0e5, 3.0e5, _ERDEN, low=1e3, high=1e10),
    Parameter("it_rated_w", "W", 25_000.0, 5_000.0, _CHOSEN, 1.0, 1e9, Rated("rack", "power_w")),
    Parameter("server_rise_k", "K", 10.0, 2.5, _RISE, low=1.0, high=60.0),
    Parameter("server_ntu", "1", 1.2, 0.4, _CHOSEN, low=0.05, high=20.0),
    Parameter("recirculation", "1", 0.05, 0.03, "contained 0.03, partly contained 0.10", 1e-4, 0.9),
    Parameter("hot_aisle_mixing", "1", 1.0, 0.3, _MIXING, high=1.0),
    Parameter("air_flow_m3_s", "m3/s", 1.888, 0.2, _ENERGYPLUS, 1e-3, 1e4, _FLOW_RATED),
    Parameter("fan_power_w", "W", 1500.0, 300.0, _CHOSEN, 0.0, 1e6, Rated("crac", "fan_power_w")),
    Parameter("cooling_w", "W", 36_800.0, 2e3, _ENERGYPLUS, 1.0, 1e9, Rated("crac", "cooling_w")),
    Parameter("cop", "1", 4.05, 0.4, _ENERGYPLUS, 0.5, 20.0, Rated("crac", "cop", mean=True)),
    Parameter("coil_ntu", "1", 2.5, 0.5, _COIL, low=0.1, high=20.0),
    Parameter("coil_capacity_j_k", "J/K", 25_000.0, 10_000.0, _CHOSEN, low=10.0, high=1e9),
    Parameter("control_lag_s", "s", 45.0, 20.0, _CHOSEN, low=0.1, high=3_600.0),
    Parameter("ups_power_w", "W", 30_000.0, 3_000.0, _CHOSEN, 1.0, 1e8, Rated("ups", "power_w")),
    Parameter("standby_w", "W", 50.0, 50.0, "controls and lights, chosen", high=1e6),
)
_WATER = (
    Parameter("water_volume_m3", "m3", 0.8, 0.4, _CHOSEN, 1e-3, 1e4),
    Parameter("free_cooling_approach_k", "K", 6.0, 2.0, _CHOSEN, 0.1, 50.0),
)
_LIQUID = (
    Parameter("tcs_volume_m3", "m3", 0.4, 0.2, _CHOSEN, 1e-3, 1e4),
    Parameter("fws_volume_m3", "m3", 1.2, 0.6, _CHOSEN, 1e-3, 1e4),
    Parameter("cold_plate_r_k_w", "K/W", 2.8e-4, 5.0e-5, _CHOSEN, 1e-7, 1.0),
)
_POWER = (
    Parameter("it_rated_w", "W", 50_000.0, 2e4, _CHOSEN, 1.0, 1e9, Rated("cluster", "power_w")),
    Parameter("idle_share", "1", 0.22, 0.1, _IDLE, high=1.0),
    Parameter("task_power_w", "W", 150.0, 150.0, _TASK, low=0.0, high=1e6),
    Parameter("it_power_noise", "1", 0.003, 0.002, "metered PDUs and board sensors", 1e-6, 1.0),
    Parameter("it_power_bias", "1", 0.006, 0.003, _CHOSEN, 1e-6, 1.0),
)

PARAMETERS: Mapping[SiteType, tuple[Parameter, ...]] = MappingProxyType(
    {
        SiteType.AIR_DX: _AIR,
        SiteType.AIR_CHW: (*_AIR, *_WATER),
        SiteType.HYBRID_D2C: (*_AIR, *_WATER, *_LIQUID),
        SiteType.POWER_ONLY: _POWER,
        SiteType.NONE: (),
    }
)


def settle(site: Site) -> tuple[Value, ...]:
    """The site's parameters, in the order of its type.

    Raises
    ------
    ConfigError  For a name that the type does not know or a number outside its range.
    """
    known = {parameter.name: parameter for parameter in PARAMETERS[site.type]}
    for name, prior in site.twin.parameters.items():
        _check(name, prior.mean, prior.sd, known, site.type)
    return tuple(_settled(site, parameter) for parameter in known.values())


def params_digest(model: str, values: Sequence[Value]) -> str:
    """SHA-256 of the model's name and its parameters, bit by bit, in hexadecimal."""
    digest = hashlib.sha256(model.encode())
    for value in sorted(values, key=lambda value: value.name):
        digest.update(value.name.encode() + b"\0" + struct.pack("<dd", value.mean, value.sd))
    return digest.hexdigest()


def _settled(site: Site, parameter: Parameter) -> Value:
    prior = site.twin.parameters.get(parameter.name)
    if prior is not None:
        return Value(parameter.name, prior.mean, prior.sd)
    rating = _rating(site, parameter.rated)
    if rating is None:
        return Value(parameter.name, parameter.mean, parameter.sd)
    if not parameter.low <= rating <= parameter.high:
        rule = f"from the assets' ratings; {_range(parameter)}"
        raise ConfigError(f"twin.parameters.{parameter.name}", rating, rule, "mend the ratings")
    return Value(parameter.name, rating, parameter.sd)


def _rating(site: Site, rated: Rated | None) -> float | None:
    if rated is None:
        return None
    ratings = [
        asset.rating[rated.rating]
        for asset in site.assets_of(rated.asset_class)
        if rated.rating in asset.rating
    ]
    if not ratings:
        return None
    return sum(ratings) / len(ratings) if rated.mean else sum(ratings)


def _check(
    name: str, mean: float, sd: float, known: Mapping[str, Parameter], site_type: SiteType
) -> None:
    place = f"twin.parameters.{name}"
    parameter = known.get(name)
    if parameter is None:
        rule = f"a site of type {site_type.value} has no such parameter"
        raise ConfigError(place, None, rule, did_you_mean(name, known))
    if not (math.isfinite(mean) and parameter.low <= mean <= parameter.high):
        raise ConfigError(place, mean, _range(parameter), f"the default is {parameter.mean:g}")
    if not math.isfinite(sd):
        raise ConfigError(f"{place}.sd", sd, "must be a finite number of at least 0")


def _range(parameter: Parameter) -> str:
    return f"must lie in {parameter.low:g} to {parameter.high:g} {parameter.unit}"
