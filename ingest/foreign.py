"""Messages of another format, by their topics: decoded, mapped, checked, made into Frames.

A message becomes one Frame for each site, node and instant in it, behind the births of nodes and
points that were not known. It carries no number of its sender: what comes again is settled by
(point, ts) in the store.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ingest.announce import Announcer
from ingest.feeders import Feeders, state_frame
from ingest.foreign_lines import KnownLines, Line, Part
from ingest.inbox import Arrival
from ingest.mapping import Mapping, Routed
from ingest.native import SentPoint, Telemetry
from ingest.native_msgpack import PackedTopics
from ingest.reasons import Reason, Rejected, reject
from ingest.registry import Registry
from ingest.sample import Came, Command, Format, Refusals, Sample, Turn
from ingest.topic_filter import TopicFilter
from ingest.validate import Accepted, Validator
from podcore.frame import Flag, Frame

_Key = tuple[str, str, int | None, Flag]  # site, node, source time, quality


@dataclass(frozen=True, slots=True)
class ForeignSource:
    """Where messages of a format come in, and what their names mean."""

    topics: TopicFilter
    format: Format
    mapping: Mapping


Source = ForeignSource | PackedTopics


def foreign_topics(sources: Iterable[Source]) -> list[str]:
    """The filters of sources that lie beside PodTwin's own topics."""
    return [each.topics.text for each in sources if isinstance(each, ForeignSource)]


@dataclass(slots=True)
class Taken:
    """What came of a message.

    readings, readings_dead : stored and refused values; a line that cannot be read is one.
    """

    frames: list[Frame] = field(default_factory=list)
    readings: int = 0
    readings_dead: int = 0
    refusals: Refusals = field(default_factory=Refusals)
    commands: list[Command] = field(default_factory=list)

    @property
    def is_dead(self) -> bool:
        """Whether nothing in it could be used; it can be where all names are ignored."""
        return not self.readings and self.refusals.total > 0

    def refuse(self, why: Rejected, site: str = "", node: str = "") -> None:
        """One reading more that is dead."""
        self.refusals.add(why, site, node)
        self.readings_dead += 1


@dataclass(slots=True)
class _Instant:
    """What a message says of a node at one time. lines : where each part stood."""

    parts: list[Part] = field(default_factory=list)
    lines: list[Sample] = field(default_factory=list)
    values: list[float] = field(default_factory=list)


class ForeignReader:
    """Reads the messages of one source."""

    def __init__(self, source: ForeignSource, registry: Registry, validator: Validator) -> None:
        self._source = source
        self._registry = registry
        self._validator = validator
        self._announcer = Announcer(registry)
        self._known = KnownLines(source.format, source.mapping)
        self._feeders = Feeders()

    @property
    def topics(self) -> TopicFilter:
        """What it reads."""
        return self._source.topics

    def take(self, arrival: Arrival) -> Taken:
        """What comes of a message."""
        topic = arrival.topic
        again = arrival.came_ns is not None
        came = Came(topic, arrival.came_ns or arrival.recv_ns, again)
        decoded = self._source.format.decode(arrival.payload, self._source.mapping.unit_ns, came)
        taken = Taken(refusals=decoded.refusals, readings_dead=decoded.refusals.total)
        taken.commands = decoded.commands
        turns_count = decoded.topic is not None  # of a format that says who comes and goes
        topic = decoded.topic or topic
        instants: dict[_Key, _Instant] = {}
        new: list[Line] = []
        for sample in decoded.samples:
            line = self._known.line(topic, sample)
            if line.told != self._registry.version:
                new.append(line)
            if line.refused or sample.bad or isinstance(line.names, str):
                self._refuse(topic, sample, line, taken)
            for part in line.parts:
                self._put(instants, part, sample, taken)
                if turns_count:
                    self._feeders.feeds(sample.series, part.site, part.node)
            line.last_ns = sample.ts_ns
        if new:
            self._announce(new, taken, arrival.recv_ns)
        if decoded.turns:
            taken.frames += self._turned(decoded.turns, arrival.recv_ns)
        for key, instant in instants.items():
            self._store(key, instant, taken, arrival)
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
        self, instants: dict[_Key, _Instant], part: Part, sample: Sample, taken: Taken
    ) -> None:
        twice = self._known.twice(part, sample.ts_ns)
        if twice:
            part = part.without(twice)
            self._refuse_twice(part, twice, sample, taken)
        key = (part.site, part.node, sample.ts_ns, sample.flags)
        instant = instants.get(key)
        if instant is None:
            instant = instants[key] = _Instant()
        instant.parts.append(part)
        instant.lines.append(sample)
        instant.values += part.of(sample.values)

    def _refuse_twice(
        self, part: Part, points: Iterable[str], sample: Sample, taken: Taken
    ) -> None:
        for point in points:
            why = reject(Reason.POINT_TWICE, point, sample.series, f"line {sample.line}")
            taken.refuse(why, part.site, part.node)

    def _turned(self, turns: Iterable[Turn], recv_ns: int) -> list[Frame]:
        """States of nodes that come or go, as far as they are nodes of a source."""
        return [
            state_frame(site, node, recv_ns, online=online)
            for (site, node), online in self._feeders.turned(turns).items()
            if self._registry.node(site, node) is not None
            and self._announcer.speaks_for_itself(site, node) is None
        ]

    def _announce(self, lines: Iterable[Line], taken: Taken, recv_ns: int) -> None:
        points: dict[tuple[str, str], dict[str, SentPoint]] = {}
        for line in lines:
            for part in line.parts:
                points.setdefault((part.site, part.node), {}).update(part.sent)
        for (site, node), sent in points.items():
            taken.frames += self._announcer.announce(site, node, sent, recv_ns)
        for line in lines:
            line.told = self._registry.version

    def _store(self, key: _Key, instant: _Instant, taken: Taken, arrival: Arrival) -> None:
        site, node, ts_ns, flags = key
        points, values = self._known.row(instant.parts), instant.values
        if points is None:
            points, values = self._first_of_each(instant, taken)
        if not points:
            return
        fault = self._announcer.speaks_for_itself(site, node)
        answer: Accepted | list[Rejected]
        if fault is None:
            message = Telemetry([*values], ts_ns, None, None, [], points, flags)
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

    def _first_of_each(
        self, instant: _Instant, taken: Taken
    ) -> tuple[tuple[str, ...], list[float]]:
        """Where a message says a point twice, what it said first."""
        found: dict[str, float] = {}
        values = iter(instant.values)
        for part, sample in zip(instant.parts, instant.lines, strict=True):
            for point in part.points:
                value = next(values)
                if point in found:
                    self._refuse_twice(part, [point], sample, taken)
                else:
                    found[point] = value
        return tuple(found), list(found.values())
