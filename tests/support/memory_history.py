"""History in a dictionary: the rules of the contract in their plainest form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from podcore.frame import READING, Frame, Kind, Source
from podcore.ports import Latest, Series, SeriesQuery

Key = tuple[str, str, Source, int]


@dataclass(frozen=True)
class Row:
    received: tuple[int, int]  # delay in ms, then order of arrival
    value: float
    flags: int
    sd: float | None


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


def _values(frame: Frame) -> Iterator[tuple[str, float, int, float | None]]:
    body = READING.decode(frame.body)
    nothing = [None] * len(body.points)
    good = [0] * len(body.points)
    yield from zip(body.points, body.values, body.flags or good, body.sd or nothing, strict=True)


def _order(key: Key) -> tuple[str, tuple[str, ...], str, int]:
    site, point, source, ts_ns = key
    return site, tuple(point.split("/")), source.word, ts_ns
