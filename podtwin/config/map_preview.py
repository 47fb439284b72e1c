"""What a mapping makes of a payload, without a broker: by the very code that ingest runs.

Nothing is stored: a registry that begins empty (or with the site files that are given) discovers
what the mapping names, and is thrown away.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ingest.foreign import ForeignReader, ForeignSource
from ingest.inbox import Arrival
from ingest.mapping import Routed
from ingest.native import Unreadable
from ingest.native_msgpack import decode_packed
from ingest.reasons import Reason, Rejected, reject
from ingest.registry import Registry
from ingest.sample import Came, Names
from ingest.template import Foreign
from ingest.validate import Accepted, Validator
from podcore.frame import READING, Kind
from podcore.site import Site
from podcore.topic import TopicKind, parse_topic

MAX_SHOWN = 100  # refusals that are named; all are counted


@dataclass(frozen=True, slots=True)
class Becomes:
    """A value of the payload and the reading that it becomes. line : in the payload, from 1."""

    line: int
    name: str
    sent: float
    site: str
    node: str
    point: str
    ts_ns: int
    value: float
    unit: str


@dataclass(slots=True)
class Preview:
    """All of a payload. refused : with site and node where the mapping names them."""

    becomes: list[Becomes] = field(default_factory=list)
    refused: list[tuple[str, str, Rejected]] = field(default_factory=list)
    refused_in_all: int = 0
    ignored: list[str] = field(default_factory=list)


def preview(
    source: ForeignSource, topic: str, payload: bytes, now_ns: int, sites: Iterable[Site] = ()
) -> Preview:
    """What becomes of a payload that comes on a topic now."""
    registry = Registry({}, {}, {}, discover=True)
    for site in sites:
        registry.adopt(site, now_ns)
    reader = ForeignReader(source, registry, Validator(registry))
    arrival = Arrival(0, 0, 0, topic, payload, len(payload), now_ns)
    taken = reader.take(arrival)
    stored: dict[tuple[str, str, str, int], float] = {}
    for frame in taken.frames:
        if frame.kind is Kind.READING:
            body = READING.decode(frame.body)
            for point, value in zip(body.points, body.values, strict=True):
                stored[frame.site, frame.node, point, frame.ts_ns] = value
    shown = Preview(refused=taken.refusals.kept, refused_in_all=taken.refusals.total)
    for line, name, sent, ts_ns, routed in _routes(source, topic, payload, now_ns):
        if routed is None:
            shown.ignored.append(name)
            continue
        key = (routed.site, routed.node, routed.point, ts_ns)
        known = registry.point(routed.site, routed.point)
        if key in stored and known is not None:
            shown.becomes.append(Becomes(line, name, sent, *key, stored.pop(key), known.unit))
    return shown


def preview_packed(topic: str, payload: bytes, now_ns: int, sites: Iterable[Site] = ()) -> Preview:
    """What becomes of PodTwin's own telemetry, packed, that comes on a topic now.

    Only sites that are given are known, and no birth: the compact form cannot be shown.
    """
    shown = Preview()
    address = parse_topic(topic)
    if address is None or address.kind is not TopicKind.TELEMETRY:
        return _refuse(shown, reject(Reason.BAD_TOPIC, "topic", topic))
    message = decode_packed(payload)
    if isinstance(message, Unreadable):
        return _refuse(shown, message.why)
    registry = Registry({}, {}, {}, discover=True)
    for site in sites:
        registry.adopt(site, now_ns)
    answer = Validator(registry).telemetry(address.site, address.node, message, now_ns)
    if not isinstance(answer, Accepted):
        return _refuse(shown, *answer)
    sent = message.values if isinstance(message.values, dict) else {}
    body, ts_ns = READING.decode(answer.frame.body), answer.frame.ts_ns
    for point, value in zip(body.points, body.values, strict=True):
        known = registry.point(address.site, point)
        shown.becomes.append(
            Becomes(
                1, point, sent.get(point) or 0.0, address.site, address.node, point, ts_ns, value,
                known.unit if known else "",
            )
        )  # fmt: skip
    return _refuse(shown, *answer.bad)


def _refuse(shown: Preview, *refused: Rejected) -> Preview:
    shown.refused += [("", "", why) for why in refused[:MAX_SHOWN]]
    shown.refused_in_all += len(refused)
    return shown


def _routes(
    source: ForeignSource, topic: str, payload: bytes, now_ns: int
) -> Iterator[tuple[int, str, float, int, Routed | None]]:
    """Every value of the payload that a rule matches: line, name, value, time, where it goes."""
    decoded = source.format.decode(payload, source.mapping.unit_ns, Came(topic, now_ns))
    topic = decoded.topic or topic
    for sample in decoded.samples:
        names = source.format.names(sample.series)
        if not isinstance(names, Names):
            continue
        fields = list(zip(sample.fields, sample.values, strict=True))
        fields += [(name, float("nan")) for name, _ in sample.bad]
        for name, value in fields:
            routed = source.mapping.route(Foreign(topic, names, name))
            if not isinstance(routed, Rejected):
                ts_ns = now_ns if sample.ts_ns is None else sample.ts_ns
                yield sample.line, f"{sample.series} {name}", value, ts_ns, routed
