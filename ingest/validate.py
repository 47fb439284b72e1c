"""From a decoded message to a Frame: names, units, ranges, ownership, quality flags.

A node sends the same keys in the same order nearly always, so what can be known from the keys
alone is worked out once and kept as a template: 50 readings then cost one pass over numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from operator import le
from typing import cast

import msgspec

from ingest.native import Telemetry
from ingest.reasons import Reason, Rejected, reject
from ingest.registry import NodeRow, Registry
from ingest.timestamps import check_ts, parse_ts
from podcore.clock import NS
from podcore.frame import Flag, Frame, Kind, Source
from podcore.quantity import QUANTITIES, Conversion

LATE_NS = 60 * NS
AHEAD_NS = 2 * NS
MAX_TEMPLATE_KEYS = 500_000  # ten key sets of 50 for each of 1,000 nodes; some 100 bytes a key

_encoder = msgspec.msgpack.Encoder()
_IDENTITY = Conversion()
_BODY_OF_FOUR = b"\x94"  # MessagePack: an array of points, values, sd, flags
_NIL = b"\xc0"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A Frame, how many readings it holds, and those refused beside them."""

    frame: Frame
    readings: int
    bad: list[Rejected]


@dataclass(frozen=True, slots=True)
class _Template:
    points: list[str]
    head: bytes  # the points as MessagePack, behind the body's array header
    scales: (
        list[float] | None
    )  # of a conversion: scale * (value + offset); None when none is needed
    offsets: list[float]
    lows: list[float]
    highs: list[float]
    places: list[int] | None = None  # where the points stand among the keys; None when all are good
    bad: tuple[tuple[int, Rejected], ...] = ()  # by place among the keys

    def subset(self, kept: list[int]) -> _Template:
        """The same for some of its points."""
        points = [self.points[index] for index in kept]
        return _Template(
            points=points,
            head=_BODY_OF_FOUR + _encoder.encode(points),
            scales=[self.scales[index] for index in kept] if self.scales else None,
            offsets=[self.offsets[index] for index in kept],
            lows=[self.lows[index] for index in kept],
            highs=[self.highs[index] for index in kept],
        )


class Validator:
    """Checks messages against the registry."""

    def __init__(self, registry: Registry, max_template_keys: int = MAX_TEMPLATE_KEYS) -> None:
        self._max_template_keys = max_template_keys
        self._registry = registry
        self._templates: dict[tuple[str, str, tuple[str, ...]], _Template] = {}
        self._template_keys = 0
        self._version = registry.version

    def telemetry(
        self,
        site: str,
        node: str,
        message: Telemetry,
        recv_ns: int,
        *,
        came_ns: int | None = None,
    ) -> Accepted | list[Rejected]:
        """The Frame of a message, or why nothing in it can be used (with each refused value).

        came_ns : when it came first, of one that is tried again.
        """
        fault = self._registry.site_fault(site) or self._registry.node_fault(site, node)
        if fault is not None:
            return [fault, *message.bad]
        born = self._registry.node(site, node)
        recorded = (born is not None and born.recorded) or Flag.RECORDED in message.flags
        ts_ns, flags = _source_time(message.ts, recv_ns, came_ns or recv_ns, recorded=recorded)
        if isinstance(ts_ns, Rejected):
            return [ts_ns, *message.bad]
        if isinstance(message.values, dict):
            keys, values = tuple(message.values), list(message.values.values())
        elif message.keys is not None:
            keys, values = message.keys, message.values
        else:
            order = _order(born, message, again=came_ns is not None)
            if isinstance(order, Rejected):
                return [order, *message.bad]
            keys, values = order, message.values
        filled = _fill(self._template(site, node, keys), values, message.bad)
        if isinstance(filled, list):
            return filled
        body, readings, bad = filled
        boot, seq = (message.boot, message.seq) if message.boot else ("", None)
        frame = Frame(
            0, Kind.READING, site, node, boot, seq,
            ts_ns, recv_ns, 0, Source.MEASURED, int(flags | message.flags), body,
        )  # fmt: skip
        return Accepted(frame, readings, bad)

    def _template(self, site: str, node: str, keys: tuple[str, ...]) -> _Template:
        if self._version != self._registry.version or self._template_keys > self._max_template_keys:
            self._templates.clear()
            self._template_keys = 0
            self._version = self._registry.version
        key = (site, node, keys)
        template = self._templates.get(key)
        if template is None:
            template = self._templates[key] = self._build(site, node, keys)
            self._template_keys += len(keys) + 1
        return template

    def _build(self, site: str, node: str, keys: tuple[str, ...]) -> _Template:
        registry = self._registry
        places: list[int] = []
        conversions: list[Conversion] = []
        lows: list[float] = []
        highs: list[float] = []
        bad: list[tuple[int, Rejected]] = []
        taken: set[str] = set()
        for place, key in enumerate(keys):
            fault = (
                registry.point_fault(site, key, len(bad))
                or registry.owner_fault(site, node, key)
                or registry.unit_fault(site, node, key)
            )
            if fault is None and key in taken:  # a birth may name a point twice
                fault = reject(Reason.POINT_TWICE, key, f"entry {place + 1}")
            taken.add(key)
            point = registry.point(site, key)
            if fault is not None or point is None:
                bad.append((place, fault or reject(Reason.UNKNOWN_POINT, key, key)))
                continue
            registry.claim(site, node, key)
            quantity = QUANTITIES[point.quantity]
            places.append(place)
            conversions.append(registry.conversion(site, node, point) or _IDENTITY)
            lows.append(quantity.low)
            highs.append(quantity.high)
        points = [keys[place] for place in places]
        same = all(conversion == _IDENTITY for conversion in conversions)
        return _Template(
            points=points,
            head=_BODY_OF_FOUR + _encoder.encode(points),
            scales=None if same else [conversion.scale for conversion in conversions],
            offsets=[conversion.offset for conversion in conversions],
            lows=lows,
            highs=highs,
            places=places if bad else None,
            bad=tuple(bad),
        )


def _source_time(
    ts: int | str | None, recv_ns: int, came_ns: int, *, recorded: bool
) -> tuple[int | Rejected, Flag]:
    if ts is None:
        return came_ns, (Flag.NO_SOURCE_TIME | Flag.RECORDED) if recorded else Flag.NO_SOURCE_TIME
    ts_ns = parse_ts(ts)
    if isinstance(ts_ns, Rejected):
        return ts_ns, Flag.NONE
    fault = check_ts(ts_ns, recv_ns)
    if fault is not None:
        return fault, Flag.NONE
    flags = Flag.RECORDED if recorded else Flag.NONE
    if ts_ns - recv_ns > AHEAD_NS:
        return ts_ns, flags | Flag.SUSPECT_CLOCK
    if recv_ns - ts_ns > LATE_NS and not recorded:
        return ts_ns, Flag.LATE
    return ts_ns, flags


def _order(born: NodeRow | None, message: Telemetry, *, again: bool) -> tuple[str, ...] | Rejected:
    values = message.values
    if born is None:
        return reject(Reason.NO_BIRTH, "a", len(values))
    if again and message.boot != born.boot:
        # Of the same length in another order, its values would go to the wrong points.
        hint = f"the order was that of boot {message.boot}, the newest birth is of {born.boot}"
        return reject(Reason.NO_BIRTH, "a", len(values), hint)
    if len(values) != len(born.order):
        hint = f"the birth has {len(born.order)}"
        return reject(Reason.WRONG_LENGTH, "a", len(values), hint)
    return tuple(born.order)


def _fill(
    template: _Template, values: list[float | None], bad: list[Rejected]
) -> tuple[bytes, int, list[Rejected]] | list[Rejected]:
    """The body, the number of its readings and those refused; these alone when all are."""
    if template.places is not None:
        bad = bad + [why for place, why in template.bad if values[place] is not None]
        values = [values[place] for place in template.places]
    if None in values:  # not sampled now
        template = template.subset([i for i, value in enumerate(values) if value is not None])
        values = [value for value in values if value is not None]
    numbers = cast("list[float]", values)  # a copy that says so would cost a pass
    scales = template.scales
    if scales is None and not math.isfinite(sum(numbers)):
        scales = [1.0] * len(numbers)  # a mapping's factor, perhaps, has gone past float64
    if scales is not None:
        template, numbers, overflown = _convert(template, scales, numbers)
        bad = bad + overflown
    if bad and not numbers:
        return bad
    outside = _outside(numbers, template.lows, template.highs)
    flags = _encoder.encode(outside) if outside else _NIL
    body = template.head + _encoder.encode(numbers) + _NIL + flags
    return body, len(numbers), bad


def _convert(
    template: _Template, scales: list[float], values: list[float]
) -> tuple[_Template, list[float], list[Rejected]]:
    numbers = [
        scale * (value + offset)
        for scale, value, offset in zip(scales, values, template.offsets, strict=True)
    ]
    if all(map(math.isfinite, numbers)):
        return template, numbers, []
    finite = [index for index, value in enumerate(numbers) if math.isfinite(value)]
    overflown = _overflown(template.points, numbers)
    return template.subset(finite), [numbers[index] for index in finite], overflown


def _overflown(points: list[str], numbers: list[float]) -> list[Rejected]:
    hint = "too large after unit conversion"
    return [
        reject(Reason.NOT_FINITE, point, number, hint)
        for point, number in zip(points, numbers, strict=True)
        if not math.isfinite(number)
    ]


def _outside(numbers: list[float], lows: list[float], highs: list[float]) -> list[int] | None:
    # Nearly always all are inside, and map finds that without a step of Python for each.
    if all(map(le, lows, numbers)) and all(map(le, numbers, highs)):
        return None
    flag = int(Flag.OUT_OF_RANGE)
    rows = zip(numbers, lows, highs, strict=True)
    return [0 if low <= value <= high else flag for value, low, high in rows]
