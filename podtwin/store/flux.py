"""Flux, the query language of InfluxDB 2: what is asked, as text. Pure.

Names come from people and devices, so every one goes through `quote`; all but letters, digits
and a few signs become bytes in hexadecimal, which leaves no way to end a string or to reach the
interpolation `${…}`.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from podcore.frame import Source
from podtwin.store.influx_lines import FLAGS, SD, value_field

# One of the database's own bounds on time is 2**63 - 2; nothing of ours comes near the others.
LAST_NS: Final = 2**63 - 2
# Names in a question. With more of them the points are asked for of every asset, or the site as a
# whole: 2,000 names would be a text of 200 kB, which the database needs 3 s to understand.
MAX_NAMED: Final = 200
_FIELDS: Final = 3  # of a point in a raw bucket, with which that was measured

FEW: Final = 8  # tests in a row

_ENDS: Final = ("first", "last")
_PLAIN: Final = frozenset(string.ascii_letters + string.digits + " -_./:")
_COLUMNS: Final = '["_time", "_value", "_field", "asset", "source"]'


def fields_of(point: str) -> list[str]:
    """The fields of a point in a raw bucket."""
    return [value_field(point), point + SD, point + FLAGS]


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one site in a bucket.

    points : local ids `asset/point`; empty means all.
    from_ns, to_ns : half open, [from, to).
    fields : those of a point.
    """

    bucket: str
    site: str
    points: tuple[str, ...] = ()
    sources: tuple[Source, ...] = tuple(Source)
    from_ns: int = 0
    to_ns: int = LAST_NS
    fields: Callable[[str], list[str]] = fields_of

    def within(self, from_ns: int, to_ns: int) -> Rows:
        """The same rows of another range."""
        return replace(self, from_ns=from_ns, to_ns=to_ns)


def quote(text: str) -> str:
    """The text as a string of Flux, whatever stands in it."""
    return '"' + "".join(char if char in _PLAIN else _bytes(char) for char in text) + '"'


def values(rows: Rows) -> str:
    """All values, deviations and flags of a range."""
    return f"{_chosen(rows)} |> keep(columns: {_COLUMNS})"


def last(rows: Rows) -> str:
    """The newest of each value, deviation and flag."""
    return f"{_chosen(rows)} |> last() |> keep(columns: {_COLUMNS})"


def bounds(rows: Rows) -> str:
    """The first and last time of each series, many rows of `_time`."""
    # What two parts of a question share is read whole: 1.7 s for a month of 32 points. Asked for
    # twice, each goes to the ends of its series: 0.1 s.
    first, last = (f'{_chosen(rows)} |> {end}() |> keep(columns: ["_time"])' for end in _ENDS)
    return f"union(tables: [{first}, {last}])"


def count(rows: Rows) -> str:
    """How many values, deviations and flags there are: one row of `_value`, or none."""
    return f'{_chosen(rows)} |> count() |> keep(columns: ["_value"]) |> sum()'


def hours(rows: Rows) -> str:
    """The hours that hold anything, rows of `_time`, each its beginning."""
    return (
        f"{_chosen(rows)} |> aggregateWindow(every: 1h, fn: count, createEmpty: false,"
        ' timeSrc: "_start") |> keep(columns: ["_time"]) |> unique(column: "_time")'
    )


def sites(bucket: str) -> str:
    """The sites of a bucket, rows of `_value`."""
    # Without a start only the last 30 days are looked through.
    return (
        'import "influxdata/influxdb/schema"\n'
        f'schema.tagValues(bucket: {quote(bucket)}, tag: "site", start: {_time(0)})'
    )


def _bytes(char: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8", "surrogatepass"))


def _time(ns: int) -> str:
    return f"time(v: {max(0, min(ns, LAST_NS))})"


def _chosen(rows: Rows) -> str:
    tests = [
        f"r.site == {quote(rows.site)}",
        _one_of("source", [source.word for source in rows.sources]),
        'r.asset != ""',  # the lines `frame` have none
    ]
    tests += _of_points(rows.points, rows.fields) if rows.points else []
    return (
        f"from(bucket: {quote(rows.bucket)})"
        f" |> range(start: {_time(rows.from_ns)}, stop: {_time(rows.to_ns)})"
        f" |> filter(fn: (r) => {' and '.join(tests)})"
    )


def _of_points(points: Sequence[str], fields: Callable[[str], list[str]]) -> list[str]:
    """The test for points, a list of one or none; what it lets through may be more of the site.

    Assets with the same points are asked for together: a class has one list of points.
    """
    names: dict[str, list[str]] = {}
    for local in points:
        asset, _, point = local.partition("/")
        names.setdefault(asset, []).append(point)
    groups: dict[tuple[str, ...], list[str]] = {}
    for asset, of in names.items():
        groups.setdefault(tuple(of), []).append(asset)
    most = MAX_NAMED * _FIELDS // len(fields(""))
    if sum(len(of) + len(assets) for of, assets in groups.items()) <= most:
        tests = [
            f"({_one_of('asset', assets)} and {_of_fields(of, fields)})"
            for of, assets in groups.items()
        ]
        return [_any(tests)]
    distinct = list(dict.fromkeys(point for of in groups for point in of))
    return [_of_fields(distinct, fields)] if len(distinct) <= most else []


def _of_fields(points: Iterable[str], fields: Callable[[str], list[str]]) -> str:
    return _one_of("_field", [field for point in points for field in fields(point)])


def _one_of(column: str, words: Iterable[str]) -> str:
    return _any([f"r.{column} == {quote(word)}" for word in words])


def _any(tests: Sequence[str]) -> str:
    """One of the tests, in halves of halves: a long row of `or` is nested too deep for Flux."""
    if len(tests) <= FEW:
        return f"({' or '.join(tests)})"
    middle = len(tests) // 2
    return f"({_any(tests[:middle])} or {_any(tests[middle:])})"
