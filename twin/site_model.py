"""A site's model: which one its type has, with its channels bound and its parameters settled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from podcore.classes import Role
from podcore.site import Point, Site, SiteType
from twin.air_dx import AirDx
from twin.binding import Bound, Combine, bind
from twin.channels import ChannelRole
from twin.model import Model
from twin.parameters import Value, params_digest, settle
from twin.power_only import PowerOnly

TWIN_ASSET = "twin"  # the asset that slow states and lumped channels are points of

MODELS: Mapping[SiteType, Model] = MappingProxyType(
    {SiteType.AIR_DX: AirDx(), SiteType.POWER_ONLY: PowerOnly()}
)


@dataclass(frozen=True, slots=True)
class Emitted:
    """A derived point: which column of the model it shows.

    measured : the bound points whose mean or sum it stands beside; empty for a state.
    """

    point: Point
    role: ChannelRole
    column: int
    measured: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True)
class SiteModel:
    """A model applied to a site.

    inputs, measurements : in the order of the columns of u and y.
    emitted : what a derived Frame holds, in its order.
    """

    model: Model
    inputs: tuple[Bound, ...]
    measurements: tuple[Bound, ...]
    emitted: tuple[Emitted, ...]
    parameters: tuple[Value, ...]
    digest: str


def site_model(site: Site) -> SiteModel | None:
    """The model of a site; None when its type has none, or nothing that it could be held against.

    Raises
    ------
    ConfigError  When the site's `twin` names a parameter, channel or point that there is not.
    """
    parameters = settle(site)
    model = MODELS.get(site.type)
    bound = bind(site, [] if model is None else model.channels())
    measurements = tuple(b for b in bound if b.channel.role is ChannelRole.MEASUREMENT)
    if model is None or not any(b.points for b in measurements):
        return None
    return SiteModel(
        model,
        tuple(b for b in bound if b.channel.role is ChannelRole.INPUT),
        measurements,
        tuple(_emitted(model, measurements)),
        parameters,
        params_digest(model.name, parameters),
    )


def check(site: Site) -> None:
    """Refuses what a site file's `twin` says wrongly.

    Raises
    ------
    ConfigError  With a path below `twin.`, the rule and the nearest known word.
    """
    site_model(site)


def derived_points(site: Site) -> list[Point]:
    """The points of the asset `twin`, for a site's list of points."""
    model = site_model(site)
    emitted = [] if model is None else [each.point for each in model.emitted]
    return [point for point in emitted if point.asset == TWIN_ASSET]


def _emitted(model: Model, measurements: tuple[Bound, ...]) -> list[Emitted]:
    emitted = []
    for column, bound in enumerate(measurements):
        if not bound.points:
            continue
        if bound.combine is Combine.MEAN or len(bound.points) == 1:
            emitted += [
                Emitted(point, ChannelRole.MEASUREMENT, column, (point,)) for point in bound.points
            ]
        else:  # a sum of several points is none of them
            lump = _twin_point(bound.channel.point, bound.channel.quantity)
            emitted.append(Emitted(lump, ChannelRole.MEASUREMENT, column, bound.points))
    states = [
        channel
        for channel in model.channels()
        if channel.role in (ChannelRole.FAST_STATE, ChannelRole.SLOW_STATE)
    ]
    for column, channel in enumerate(states):
        if channel.role is ChannelRole.SLOW_STATE and channel.is_shown:
            point = _twin_point(channel.point, channel.quantity)
            emitted.append(Emitted(point, ChannelRole.SLOW_STATE, column))
    return emitted


def _twin_point(name: str, quantity: str) -> Point:
    return Point(TWIN_ASSET, name, "other", quantity, 0.0, Role.NONE)
