"""Bins of a range: from rollups where dates have them, from rows otherwise, as one answer.

A rollup stands for a date as long as it was made from all that the date holds: from the one file
of each log in question, with nothing waiting in the logs. The beginning and the end of a range,
where a bucket is only partly asked for, dates without rollups and series that are too thin to be
rolled are read as rows. Either way a bin comes to the same (`podtwin.store.rollup`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Final

import polars as pl
import structlog

from podcore.ports import LogTail, SeriesQuery
from podtwin.store import rollup_files
from podtwin.store.asked import exactly, in_time, nearly
from podtwin.store.checksum import UNREADABLE
from podtwin.store.parquet import NS_PER_DAY, DateFiles, day_of
from podtwin.store.rollup import KEY, ROLLED, Fold, Rollup, rollup_for
from podtwin.store.rows import SERIES
from podtwin.store.view import again, logs_of, look

# Buckets held at once, about 100 bytes each: 25 MB.
CHUNK_BUCKETS: Final = 250_000
POINTS_OF_A_SITE: Final = 2_000  # at most, where a query names none
BINS: Final[dict[str, pl.DataType]] = {"site": pl.String(), **ROLLED}

_NO_FILES: Final = DateFiles()
_events = structlog.get_logger("podtwin.store.bins")
Rows = Callable[[SeriesQuery], Iterator[pl.DataFrame]]


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a range. rollups : of each date in it, or None where rows are to be read."""

    from_ns: int
    to_ns: int
    rollups: tuple[tuple[Path, ...], ...] | None = None


class BinReader:
    """Reads the bins of one history.

    Parameters
    ----------
    root : the folder `history`.
    tails : the logs by name, for what is not sealed yet.
    rows : a range as pieces ascending in time, each sorted by `rows.ORDER`.
    """

    def __init__(self, root: Path, tails: Mapping[str, LogTail], rows: Rows) -> None:
        self._root = root
        self._tails = tails
        self._rows = rows

    def read(self, query: SeriesQuery, step_ns: int) -> Iterator[pl.DataFrame]:
        """Tables of `BINS`, in which each bin of a series is once, none empty."""
        fold, rollup = Fold(step_ns), rollup_for(step_ns)
        for span in self.plan(query, rollup):
            part = replace(query, from_ns=span.from_ns, to_ns=span.to_ns)
            if rollup is None or span.rollups is None:
                yield from told(query.site, map(fold.add, self._rows(part)))
            else:
                yield from told(query.site, self._rolled(part, span.rollups, rollup, fold))
        yield from told(query.site, [fold.finish()])

    def plan(self, query: SeriesQuery, rollup: Rollup | None) -> list[Span]:
        """The range in parts, ascending, of which some can be read from rollups."""
        if query.from_ns >= query.to_ns:
            return []
        plan, at = [], query.from_ns
        for span in self._with_rollups(query, rollup) if rollup else ():
            if at < span.from_ns:
                plan.append(Span(at, span.from_ns))
            plan.append(span)
            at = span.to_ns
        return [*plan, Span(at, query.to_ns)] if at < query.to_ns else plan

    def _with_rollups(self, query: SeriesQuery, rollup: Rollup) -> Iterator[Span]:
        width_ns = rollup.width_ns
        low, high = -(-query.from_ns // width_ns) * width_ns, query.to_ns // width_ns * width_ns
        if low >= high:
            return
        of_dates = self._dates(query, (low, high), rollup)
        most = max(1, CHUNK_BUCKETS * width_ns // NS_PER_DAY // _series(query))
        for rolled, days in groupby(sorted(of_dates), key=lambda day: of_dates[day] is not None):
            run = list(days) if rolled else []
            for chunk in (run[start : start + most] for start in range(0, len(run), most)):
                yield Span(
                    max(low, chunk[0] * NS_PER_DAY),
                    min(high, (chunk[-1] + 1) * NS_PER_DAY),
                    tuple(of_dates[day] or () for day in chunk),
                )

    def _dates(
        self, query: SeriesQuery, span: tuple[int, int], rollup: Rollup
    ) -> dict[int, tuple[Path, ...] | None]:
        """The dates of a span that hold anything: their rollups, or None."""
        logs = logs_of(query.sources)
        tails = {name: tail for name, tail in self._tails.items() if name in logs}
        view = again(lambda: look(self._root, tails, query.site, span))
        waiting = {day_of(frame.ts_ns) for frame in view.tail if frame.source in query.sources}
        of_dates = {}
        for day in {*view.files, *waiting}:
            files = view.files.get(day, _NO_FILES)
            held = rollup_files.holding(self._root, files, logs, rollup)
            of_dates[day] = None if held is None or day in waiting else tuple(held)
        return of_dates

    def _rolled(
        self,
        part: SeriesQuery,
        rollups: tuple[tuple[Path, ...], ...],
        rollup: Rollup,
        fold: Fold,
    ) -> Iterator[pl.DataFrame]:
        try:
            buckets = _buckets([path for paths in rollups for path in paths], part)
        except FileNotFoundError:  # merged anew or dropped meanwhile
            yield from map(fold.add, self._rows(part))
            return
        except UNREADABLE as error:  # the sealer finds it when it compares its checksum
            _events.warning("damaged_rollup_passed_over", site=part.site, error=str(error))
            yield from map(fold.add, self._rows(part))
            return
        thin = buckets.filter(pl.col("count") == 0).select(SERIES).unique()
        whole = buckets.join(thin, on=SERIES, how="anti") if thin.height else buckets
        yield fold.add_buckets(whole.sort(KEY), rollup.width_ns)
        if thin.height:
            for rows in self._rows(replace(part, points=_local_ids(thin))):
                yield fold.add(rows.join(thin, on=SERIES, how="semi", maintain_order="left"))


def told(site: str, parts: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Bins of one site as tables of `BINS`, none empty."""
    for part in parts:
        if not part.is_empty():
            yield part.select(pl.lit(site).alias("site"), *ROLLED)


def bins_of(site: str, pieces: Iterable[pl.DataFrame], step_ns: int) -> Iterator[pl.DataFrame]:
    """Bins made of rows alone, of pieces as `BinReader.rows` gives them."""
    fold = Fold(step_ns)
    yield from told(site, map(fold.add, pieces))
    yield from told(site, [fold.finish()])


def _buckets(paths: list[Path], part: SeriesQuery) -> pl.DataFrame:
    chosen = in_time(part) | (pl.col("count") == 0)
    return rollup_files.scan(paths).filter(chosen & nearly(part)).collect().filter(exactly(part))


def _local_ids(series: pl.DataFrame) -> tuple[str, ...]:
    ids = series.select(pl.concat_str("asset", "point", separator="/")).to_series()
    return tuple(ids.unique().sort())


def _series(query: SeriesQuery) -> int:
    return (len(query.points) or POINTS_OF_A_SITE) * max(1, len(query.sources))
