"""Messages of another format, by their topics: decoded, mapped, checked, made into Frames.

A message becomes one Frame for each site, node and instant in it, behind the births of nodes and
points that were not known. It carries no number of its sender: what comes again is settled by
(point, ts) in the store.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ingest.announce import Announcer
from ingest.foreign_lines import KnownLines, Line, Part
from ingest.inbox import Arrival
from ingest.mapping import Mapping, Routed
from ingest.native import SentPoint, Telemetry
from ingest.reasons import Reason, Rejected, reject
from ingest.registry import Registry
from ingest.sample import Format, Refusals, Sample
from ingest.topic_filter import TopicFilter
from ingest.validate import Accepted, Validator
from podcore.frame import Frame

_Instant = tuple[str, str, int | None]  # site, node, source time


@dataclass(frozen=True, slots=True)
class ForeignSource:
    """Where messages of a format come in, and what their names mean."""

    topics: TopicFilter
    format: Format
    mapping: Mapping


@dataclass(slots=True)
class Taken:
    """What came of a message.

    readings, readings_dead : stored and refused values; a line that cannot be read is one.
    """

    frames: list[Frame] = field(default_factory=list)
    readings: int = 0
    readings_dead: int = 0
    refusals: Refusals = field(default_factory=Refusals)

    @property
    def is_dead(self) -> bool:
        """Whether nothing in it could be used; it can be where all names are ignored."""
        return not self.readings and self.refusals.total > 0

    def refuse(self, why: Rejected, site: str = "", node: str = "") -> None:
        """One reading more that is dead."""
        self.refusals.add(why, site, node)
        self.readings_dead += 1


class ForeignReader:
    """Reads the messages of one source."""

    def __init__(self, source: ForeignSource, registry: Registry, validator: Validator) -> None:
        self._source = source
        self._registry = registry
        self._validator = validator
        self._announcer = Announcer(registry)
        self._known = KnownLines(source.format, source.mapping)

    @property
    def topics(self) -> TopicFilter:
        """What it reads."""
        return self._source.topics

    def take(self, arrival: Arrival) -> Taken:
        """What comes of a message."""
        topic = arrival.topic
        decoded = self._source.format.decode(arrival.payload, self._source.mapping.unit_ns)
        taken = Taken(refusals=decoded.refusals, readings_dead=decoded.refusals.total)
        instants: dict[_Instant, dict[str, float]] = {}
        new: list[Line] = []
        for sample in decoded.samples:
            line = self._known.line(topic, sample)
            if line.told != self._registry.version:
                new.append(line)
            if line.refused or sample.bad or isinstance(line.names, str):
                self._refuse(topic, sample, line, taken)
            for part in line.parts:
                self._put(instants, part, sample, taken)
            line.last_ns = sample.ts_ns
        if new:
            self._announce(new, taken, arrival.recv_ns)
        for instant, values in instants.items():
            if values:
                self._store(instant, values, taken, arrival)
        return taken

    def _refuse(self, topic: str, sample: Sample, line: Line, taken: Taken) -> None:
        if isinstance(line.names, str):
            place = f"line {sample.line}"
            taken.refusals.refuse(Reason.BAD_LINE, place, sample.series, line.names)
            taken.readings_dead += 1
            return
        for why in line.refused:
            taken.refuse(why)
        for name, why in sample.bad:
            routed = self._known.bad_field(topic, line, name)
            if isinstance(routed, Routed):
                taken.refuse(why, routed.site, routed.node)
            elif routed is not None:
                taken.refuse(routed)

    def _put(
        self, instants: dict[_Instant, dict[str, float]], part: Part, sample: Sample, taken: Taken
    ) -> None:
        row = part.row(sample.values)
        twice = self._known.twice(part, sample.ts_ns, row)
        held = instants.setdefault((part.site, part.node, sample.ts_ns), row)
        if held is not row:
            if not held.keys().isdisjoint(row):  # the same name twice in this message
                again = [point for point in row if point in held]
                twice += again
                row = {point: row[point] for point in row if point not in held}
            held.update(row)
        for point in twice:
            taken.refuse(
                reject(Reason.POINT_TWICE, point, sample.series, f"line {sample.line}"),
                part.site,
                part.node,
            )

    def _announce(self, lines: Iterable[Line], taken: Taken, recv_ns: int) -> None:
        points: dict[tuple[str, str], dict[str, SentPoint]] = {}
        for line in lines:
            for part in line.parts:
                points.setdefault((part.site, part.node), {}).update(part.sent)
        for (site, node), sent in points.items():
            taken.frames += self._announcer.announce(site, node, sent, recv_ns)
        for line in lines:
            line.told = self._registry.version

    def _store(
        self, instant: _Instant, values: dict[str, float], taken: Taken, arrival: Arrival
    ) -> None:
        site, node, ts_ns = instant
        fault = self._announcer.speaks_for_itself(site, node)
        if fault is None:
            message = Telemetry(dict(values), ts_ns, None, None, [])
            answer = self._validator.telemetry(
                site, node, message, arrival.recv_ns, came_ns=arrival.came_ns
            )
        else:
            answer = [fault]
        if isinstance(answer, Accepted):
            taken.frames.append(answer.frame)
            taken.readings += answer.readings
            taken.readings_dead += len(answer.bad)
            bad = answer.bad
        else:
            taken.readings_dead += len(values)
            bad = answer
        for why in bad:
            taken.refusals.add(self._announcer.why(site, node, why), site, node)
