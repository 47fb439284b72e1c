"""A plan: a site's model as the engine's hot path needs it, names turned into positions.

Made once for each config Frame. `Layout` does the same for the point list of a message: a node
sends the same few lists over and over, so they are looked up by their bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from podcore.clock import NS
from podcore.site import Site
from twin.binding import Bound, Combine
from twin.channels import ChannelRole
from twin.model import Model
from twin.site_model import SiteModel

MAX_LAYOUTS = 256  # point lists a site: 8 nodes with 32 mixes of periods each; then all are dropped

_RAW_POINTS = msgspec.msgpack.Decoder(list[str])


class RawReading(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """`ReadingBody` with its point list left as bytes."""

    points: msgspec.Raw
    values: list[float]
    sd: list[float] | None = None
    flags: list[int] | None = None


RAW_READING = msgspec.msgpack.Decoder(RawReading)


class InputPlan(NamedTuple):
    """One column of u: positions of its points, how they combine, how long they are held."""

    positions: tuple[int, ...]
    is_sum: bool
    max_age_ns: int
    fallback: float
    needed: bool = True


class MeasurementPlan(NamedTuple):
    """One column of y, or one emitted point: positions of its points and how they combine."""

    positions: tuple[int, ...]
    is_sum: bool


class Layout(NamedTuple):
    """A message's point list: (place in the message, position in the plan), shortest period."""

    pairs: tuple[tuple[int, int], ...]
    period_ns: int


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A site's model by positions.

    points : the bound points; a position is an index into this.
    emitted : local ids of what a derived Frame holds.
    params : means, then standard deviations.
    columns : for each of them its place in a row of `Batch.step`.
    shown : for each of them its column in [y | x].
    compared : for each of them what it stands beside, no positions for a state.
    """

    model: Model
    digest: str
    step_ns: int
    params: tuple[float, ...]
    points: tuple[str, ...]
    inputs: tuple[InputPlan, ...]
    measurements: tuple[MeasurementPlan, ...]
    emitted: list[str]
    columns: tuple[int, ...]
    shown: tuple[int, ...]
    compared: tuple[MeasurementPlan, ...]


def make_plan(site: Site, found: SiteModel) -> Plan:
    """The plan of a site with this model."""
    bound = (*found.inputs, *found.measurements)
    points = tuple(dict.fromkeys(point.id for channel in bound for point in channel.points))
    position = {point: index for index, point in enumerate(points)}
    measured = len(found.measurements)
    return Plan(
        model=found.model,
        digest=found.digest,
        step_ns=step_ns(site),
        params=(*(v.mean for v in found.parameters), *(v.sd for v in found.parameters)),
        points=points,
        inputs=tuple(
            InputPlan(
                _positions(channel, position),
                channel.combine is Combine.SUM,
                round(channel.max_age_s * NS),
                channel.channel.fallback,
                channel.channel.needed,
            )
            for channel in found.inputs
        ),
        measurements=tuple(
            MeasurementPlan(_positions(channel, position), channel.combine is Combine.SUM)
            for channel in found.measurements
        ),
        emitted=[each.point.id for each in found.emitted],
        columns=tuple(range(len(found.emitted))),
        shown=tuple(
            each.column if each.role is ChannelRole.MEASUREMENT else measured + each.column
            for each in found.emitted
        ),
        compared=tuple(
            MeasurementPlan(tuple(position[p.id] for p in each.measured), len(each.measured) > 1)
            for each in found.emitted
        ),
    )


def step_ns(site: Site) -> int:
    """The length of a step of the site's twin. [ns]"""
    return round(site.twin.step_s * NS)


class Layouts:
    """The point lists that a site's messages come with."""

    def __init__(self, points: Sequence[str], site: Site) -> None:
        self._position = {point: index for index, point in enumerate(points)}
        self._period_ns = {point.id: round(point.period_s * NS) for point in site.points}
        self._known: dict[bytes, Layout] = {}

    def of(self, raw: msgspec.Raw) -> Layout:
        """The layout of a point list in MessagePack."""
        key = bytes(raw)
        layout = self._known.get(key)
        if layout is None:
            if len(self._known) >= MAX_LAYOUTS:
                self._known.clear()
            layout = self._known[key] = self._made(_RAW_POINTS.decode(key))
        return layout

    def _made(self, points: list[str]) -> Layout:
        pairs = tuple(
            (place, self._position[point])
            for place, point in enumerate(points)
            if point in self._position
        )
        periods = [self._period_ns[point] for point in points if point in self._period_ns]
        return Layout(pairs, min(periods, default=0))


def _positions(bound: Bound, position: dict[str, int]) -> tuple[int, ...]:
    return tuple(position[point.id] for point in bound.points)
