"""The embedded history: what waits in the logs and what lies in Parquet, as one answer.

Nothing is cached and no lock is taken: any number of histories may read one directory, in this
process or another, while the sealer writes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import polars as pl

from podcore.frame import Frame, Source
from podcore.ports import Latest, LogTail, Series, SeriesQuery
from podtwin.store import parquet
from podtwin.store.asked import exactly, in_time, nearly
from podtwin.store.bins import BinReader
from podtwin.store.checksum import UNREADABLE
from podtwin.store.last_rows import last_of_frames, may_be_last, newest, read_last
from podtwin.store.parquet import NS_PER_DAY, DateFiles
from podtwin.store.quarantine import Suspects
from podtwin.store.rows import ANSWERED, SCHEMA, SERIES, RowBuilder, settle
from podtwin.store.view import View, again, logs_of, look, pieces

# A point that says nothing for a week is found by its range, not by `latest`.
LATEST_DAYS: Final = 7
# About 120 MB while a piece is settled, at 440 bytes a row as measured; 6 h of 38 points.
PIECE_ROWS: Final = 250_000
LONG_SCHEMA: Final[dict[str, pl.DataType]] = {
    "ts": SCHEMA["ts"],
    "site": pl.String(),
    "asset": SCHEMA["asset"],
    "point": SCHEMA["point"],
    "source": SCHEMA["source"],
    "value": SCHEMA["value"],
    "flags": SCHEMA["flags"],
    "sd": SCHEMA["sd"],
}

_BEGINNING: Final = 0
_END: Final = 2**63 - 1


class EmbeddedHistory:
    """History over the folder `history` of a data directory and the ends of its two logs.

    Parameters
    ----------
    data_dir : the data directory; it may be empty or missing.
    log, derived : the logs, for what is not sealed yet.
    folder : where in it the files lie; a recording's are in `points`.
    """

    def __init__(
        self, data_dir: Path, log: LogTail, derived: LogTail, *, folder: str = "history"
    ) -> None:
        self._root = data_dir / folder
        # A recording that is damaged is told to whoever opens it, and never mended.
        self._suspects = Suspects(self._root) if folder == "history" else None
        self._tails = {"log": log, "derived": derived}
        self._bins = BinReader(self._root, self._tails, self.frames)

    def series(self, query: SeriesQuery) -> list[Series]:
        """The ranges, one entry a point and source that has values in it, by point and source."""
        parts = again(lambda: self._rows(query)).partition_by(SERIES, maintain_order=True)
        return [series_of(query.site, part) for part in parts]

    def frame(self, query: SeriesQuery) -> pl.DataFrame:
        """The ranges as one table of `LONG_SCHEMA`, by asset, point, source and time."""
        rows = again(lambda: self._rows(query))
        return rows.with_columns(pl.lit(query.site).alias("site")).select(*LONG_SCHEMA)

    def frames(self, query: SeriesQuery) -> Iterator[pl.DataFrame]:
        """The ranges in ascending pieces of time, each as `frame` gives it, none empty.

        A piece is a date or a fraction of one, so that about `PIECE_ROWS` rows are held.
        """
        span = (query.from_ns, query.to_ns)

        def parts(files: DateFiles, span_ns: int) -> int:
            return self._rows_in(files, span_ns, query) // PIECE_ROWS + 1

        for from_ns, to_ns in pieces(self._root, query.site, span, parts):
            piece = self.frame(replace(query, from_ns=from_ns, to_ns=to_ns))
            if not piece.is_empty():
                yield piece

    def bins(self, query: SeriesQuery, step_ns: int) -> Iterator[pl.DataFrame]:
        """The ranges as bins of a step, in tables of `bins.BINS`: each bin of a series once."""
        return self._bins.read(query, step_ns)

    def latest(self, site: str) -> list[Latest]:
        """The newest value of every point and source that spoke in the last seven dates held."""
        rows = again(lambda: self._newest(site))
        whole = rows.with_columns(pl.col("ts").cast(pl.Int64))  # a datetime would lose its ns
        return [latest_of(row) for row in whole.iter_rows(named=True)]

    def extent(self, site: str) -> tuple[int, int] | None:
        """The oldest and newest time held of a site, or None."""
        return again(lambda: self._extent(site))

    def sites(self) -> list[str]:
        """The sites of which anything is held, sorted."""
        waiting = (site for tail in self._tails.values() for site in tail.sites())
        return sorted({*parquet.sites_of(self._root), *waiting})

    def _rows(self, query: SeriesQuery) -> pl.DataFrame:
        if query.from_ns >= query.to_ns:
            return _empty()
        logs = logs_of(query.sources)
        tails = {name: tail for name, tail in self._tails.items() if name in logs}
        view = look(self._root, tails, query.site, (query.from_ns, query.to_ns))
        tail = [frame for frame in view.tail if frame.source in query.sources]
        chosen = in_time(query) & nearly(query)
        sealed = self._read(view.paths, lambda rows: rows.filter(chosen).select(ANSWERED))
        sealed = sealed.filter(exactly(query))
        waiting = _waiting(tail, frozenset(query.points) or None)
        if waiting.is_empty() and len(view.paths) == 1 and parquet.is_sealed(view.paths[0]):
            return sealed  # settled when it was written
        return settle(pl.concat([sealed, waiting]))

    def _newest(self, site: str) -> pl.DataFrame:
        found, end = [_empty()], _END
        held = parquet.days_of(self._root, site)
        starts = [day * NS_PER_DAY for day in reversed(held)]
        # What waits in the logs may be older than all files: the oldest date takes it along.
        starts = [*starts[:-1], _BEGINNING]
        for start in starts[:LATEST_DAYS]:
            found += self._last_rows(look(self._root, self._tails, site, (start, end)))
            end = start
        return newest(found)

    def _last_rows(self, view: View) -> list[pl.DataFrame]:
        """Tables with the last row of each point and source in a view among their rows."""
        of_files = [(path, self._known(path)) for path in view.paths]
        found = [known for _, known in of_files if known is not None]
        unread = [path for path, known in of_files if known is None]
        if unread:
            found.insert(
                0, self._read(unread, lambda of: of.select(ANSWERED).filter(may_be_last()))
            )
        return [*found, last_of_frames(view.tail)] if view.tail else found

    def _known(self, path: Path) -> pl.DataFrame | None:
        """The last rows of a file where its footer has them."""
        try:
            return read_last(path) if parquet.is_sealed(path) else None
        except (*UNREADABLE, ValueError, OSError) as error:
            if isinstance(error, FileNotFoundError):
                raise
            return None  # damaged: read as a whole, which finds it out

    def _extent(self, site: str) -> tuple[int, int] | None:
        days = parquet.days_of(self._root, site)
        spans = [(_BEGINNING, _END)]
        if len(days) > 1:
            spans = [(_BEGINNING, (days[0] + 1) * NS_PER_DAY), (days[-1] * NS_PER_DAY, _END)]
        bounds = [at for span in spans for at in self._bounds(site, span)]
        return (min(bounds), max(bounds)) if bounds else None

    def _bounds(self, site: str, span: tuple[int, int]) -> list[int]:
        """Times of a span with its oldest and newest among them; empty when it holds nothing."""
        view = look(self._root, self._tails, site, span)
        ts = pl.col("ts").cast(pl.Int64)
        ends = ts.min().alias("low"), ts.max().alias("high")
        known: Sequence[int | None] = self._read(view.paths, lambda rows: rows.select(*ends)).row(0)
        return [*(at for at in known if at is not None), *(frame.ts_ns for frame in view.tail)]

    def _rows_in(self, files: DateFiles, span_ns: int, query: SeriesQuery) -> int:
        """About how many rows of a date are asked for, were they spread evenly over it."""
        paths, asked, rows = files.paths(logs_of(query.sources)), nearly(query), 0
        try:
            for chosen in (pl.lit(value=True), asked):  # the first needs no row to be read
                found = self._read(paths, partial(_counted, chosen))
                rows = int(found.item()) * span_ns // NS_PER_DAY
                if rows < PIECE_ROWS:
                    break
        except FileNotFoundError:
            return 0  # compacted or dropped since it was listed; the read itself looks again
        return rows

    def _read(
        self, paths: Sequence[Path], asked: Callable[[pl.LazyFrame], pl.LazyFrame]
    ) -> pl.DataFrame:
        """What is asked of the rows of some files; without those that turn out to be damaged."""
        try:
            return asked(parquet.scan(paths)).collect()
        except UNREADABLE:
            sound = self._suspects.sound(paths) if self._suspects else paths
            if len(sound) == len(paths):
                raise
            return asked(parquet.scan(sound)).collect()


def _waiting(tail: Iterable[Frame], wanted: frozenset[str] | None = None) -> pl.DataFrame:
    builder = RowBuilder(wanted)
    for frame in tail:
        builder.add(frame)
    return builder.build().select(ANSWERED)


def _counted(chosen: pl.Expr, rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.filter(chosen).select(pl.len())


def series_of(site: str, rows: pl.DataFrame) -> Series:
    """The rows of one point and source, of which there is at least one."""
    sd = rows["sd"]
    return Series(
        site=site,
        point=f"{rows['asset'][0]}/{rows['point'][0]}",
        source=_source(rows["source"][0]),
        ts_ns=rows["ts"].cast(pl.Int64).to_list(),
        values=rows["value"].to_list(),
        flags=rows["flags"].to_list(),
        sd=None if sd.null_count() == len(sd) else sd.to_list(),
    )


def latest_of(row: dict[str, Any]) -> Latest:
    """A row as what is newest of its point; `ts` in ns."""
    return Latest(
        point=f"{row['asset']}/{row['point']}",
        source=_source(row["source"]),
        ts_ns=row["ts"],
        value=row["value"],
        flags=row["flags"],
        sd=row["sd"],
    )


def _source(word: str) -> Source:
    return Source[word.upper()]


def _empty() -> pl.DataFrame:
    return pl.DataFrame(schema={name: SCHEMA[name] for name in ANSWERED})
