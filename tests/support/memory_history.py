"""History in a dictionary: the rules of the contract in their plainest form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import reduce
from itertools import groupby
from operator import or_

import polars as pl

from podcore.frame import READING, Frame, Kind, Source
from podcore.ports import Latest, Series, SeriesQuery
from podtwin.store.bins import BINS
from podtwin.store.rollup import levels

Key = tuple[str, str, Source, int]


@dataclass(frozen=True)
class Row:
    received: tuple[int, int]  # delay in ms, then order of arrival
    value: float
    flags: int
    sd: float | None


@dataclass(frozen=True)
class Bin:
    ts: int
    min: float
    mean: float
    max: float
    last: float
    count: int
    flags: int
    variance: float | None
    sd_count: int
    min_sd: float | None
    max_sd: float | None
    last_sd: float | None


class MemoryHistory:
    """Every Frame that was added, settled as each arrives."""

    def __init__(self, frames: Iterable[Frame] = ()) -> None:
        self._rows: dict[Key, Row] = {}
        self._arrived = 0
        self.add(frames)

    def add(self, frames: Iterable[Frame]) -> None:
        for frame in frames:
            if frame.kind is Kind.READING:
                self._add(frame)

    def series(self, query: SeriesQuery) -> list[Series]:
        kept = [
            key
            for key in sorted(self._rows, key=_order)
            if key[0] == query.site
            and (not query.points or key[1] in query.points)
            and key[2] in query.sources
            and query.from_ns <= key[3] < query.to_ns
        ]
        names = dict.fromkeys((point, source) for _, point, source, _ in kept)
        return [
            self._series(query.site, *name, [k for k in kept if k[1:3] == name]) for name in names
        ]

    def latest(self, site: str) -> list[Latest]:
        newest: dict[tuple[str, Source], Key] = {}
        for key in sorted(self._rows, key=_order):
            if key[0] == site:
                newest[key[1], key[2]] = key
        return [
            Latest(point, source, key[3], row.value, row.flags, row.sd)
            for (point, source), key in newest.items()
            for row in [self._rows[key]]
        ]

    def extent(self, site: str) -> tuple[int, int] | None:
        times = [key[3] for key in self._rows if key[0] == site]
        return (min(times), max(times)) if times else None

    def sites(self) -> list[str]:
        return sorted({key[0] for key in self._rows})

    def bins(self, query: SeriesQuery, step_ns: int) -> Iterator[pl.DataFrame]:
        for series in self.series(query):
            sd = series.sd or [None] * len(series.values)
            rows = zip(series.ts_ns, series.values, series.flags, sd, strict=True)
            bins = [
                Bin(ts, v, v, v, v, 1, f, _squared(d), d is not None, d, d, d)
                for ts, v, f, d in rows
            ]
            for width_ns in levels(step_ns):
                bins = [_joined(start, parts) for start, parts in _by_start(bins, width_ns)]
            asset, point = series.point.split("/")
            names = {
                "site": series.site,
                "asset": asset,
                "point": point,
                "source": series.source.word,
            }
            table = [asdict(each) | names for each in bins]
            yield pl.DataFrame(table, schema={**BINS, "ts": pl.Int64()}).cast({"ts": BINS["ts"]})

    def _add(self, frame: Frame) -> None:
        self._arrived += 1
        received = (frame.recv_ns - frame.ts_ns) // 1_000_000, self._arrived
        for point, value, flags, sd in _values(frame):
            key = (frame.site, point, frame.source, frame.ts_ns)
            known = self._rows.get(key)
            if known is None or known.received < received:
                self._rows[key] = Row(received, value, frame.flags | flags, sd)

    def _series(self, site: str, point: str, source: Source, keys: list[Key]) -> Series:
        rows = [self._rows[key] for key in keys]
        sd = [row.sd for row in rows]
        return Series(
            site,
            point,
            source,
            [key[3] for key in keys],
            [row.value for row in rows],
            [row.flags for row in rows],
            None if all(one is None for one in sd) else sd,
        )


def _by_start(bins: Iterable[Bin], width_ns: int) -> Iterator[tuple[int, list[Bin]]]:
    for start, parts in groupby(bins, key=lambda each: each.ts - each.ts % width_ns):
        yield start, list(parts)


def _joined(start: int, parts: list[Bin]) -> Bin:
    count, sd_count = sum(p.count for p in parts), sum(p.sd_count for p in parts)
    least, most = min(parts, key=lambda p: p.min), max(parts, key=lambda p: p.max)
    total = squares = 0.0  # added one by one: `sum` of floats is exact since Python 3.12
    for part in parts:
        total += part.mean * part.count
        squares += (part.variance or 0.0) * part.sd_count
    return Bin(
        start,
        least.min,
        total / count,
        most.max,
        parts[-1].last,
        count,
        reduce(or_, (p.flags for p in parts)),
        squares / sd_count if sd_count else None,
        sd_count,
        least.min_sd,
        most.max_sd,
        parts[-1].last_sd,
    )


def _squared(sd: float | None) -> float | None:
    return None if sd is None else sd * sd


def _values(frame: Frame) -> Iterator[tuple[str, float, int, float | None]]:
    body = READING.decode(frame.body)
    nothing = [None] * len(body.points)
    good = [0] * len(body.points)
    yield from zip(body.points, body.values, body.flags or good, body.sd or nothing, strict=True)


def _order(key: Key) -> tuple[str, tuple[str, ...], str, int]:
    site, point, source, ts_ns = key
    return site, tuple(point.split("/")), source.word, ts_ns
