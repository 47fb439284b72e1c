"""The history in InfluxDB 2: what the database holds and what waits in the logs, as one answer.

The logs are looked at first, beyond what had been forwarded by then; what is forwarded in between
is found in the database, so nothing is missed. What is found in both is settled in favour of the
log, since whatever waits there came later than what was sent before.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Final

import polars as pl

from podcore.frame import Frame, Kind, Source
from podcore.ports import Latest, LogTail, Series, SeriesQuery
from podtwin.store import flux
from podtwin.store.bins import bins_of
from podtwin.store.flux import Rows
from podtwin.store.history import LONG_SCHEMA, latest_of, series_of
from podtwin.store.influx_bins import RolledBins
from podtwin.store.influx_reader import READ_S, FluxReader, long_rows
from podtwin.store.rollup import HOUR
from podtwin.store.rows import ANSWERED, ORDER, SERIES, RowBuilder, settle
from podtwin.store.view import logs_of

# As for the embedded history; the text of an answer adds 65 bytes a row to that.
PIECE_ROWS: Final = 250_000
# Into more parts than this a range is not cut at once: each costs a question of 5 ms.
MAX_PARTS: Final = 64
# `latest`, `extent` and `sites` take 0.1 s over a month of 38 points; a page waits for them.
SHORT_S: Final = 5.0

# A value is 9 bytes of a body, and its name some more.
VALUE_BYTES: Final = 9
# Frames of which the newest values are taken at a time: 250,000 values of 50 a Frame.
FRAMES_AT_ONCE: Final = 5_000

_END: Final = 2**63 - 1


class InfluxHistory:
    """History over a bucket and the ends of both logs.

    Every question raises `Unreachable` while the database is away, and `Refused` when it says no.

    Parameters
    ----------
    reader : asks the bucket.
    log, derived : the logs, for what is not forwarded yet.
    forwarded : offsets (log, derived) up to which the bucket holds everything.
    short_s : how long `latest`, `extent` and `sites` wait for an answer.
    rolled : the downsampled buckets, where there are any.
    """

    def __init__(
        self,
        reader: FluxReader,
        log: LogTail,
        derived: LogTail,
        forwarded: Callable[[], tuple[int, int]],
        *,
        short_s: float = SHORT_S,
        rolled: RolledBins | None = None,
    ) -> None:
        self._reader = reader
        self._short_s = short_s
        self._rolled = rolled
        self._tails = {"log": log, "derived": derived}
        self._forwarded = forwarded

    def series(self, query: SeriesQuery) -> list[Series]:
        """The ranges, one entry a point and source that has values in it, by point and source."""
        parts = self.frame(query).partition_by(SERIES, maintain_order=True)
        return [series_of(query.site, part) for part in parts]

    def frame(self, query: SeriesQuery) -> pl.DataFrame:
        """The ranges as one table of `LONG_SCHEMA`, by asset, point, source and time."""
        pieces = [pl.DataFrame(schema=LONG_SCHEMA), *self.frames(query)]
        return pl.concat(pieces).sort(ORDER)

    def frames(self, query: SeriesQuery) -> Iterator[pl.DataFrame]:
        """The ranges in ascending pieces of time, each of about `PIECE_ROWS` rows, none empty."""
        if query.from_ns >= query.to_ns or not query.sources:
            return
        tail, rows = self._tail(query), self._rows(query)
        for span in self._pieces(rows, tail):
            found = long_rows(self._reader.rows(flux.values(rows.within(*span))))
            waiting = _waiting(tail.between(*span), query.points)
            piece = settle(pl.concat([_chosen(found, query.points), waiting]))
            if not piece.is_empty():
                yield piece.with_columns(pl.lit(query.site).alias("site")).select(*LONG_SCHEMA)

    def bins(self, query: SeriesQuery, step_ns: int) -> Iterator[pl.DataFrame]:
        """The ranges as bins of a step, in tables of `bins.BINS`: each bin of a series once."""
        if self._rolled is None:
            return bins_of(query.site, self.frames(query), step_ns)
        waiting = {frame.ts_ns // HOUR.width_ns for frame in self._tail(query).frames}
        return self._rolled.read(query, step_ns, self.frames, waiting)

    def latest(self, site: str) -> list[Latest]:
        """The newest value of every point and source, however old."""
        query = _all_of(site)
        tail = self._tail(query)
        rows = self._rows(query)
        found = long_rows(self._reader.rows(flux.last(rows), self._short_s))
        whole = _newest(found, tail.frames).with_columns(
            pl.col("ts").cast(pl.Int64)
        )  # a datetime would lose its ns
        return [latest_of(row) for row in whole.iter_rows(named=True)]

    def extent(self, site: str) -> tuple[int, int] | None:
        """The oldest and newest time held of a site, or None."""
        query = _all_of(site)
        return self._extent(self._rows(query), self._tail(query), self._short_s)

    def sites(self) -> list[str]:
        """The sites of which anything is held, sorted."""
        waiting = {site for tail in self._tails.values() for site in tail.sites()}
        known = self._reader.words(flux.sites(self._reader.address.bucket), self._short_s)
        return sorted(waiting.union(known))

    def _rows(self, query: SeriesQuery) -> Rows:
        return Rows(
            self._reader.address.bucket,
            query.site,
            query.points,
            query.sources,
            query.from_ns,
            query.to_ns,
        )

    def _tail(self, query: SeriesQuery) -> _Tail:
        """What of a range is beyond the offsets that were forwarded when this was asked."""
        after = dict(zip(("log", "derived"), self._forwarded(), strict=True))
        frames = [
            frame
            for name in logs_of(query.sources)
            for frame in self._tails[name].between(
                query.site, query.from_ns, query.to_ns, after[name]
            )
            if frame.kind is Kind.READING and frame.source in query.sources
        ]
        return _Tail(frames)

    def _extent(self, rows: Rows, tail: _Tail, silence_s: float) -> tuple[int, int] | None:
        times = [*self._reader.times(flux.bounds(rows), silence_s), *tail.ends()]
        return (min(times), max(times)) if times else None

    def _pieces(self, rows: Rows, tail: _Tail) -> Iterator[tuple[int, int]]:
        """The range cut so that no part holds many rows; what holds none at its ends is left out.

        Parts that are still too full are cut again: data may be dense in one hour of a year.
        """
        extent = self._extent(rows, tail, READ_S)
        if extent is None:
            return
        yield from self._cut(rows, tail, (extent[0], extent[1] + 1))

    def _cut(self, rows: Rows, tail: _Tail, span: tuple[int, int]) -> Iterator[tuple[int, int]]:
        low, high = span
        stored = self._reader.words(flux.count(rows.within(low, high)))
        count = (int(stored[0]) if stored else 0) + tail.at_most(low, high)
        if not count:
            return
        parts = min(count // PIECE_ROWS + 1, MAX_PARTS)
        step = -(-(high - low) // parts)
        if parts == 1 or step == 1:
            yield span
            return
        for start in range(low, high, step):
            yield from self._cut(rows, tail, (start, min(start + step, high)))


class _Tail:
    """Reading Frames that wait in the logs, by time and then by offset."""

    def __init__(self, frames: list[Frame]) -> None:
        # Stable: of one instant the later offset stays behind.
        self.frames = sorted(frames, key=_ts_ns)
        self._sums = [0, *accumulate(len(frame.body) // VALUE_BYTES for frame in self.frames)]

    def ends(self) -> list[int]:
        return [self.frames[0].ts_ns, self.frames[-1].ts_ns] if self.frames else []

    def between(self, from_ns: int, to_ns: int) -> list[Frame]:
        low, high = self._places(from_ns, to_ns)
        return self.frames[low:high]

    def at_most(self, from_ns: int, to_ns: int) -> int:
        """A number of values that those of a range do not exceed."""
        low, high = self._places(from_ns, to_ns)
        return self._sums[high] - self._sums[low]

    def _places(self, from_ns: int, to_ns: int) -> tuple[int, int]:
        low = bisect.bisect_left(self.frames, from_ns, key=_ts_ns)
        return low, bisect.bisect_left(self.frames, to_ns, low, key=_ts_ns)


def _all_of(site: str) -> SeriesQuery:
    return SeriesQuery(site, (), 0, _END, tuple(Source))


def _ts_ns(frame: Frame) -> int:
    return frame.ts_ns


def _chosen(rows: pl.DataFrame, points: Sequence[str]) -> pl.DataFrame:
    """The points that were asked for: of many, more of the site was read."""
    if not points:
        return rows
    names = [local.partition("/") for local in points]
    wanted = pl.DataFrame(
        {"asset": [name[0] for name in names], "point": [name[2] for name in names]},
        schema={"asset": pl.String, "point": pl.String},
    )
    return rows.join(wanted, on=("asset", "point"), how="semi")


def _waiting(frames: Sequence[Frame], points: Sequence[str] = ()) -> pl.DataFrame:
    builder = RowBuilder(frozenset(points) or None)
    for frame in frames:
        builder.add(frame)
    return builder.build().select(ANSWERED)


def _newest(rows: pl.DataFrame, frames: Sequence[Frame]) -> pl.DataFrame:
    """The last row of each point and source, of rows and of Frames that came later."""
    for start in range(0, max(len(frames), 1), FRAMES_AT_ONCE):
        waiting = _waiting(frames[start : start + FRAMES_AT_ONCE])
        rows = settle(pl.concat([rows, waiting]))
        rows = rows.unique(subset=SERIES, keep="last", maintain_order=True)
    return rows
