"""Bins of a range out of downsampled buckets, and out of rows where these are not whole.

An hour is whole in them when nothing of it is marked and nothing waits in the logs. What waits is
looked at first, then the marks, then the database: a mark is set with the cursor, and goes after
its buckets were written, so what one look misses the next one finds.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from podcore.ports import SeriesQuery
from podtwin.store import flux
from podtwin.store.bins import CHUNK_BUCKETS, POINTS_OF_A_SITE, bins_of, told
from podtwin.store.flux import Rows
from podtwin.store.influx_reader import FluxReader
from podtwin.store.influx_rollups import BESIDE, buckets_of, fields_of
from podtwin.store.rollup import HOUR, Fold, Rollup, rollup_for

# Rows of an answer held at once, as many as buckets elsewhere: each bucket is six rows or more.
_FIELDS: Final = 1 + len(BESIDE)
ReadRows = Callable[[SeriesQuery], Iterator[pl.DataFrame]]


@dataclass(frozen=True, slots=True)
class _Span:
    """A part of a range. rolled : whether it is whole in the downsampled bucket."""

    from_ns: int
    to_ns: int
    rolled: bool


class RolledBins:
    """Reads bins of the sites that are downsampled.

    Parameters
    ----------
    reader : of the raw bucket. buckets : by the name of the rollup.
    marked : the hours of a site that are not made yet; None of a site that is not downsampled.
    """

    def __init__(
        self,
        reader: FluxReader,
        buckets: Mapping[str, str],
        marked: Callable[[str], Collection[int] | None],
    ) -> None:
        self._reader = reader
        self._buckets = buckets
        self._marked = marked

    def read(
        self, query: SeriesQuery, step_ns: int, rows: ReadRows, waiting: Collection[int]
    ) -> Iterator[pl.DataFrame]:
        """Tables of `bins.BINS`.

        Parameters
        ----------
        rows : a range as pieces ascending in time.
        waiting : hours of which something waits in the logs.
        """
        rollup, marked = rollup_for(step_ns), self._marked(query.site)
        if rollup is None or marked is None or query.from_ns >= query.to_ns:
            yield from bins_of(query.site, rows(query), step_ns)
            return
        fold = Fold(step_ns)
        for span in self._plan(query, rollup, {*marked, *waiting}):
            part = replace(query, from_ns=span.from_ns, to_ns=span.to_ns)
            if span.rolled:
                buckets = self._read(part, rollup)
                yield from told(query.site, [fold.add_buckets(buckets, rollup.width_ns)])
            else:
                yield from told(query.site, map(fold.add, rows(part)))
        yield from told(query.site, [fold.finish()])

    def _plan(self, query: SeriesQuery, rollup: Rollup, unmade: Collection[int]) -> list[_Span]:
        """The range in parts, ascending."""
        width_ns = rollup.width_ns
        low, high = -(-query.from_ns // width_ns) * width_ns, query.to_ns // width_ns * width_ns
        if low >= high:
            return [_Span(query.from_ns, query.to_ns, rolled=False)]
        spans = [_Span(query.from_ns, low, rolled=False)]
        at = low
        for hour in sorted(unmade):
            start = max(hour * HOUR.width_ns, low)
            end = min((hour + 1) * HOUR.width_ns, high)
            if start < end:
                spans += [_Span(at, start, rolled=True), _Span(start, end, rolled=False)]
                at = end
        spans += [_Span(at, high, rolled=True), _Span(high, query.to_ns, rolled=False)]
        return list(self._cut(query, rollup, spans))

    def _cut(self, query: SeriesQuery, rollup: Rollup, spans: list[_Span]) -> Iterator[_Span]:
        """Without those that hold nothing, the rolled ones in parts of bounded size."""
        times = self._reader.times(flux.bounds(self._rows(query, rollup)))
        first, end = (min(times), max(times) + rollup.width_ns) if times else (0, 0)
        series = (len(query.points) or POINTS_OF_A_SITE) * len(query.sources)
        step = max(1, CHUNK_BUCKETS // (_FIELDS * series)) * rollup.width_ns
        for span in spans:
            if not span.rolled:
                if span.from_ns < span.to_ns:
                    yield span
                continue
            low, high = max(span.from_ns, first), min(span.to_ns, end)
            yield from (
                _Span(at, min(at + step, high), rolled=True) for at in range(low, high, step)
            )

    def _read(self, query: SeriesQuery, rollup: Rollup) -> pl.DataFrame:
        found = buckets_of(self._reader.rows(flux.values(self._rows(query, rollup))))
        if not query.points:
            return found
        local = pl.concat_str("asset", "point", separator="/")
        return found.filter(local.is_in(list(query.points)))

    def _rows(self, query: SeriesQuery, rollup: Rollup) -> Rows:
        return Rows(
            self._buckets[rollup.name],
            query.site,
            query.points,
            query.sources,
            query.from_ns,
            query.to_ns,
            fields_of,
        )
