"""Bindings: which points of a site feed which channel of its model.

By convention over the asset classes; `twin.bind` overrides a channel by a single point. Units
of a class are one lump: their temperatures are averaged, their powers added.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from podcore.errors import ConfigError
from podcore.names import did_you_mean
from podcore.site import Asset, Point, Site, SiteType
from twin.channels import Channel


class Combine(enum.StrEnum):
    """How several points make one channel."""

    MEAN = "mean"
    SUM = "sum"


@dataclass(frozen=True, slots=True)
class Rule:
    """The convention of one channel: a point of a class, of the assets that `chosen` keeps."""

    asset_class: str
    point: str
    combine: Combine
    chosen: Callable[[Site, Asset], bool] = lambda _site, _asset: True


@dataclass(frozen=True, slots=True)
class Bound:
    """A channel with the points that feed it, in site order; none when nothing does."""

    channel: Channel
    points: tuple[Point, ...]
    combine: Combine

    @property
    def max_age_s(self) -> float:
        """How long the last reading stands for the next. [s]"""
        return max([self.channel.max_age_s, *(3.0 * point.period_s for point in self.points)])


def is_root_meter(site: Site, asset: Asset) -> bool:
    """Whether no other meter of the site feeds this one, so that it sees the whole facility."""
    return not any(asset.id in meter.feeds for meter in site.assets_of("meter"))


def is_cold(_site: Site, aisle: Asset) -> bool:
    """Whether an aisle is the one that racks breathe from."""
    return bool(aisle.measures)


def is_hot(site: Site, aisle: Asset) -> bool:
    """Whether an aisle is the other one."""
    return not is_cold(site, aisle)


def _of(asset_class: str, point: str, combine: Combine) -> tuple[str, Rule]:
    return point, Rule(asset_class, point, combine)


_AIR = (
    _of("rack", "it_power", Combine.SUM),
    _of("crac", "supply_air_temp_setpoint", Combine.MEAN),
    _of("crac", "fan_speed", Combine.MEAN),
    _of("crac", "mode", Combine.MEAN),
    _of("weather-station", "outdoor_air_temp", Combine.MEAN),
    _of("weather-station", "outdoor_air_humidity", Combine.MEAN),
    _of("weather-station", "solar_irradiance", Combine.MEAN),
    _of("weather-station", "air_pressure", Combine.MEAN),
    ("ups_mode", Rule("ups", "mode", Combine.MEAN)),
    _of("crac", "supply_air_temp", Combine.MEAN),
    _of("crac", "return_air_temp", Combine.MEAN),
    ("cold_aisle_temp", Rule("aisle", "air_temp", Combine.MEAN, is_cold)),
    ("hot_aisle_temp", Rule("aisle", "air_temp", Combine.MEAN, is_hot)),
    _of("rack", "inlet_temp", Combine.MEAN),
    _of("rack", "outlet_temp", Combine.MEAN),
    ("cold_aisle_humidity", Rule("aisle", "air_humidity", Combine.MEAN, is_cold)),
    _of("crac", "return_air_humidity", Combine.MEAN),
    _of("crac", "compressor_power", Combine.SUM),
    _of("crac", "fan_power", Combine.SUM),
    ("ups_input_power", Rule("ups", "input_power", Combine.SUM)),
    ("ups_output_power", Rule("ups", "output_power", Combine.SUM)),
    ("facility_power", Rule("meter", "power", Combine.SUM, is_root_meter)),
)
# The first rule that finds a point counts.
_POWER = (
    ("it_power", Rule("cluster", "it_power", Combine.SUM)),
    ("it_power", Rule("rack", "it_power", Combine.SUM)),
    ("it_power", Rule("server", "power", Combine.SUM)),
    _of("cluster", "tasks_running", Combine.SUM),
    _of("cluster", "util_sum", Combine.SUM),
    _of("cluster", "util2_sum", Combine.SUM),
    _of("cluster", "util4_sum", Combine.SUM),
)
CONVENTIONS: Mapping[SiteType, tuple[tuple[str, Rule], ...]] = MappingProxyType(
    {SiteType.AIR_DX: _AIR, SiteType.POWER_ONLY: _POWER}
)


def bind(site: Site, channels: Sequence[Channel]) -> tuple[Bound, ...]:
    """Each channel with its points.

    Raises
    ------
    ConfigError  When `twin.bind` names a channel or a point that there is not.
    """
    known = {channel.point for channel in channels}
    points = {point.id: point for point in site.points}
    for word, target in site.twin.bind.items():
        if known and word not in known:
            raise ConfigError(f"twin.bind.{word}", None, "is no channel", did_you_mean(word, known))
        if target not in points:
            rule = "is no point of this site"
            raise ConfigError(f"twin.bind.{word}", target, rule, did_you_mean(target, points))
    return tuple(_bound(site, channel, points) for channel in channels)


def _bound(site: Site, channel: Channel, points: Mapping[str, Point]) -> Bound:
    target = site.twin.bind.get(channel.point)
    if target is not None:
        return Bound(channel, (points[target],), Combine.MEAN)
    rules = [rule for word, rule in CONVENTIONS.get(site.type, ()) if word == channel.point]
    for rule in rules:
        found = tuple(_found(site, rule))
        if found:
            return Bound(channel, found, rule.combine)
    return Bound(channel, (), rules[0].combine if rules else Combine.MEAN)


def _found(site: Site, rule: Rule) -> list[Point]:
    chosen = {asset.id for asset in site.assets_of(rule.asset_class) if rule.chosen(site, asset)}
    return [point for point in site.points if point.name == rule.point and point.asset in chosen]
