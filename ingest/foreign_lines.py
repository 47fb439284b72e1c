"""Lines of a source as they are known by their names: looked up once, kept, told apart.

A sender writes the same names for ever, so that where each value of a line goes is worked out at
its first coming. That two names fill one point shows here as well: at one time only one may.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ingest.mapping import Mapping, Routed
from ingest.native import SentPoint
from ingest.reasons import Reason, Rejected, reject
from ingest.sample import Format, Names, Sample
from ingest.template import Foreign

# Parts and points of the orders in which parts came together, 8 bytes each: 1,000 hosts with ten
# messages of 100 parts of one point.
MAX_ROWS = 2_000_000
MAX_BYTES = 400_000_000  # of kept lines: 40 of five fields, 4 kB each, for each of 2,500 hosts
# What one takes beside its characters, measured: a name of one letter is no cheaper to keep.
_LINE_BYTES, _FIELD_BYTES = 1_500, 500


@dataclass(slots=True)
class Part:
    """What of a line goes to one node; `places` is None when all of it does, in order.

    number : its own among all parts, 0 for one that is made for a single message.
    names : of each point, what the sender calls it.
    sent : of each point, what a birth says of it.
    """

    site: str
    node: str
    number: int = 0
    points: list[str] = field(default_factory=list)
    places: list[int] | None = field(default_factory=list)
    scales: list[float] = field(default_factory=list)
    offsets: list[float] = field(default_factory=list)
    names: list[object] = field(default_factory=list)
    sent: dict[str, SentPoint] = field(default_factory=dict)
    scaled: bool = False

    def of(self, values: list[float]) -> list[float]:
        """Its own among the values of the line, scaled, in the order of its points."""
        if self.places is not None:
            values = [values[place] for place in self.places]
        if self.scaled:
            rows = zip(values, self.scales, self.offsets, strict=True)
            values = [value * scale + offset for value, scale, offset in rows]
        return values

    def without(self, points: list[str]) -> Part:
        """The same for this message, but for some points."""
        kept = [index for index, point in enumerate(self.points) if point not in points]
        places = [index if self.places is None else self.places[index] for index in kept]
        part = Part(self.site, self.node, places=places, scaled=self.scaled)
        part.points = [self.points[index] for index in kept]
        part.scales = [self.scales[index] for index in kept]
        part.offsets = [self.offsets[index] for index in kept]
        return part

    def add(self, place: int, name: object, routed: Routed) -> None:
        """One more field of the line."""
        sent = routed.sent
        self.points.append(routed.point)
        self.names.append(name)
        self.sent[routed.point] = SentPoint(routed.point, sent.unit, sent.quantity, sent.period_s)
        self.scales.append(sent.scale)
        self.offsets.append(sent.offset)
        self.scaled = self.scaled or (sent.scale, sent.offset) != (1.0, 0.0)
        if self.places is not None:
            self.places.append(place)


@dataclass(slots=True)
class Line:
    """What is known of a line.

    names : or what is wrong with them.
    refused : of each such line the same.
    bad : where fields whose value is no reading would go.
    told : version of the registry to which its points were announced.
    last_ns : source time of the newest such line.
    """

    names: Names | str
    parts: list[Part] = field(default_factory=list)
    refused: list[Rejected] = field(default_factory=list)
    bad: dict[str, Routed | Rejected | None] = field(default_factory=dict)
    told: int = -1
    last_ns: int | None = None


@dataclass(slots=True, eq=False)
class _Claim:
    """Who fills a point: nearly always one name for ever."""

    name: object
    line: Line
    contested: bool = False
    last_name: object = None
    last_ns: int | None = None


class KnownLines:
    """All lines that came, by topic, names and fields."""

    def __init__(
        self,
        form: Format,
        mapping: Mapping,
        max_bytes: int = MAX_BYTES,
        max_rows: int = MAX_ROWS,
    ) -> None:
        self._format = form
        self._mapping = mapping
        self._max_bytes = max_bytes
        self._max_rows = max_rows
        self._lines: dict[tuple[str, str, tuple[str, ...]], Line] = {}
        self._bytes = 0
        self._claims: dict[tuple[str, str], _Claim] = {}
        self._any_contested = False
        self._parts = 0
        self._rows: dict[tuple[int, ...], tuple[str, ...] | None] = {}
        self._in_rows = 0

    def line(self, topic: str, sample: Sample) -> Line:
        """What is known of a sample's line; worked out when it is new."""
        key = (topic, sample.series, sample.fields)
        line = self._lines.get(key)
        if line is None:
            names = sum(map(len, sample.fields)) + _FIELD_BYTES * len(sample.fields)
            self._make_room(_LINE_BYTES + len(topic) + len(sample.series) + names)
            line = self._lines[key] = self._learn(topic, sample)
        return line

    def bad_field(self, topic: str, line: Line, name: str) -> Routed | Rejected | None:
        """Where a field whose value is no reading would have gone; None when it is ignored."""
        if name not in line.bad and isinstance(line.names, Names):
            self._make_room(_FIELD_BYTES + len(name))
            line.bad[name] = self._mapping.route(Foreign(topic, line.names, name))
        return line.bad.get(name)

    def row(self, parts: list[Part]) -> tuple[str, ...] | None:
        """The points of several parts, one after the other; None when one is there twice."""
        key = tuple(part.number for part in parts)
        if key in self._rows:
            return self._rows[key]
        points = tuple(point for part in parts for point in part.points)
        row = points if len(set(points)) == len(points) else None
        if 0 not in key:
            size = len(key) + len(points)
            if self._in_rows + size > self._max_rows:
                self._rows.clear()
                self._in_rows = 0
            self._rows[key] = row
            self._in_rows += size
        return row

    def twice(self, part: Part, ts_ns: int | None) -> list[str]:
        """Which points another name has filled at this time."""
        if not self._any_contested:
            return []
        taken = []
        for point, name in zip(part.points, part.names, strict=True):
            claim = self._claims.get((part.site, point))
            if claim is None or not claim.contested:
                continue
            if ts_ns is not None and claim.last_ns == ts_ns and claim.last_name != name:
                taken.append(point)
            else:
                claim.last_name, claim.last_ns = name, ts_ns
        return taken

    def _make_room(self, size: int) -> None:
        if self._bytes + size > self._max_bytes:
            self._lines.clear()
            self._claims.clear()
            self._rows.clear()
            self._bytes = self._in_rows = 0
        self._bytes += size

    def _learn(self, topic: str, sample: Sample) -> Line:
        line = Line(self._format.names(sample.series))
        if isinstance(line.names, str):
            return line
        parts: dict[tuple[str, str], Part] = {}
        for place, name in enumerate(sample.fields):
            routed = self._mapping.route(Foreign(topic, line.names, name))
            if isinstance(routed, Routed):
                key = (routed.site, routed.node)
                part = parts.get(key) or parts.setdefault(key, self._part(*key))
                if routed.point in part.sent:  # two fields of this very line
                    line.refused.append(reject(Reason.POINT_TWICE, routed.point, name))
                    continue
                called = (topic, sample.series, name)
                part.add(place, called, routed)
                self._claim((routed.site, routed.point), called, line)
            elif routed is not None:
                line.refused.append(routed)
        for part in parts.values():
            if part.places == list(range(len(sample.fields))):
                part.places = None
        line.parts = list(parts.values())
        return line

    def _part(self, site: str, node: str) -> Part:
        self._parts += 1
        return Part(site, node, self._parts)

    def _claim(self, point: tuple[str, str], name: object, line: Line) -> None:
        claim = self._claims.get(point)
        if claim is None:
            self._claims[point] = _Claim(name, line)
        elif claim.name == name:
            claim.line = line
        elif not claim.contested:
            claim.contested = self._any_contested = True
            claim.last_name, claim.last_ns = claim.name, claim.line.last_ns
