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

_SENSORS = "repeatability, not accuracy, of duct probes and power meters; open to calibration"
_CHOSEN = "chosen wide; open to calibration"
_ERDEN = "Erden, Khalifa and Schmidt, J. Electron. Packag. 136(3), 2014: 0.3 to 0.45 MJ/K a rack"
_CONTAINER = "a 40 ft container holds about 68 m³"
_ENERGYPLUS = "EnergyPlus example, 36.8 kW DX unit: 1.888 m³/s, COP 4.05"


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
    Parameter("server_capacity_j_k", "J/K", 9.0e5, 3.0e5, _ERDEN, low=1e3, high=1e10),
    Parameter("recirculation", "1", 0.05, 0.03, "contained 0.03, partly contained 0.10", high=0.9),
    Parameter("air_flow_m3_s", "m3/s", 1.888, 0.2, _ENERGYPLUS, 1e-3, 1e4, _FLOW_RATED),
    Parameter("fan_power_w", "W", 1500.0, 300.0, _CHOSEN, 0.0, 1e6, Rated("crac", "fan_power_w")),
    Parameter("cop", "1", 4.05, 0.4, _ENERGYPLUS, 0.5, 20.0, Rated("crac", "cop", mean=True)),
    Parameter("ups_power_w", "W", 30_000.0, 3_000.0, _CHOSEN, 1.0, 1e8, Rated("ups", "power_w")),
    Parameter("return_air_noise_k", "K", 0.15, 0.05, _SENSORS, 1e-3, 10.0),
    Parameter("return_air_walk_k_s", "K/s½", 0.015, 0.01, _CHOSEN, 1e-6, 10.0),
    Parameter("facility_power_noise", "1", 0.001, 0.001, _SENSORS, 1e-5, 1.0),
    Parameter("facility_power_walk_w_s", "W/s½", 5.0, 5.0, _CHOSEN, 1e-3, 1e6),
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
    Parameter("it_power_noise", "1", 0.003, 0.002, "metered PDUs and board sensors", 1e-6, 1.0),
    Parameter("it_power_walk_s", "1/s½", 0.003, 0.002, _CHOSEN, 1e-7, 1.0),
    Parameter("it_power_w", "W", 10_000.0, 10_000.0, _CHOSEN, 1.0, 1e9),
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
