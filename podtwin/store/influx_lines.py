"""Frames as InfluxDB line protocol: an asset a line, its points as fields, and one `frame` line.

    rack,site=ams-03,asset=rack-01,source=measured it_power=8123.0,inlet_temp=22.4 1795478400…
    frame,site=ams-03,node=gw-1 seq=1234i,recv_delay_ms=4i 1795478400…

The measurement is the asset's class. Values are always floats: InfluxDB fixes a field's type by
the first value it sees, and an integer there would refuse every fraction after it. `<point>__sd`
stands beside a value that has one, `<point>__flags` only where a flag is set.

A node sends the same points again and again, so all but the numbers is made once, as a template
(a sender's schema), and found by the bytes in which the Frame names its points: these are not
even decoded. Numbers are printed by msgspec's JSON encoder in one call, at a third of the cost of
`repr`. [m] 8 µs for 50 values of ten assets, where one line a value takes 60.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from operator import itemgetter
from typing import Final, NamedTuple

import msgspec

from podcore.frame import CONFIG, READING, Frame, Kind, ReadingBody, Source
from podcore.site import Site

OTHER: Final = "other"  # the class of what a birth named, and of the twin's own states
SD: Final = "__sd"
FLAGS: Final = "__flags"
VALUE: Final = "__value"  # after a point that is itself called `…__sd`, `…__flags` or `…__value`
FRAME: Final = "frame"  # the measurement of the line that each Frame has
# Schemas kept: 2,000 nodes with ten sets of points each, about 3 kB a schema.
MAX_TEMPLATES: Final = 20_000

_NS_PER_MS = 1_000_000
_LITTLE = str.maketrans({",": r"\,", " ": r"\ ", "=": r"\="})
# What line protocol has no word for: an end of line, and a backslash, which escapes what follows.
_UNSAYABLE = str.maketrans(dict.fromkeys(map(chr, [*range(32), 127]), "_") | {"\\": "_"})

_numbers = msgspec.json.Encoder().encode


class _RawBody(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """`ReadingBody` with the points left as they are, for the look-up."""

    points: msgspec.Raw
    values: list[float]
    sd: list[float | None] | None = None
    flags: msgspec.Raw = msgspec.Raw()


_raw_body = msgspec.msgpack.Decoder(_RawBody)
_NIL = msgspec.msgpack.encode(None)


class Encoded(NamedTuple):
    """A Frame's lines, each with its end.

    unsayable : points whose value is no finite number, which are not in it.
    """

    text: bytes
    lines: int
    unsayable: tuple[str, ...] = ()


NOTHING: Final = Encoded(b"", 0)


@dataclass(frozen=True, slots=True)
class _Template:
    """All of a Frame's lines but the numbers, which come at every second piece.

    numbers : chooses them from values, then sds, then the time.
    """

    pieces: list[bytes]
    numbers: Callable[[Sequence[bytes]], tuple[bytes, ...]]
    head: bytes
    lines: int


class LineEncoder:
    """Frames of any log as lines; belongs to one thread.

    Parameters
    ----------
    sites : the sites that the log knows; asked again when a Frame names another.
    """

    def __init__(self, sites: Callable[[], Iterable[Site]]) -> None:
        self._sites = sites
        self._classes: dict[str, Mapping[str, str]] = {}
        self._templates: dict[tuple[str, str, int, int, bool, bytes], _Template] = {}

    def encode(self, frame: Frame) -> Encoded:
        """The lines of a reading Frame; of any other none, though a config Frame is learned."""
        if frame.kind is Kind.CONFIG:
            self._learn(CONFIG.decode(frame.body).site)
        if frame.kind is not Kind.READING:
            return NOTHING
        body = _raw_body.decode(frame.body)
        sd = body.sd
        numbers = _numbers(body.values if sd is None else [*body.values, *sd])
        if (body.flags and bytes(body.flags) != _NIL) or b"null" in numbers:
            return self._encode_each(frame, READING.decode(frame.body))
        key = (
            frame.site,
            frame.node,
            int(frame.source),
            frame.flags,
            sd is not None,
            bytes(body.points),
        )
        template = self._templates.get(key) or self._make(key, frame)
        words = numbers[1:-1].split(b",")
        time = b"%d\n" % frame.ts_ns
        words.append(time)
        pieces = template.pieces
        pieces[1::2] = template.numbers(words)
        frame_line = b"%s%s %s" % (template.head, _frame_fields(frame), time)
        return Encoded(b"".join(pieces) + frame_line, template.lines)

    def _make(self, key: tuple[str, str, int, int, bool, bytes], frame: Frame) -> _Template:
        points = READING.decode(frame.body).points
        if not points:
            return _Template([b""], _no_numbers, _frame_head(frame), 1)
        flags = [frame.flags] * len(points)
        sd_from = len(points) if key[4] else None
        time = len(points) * (2 if key[4] else 1)
        pieces: list[bytes] = [b""]
        order: list[int] = []
        assets = _by_asset(points)
        source = Source(frame.source).word
        for asset, columns in assets.items():
            pieces[-1] += self.head(frame.site, asset, source)
            for column in columns:
                name = _name(points[column])
                _field(pieces, order, value_field(name), column)
                if sd_from is not None:
                    _field(pieces, order, name + SD, sd_from + column)
                if flags[column]:
                    pieces[-1] += f"{escape(name + FLAGS)}={flags[column]},".encode()
            pieces[-1] = pieces[-1][:-1] + b" "  # in place of the last comma
            order.append(time)
            pieces.append(b"")
        template = _Template(
            _with_gaps(pieces), itemgetter(*order), _frame_head(frame), len(assets) + 1
        )
        if len(self._templates) >= MAX_TEMPLATES:
            self._templates.clear()
        self._templates[key] = template
        return template

    def _encode_each(self, frame: Frame, body: ReadingBody) -> Encoded:
        """Value by value, for what a template cannot hold: flags of a value, values left out."""
        flags: Iterable[int] = body.flags or repeat(0, len(body.points))
        sd: Sequence[float | None] = body.sd or [None] * len(body.points)
        fields: dict[str, list[str]] = {}
        unsayable: list[str] = []
        for point, value, spread, flag in zip(body.points, body.values, sd, flags, strict=True):
            word = _number(value)
            if word is None:
                unsayable.append(point)
                continue
            asset, _, name = point.partition("/")
            own = fields.setdefault(asset, [])
            own.append(f"{escape(value_field(name))}={word}")
            if (spread_word := _number(spread)) is not None:
                own.append(f"{escape(name + SD)}={spread_word}")
            if flag | frame.flags:
                own.append(f"{escape(name + FLAGS)}={flag | frame.flags}")
        time = b" %d\n" % frame.ts_ns
        source = Source(frame.source).word
        lines = [
            self.head(frame.site, asset, source) + ",".join(own).encode()
            for asset, own in fields.items()
        ]
        lines.append(_frame_head(frame) + _frame_fields(frame))
        return Encoded(time.join(lines) + time, len(lines), tuple(unsayable))

    def head(self, site: str, asset: str, source: str) -> bytes:
        """Measurement and tags of an asset, with the blank behind them. source : its word."""
        classes = self._classes.get(site)
        if classes is None:
            for known in self._sites():
                self._learn(known)
            classes = self._classes.setdefault(site, {})
        return (
            f"{escape(classes.get(asset, OTHER))},site={escape(site)}"
            f",asset={escape(asset)},source={source} "
        ).encode()

    def _learn(self, site: Site) -> None:
        classes = {point.asset: point.asset_class for point in site.points}
        classes |= {asset.id: asset.asset_class for asset in site.assets}
        known = self._classes.get(site.id)
        if known == classes:
            return
        self._classes[site.id] = classes
        if known is not None:
            self._templates = {k: t for k, t in self._templates.items() if k[0] != site.id}


def value_field(point: str) -> str:
    """The field that holds a point's value: its name, unless that would read as another's."""
    return point + VALUE if point.endswith((SD, FLAGS, VALUE)) else point


def escape(name: str) -> str:
    """A name as it stands in a line."""
    return name.translate(_UNSAYABLE).translate(_LITTLE) or "_"


def _frame_head(frame: Frame) -> bytes:
    node = f",node={escape(frame.node)}" if frame.node else ""
    return f"{FRAME},site={escape(frame.site)}{node} ".encode()


def _frame_fields(frame: Frame) -> bytes:
    delay_ms = (frame.recv_ns - frame.ts_ns) // _NS_PER_MS
    if frame.seq is None:
        return b"recv_delay_ms=%di" % delay_ms
    return b"seq=%di,recv_delay_ms=%di" % (frame.seq, delay_ms)


def _by_asset(points: Sequence[str]) -> dict[str, list[int]]:
    columns: dict[str, list[int]] = {}
    for column, point in enumerate(points):
        columns.setdefault(point.partition("/")[0], []).append(column)
    return columns


def _name(point: str) -> str:
    return point.partition("/")[2]


def _field(pieces: list[bytes], order: list[int], name: str, column: int) -> None:
    pieces[-1] += f"{escape(name)}=".encode()
    pieces.append(b",")
    order.append(column)


def _with_gaps(texts: Sequence[bytes]) -> list[bytes]:
    pieces = [b""] * (2 * len(texts) - 1)
    pieces[::2] = texts
    return pieces


def _number(value: float | None) -> str | None:
    """The number as a line has it; None for what is none (msgspec writes null for nan and inf)."""
    word = _numbers(value).decode()
    return None if word == "null" else word


def _no_numbers(_words: Sequence[bytes]) -> tuple[bytes, ...]:
    return ()
