"""Flux, the query language of InfluxDB 2: what is asked, as text. Pure.

Names come from people and devices, so every one goes through `quote`; all but letters, digits
and a few signs become bytes in hexadecimal, which leaves no way to end a string or to reach the
interpolation `${…}`.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from podcore.frame import Source
from podtwin.store.influx_lines import FLAGS, SD

# One of the database's own bounds on time is 2**63 - 2; nothing of ours comes near the others.
LAST_NS: Final = 2**63 - 2
# Names asked for one by one. More of them and an asset is asked for whole: 2,000 names of an
# export would be a text of 200 kB, which the database needs seconds to understand.
MAX_NAMED: Final = 200

FEW: Final = 8  # tests in a row

_PLAIN: Final = frozenset(string.ascii_letters + string.digits + " -_./:")
_COLUMNS: Final = '["_time", "_value", "_field", "asset", "source"]'


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one site in a bucket.

    points : local ids `asset/point`; empty means all.
    from_ns, to_ns : half open, [from, to).
    """

    bucket: str
    site: str
    points: tuple[str, ...] = ()
    sources: tuple[Source, ...] = tuple(Source)
    from_ns: int = 0
    to_ns: int = LAST_NS

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
    keep = 'keep(columns: ["_time"])'
    return (
        f"chosen = {_chosen(rows)}\n"
        f"union(tables: [chosen |> first() |> {keep}, chosen |> last() |> {keep}])"
    )


def count(rows: Rows) -> str:
    """How many values, deviations and flags there are: one row of `_value`, or none."""
    return f'{_chosen(rows)} |> count() |> keep(columns: ["_value"]) |> sum()'


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
    if rows.points:
        tests.append(_of_points(rows.points))
    return (
        f"from(bucket: {quote(rows.bucket)})"
        f" |> range(start: {_time(rows.from_ns)}, stop: {_time(rows.to_ns)})"
        f" |> filter(fn: (r) => {' and '.join(tests)})"
    )


def _of_points(points: Sequence[str]) -> str:
    """Assets with the same points are asked for together: a class has one list of points."""
    names: dict[str, list[str]] = {}
    for local in points:
        asset, _, point = local.partition("/")
        names.setdefault(asset, []).append(point)
    groups: dict[tuple[str, ...], list[str]] = {}
    for asset, of in names.items():
        groups.setdefault(tuple(of), []).append(asset)
    if sum(len(of) + len(assets) for of, assets in groups.items()) > MAX_NAMED:
        return _one_of("asset", names)
    return _any(
        [
            f"({_one_of('asset', assets)} and {_one_of('_field', _fields(of))})"
            for of, assets in groups.items()
        ]
    )


def _fields(points: Iterable[str]) -> list[str]:
    return [point + ending for point in points for ending in ("", SD, FLAGS)]


def _one_of(column: str, words: Iterable[str]) -> str:
    return _any([f"r.{column} == {quote(word)}" for word in words])


def _any(tests: Sequence[str]) -> str:
    """One of the tests, in halves of halves: a long row of `or` is nested too deep for Flux."""
    if len(tests) <= FEW:
        return f"({' or '.join(tests)})"
    middle = len(tests) // 2
    return f"({_any(tests[:middle])} or {_any(tests[middle:])})"
