"""What a query asks for, as conditions on rows: cheap ones in files, exact ones on what is left."""

from __future__ import annotations

import polars as pl

from podcore.ports import SeriesQuery
from podtwin.store import parquet


def in_time(query: SeriesQuery) -> pl.Expr:
    """The rows of the span, as comparisons by which files and row groups can be skipped."""
    ts = pl.col("ts")
    return (ts >= parquet.instant(query.from_ns)) & (ts < parquet.instant(query.to_ns))


def nearly(query: SeriesQuery) -> pl.Expr:
    """The rows asked for and few others: cheap for each of the millions that a file may hold.

    Every asset named with every point named, and bounds by which row groups can be skipped.
    """
    if not query.points:
        return pl.lit(value=True)
    split = [local.partition("/") for local in query.points]
    near = pl.lit(value=True)
    for column, named in (("asset", 0), ("point", 2)):
        names = sorted({part[named] for part in split})
        near &= pl.col(column).is_between(pl.lit(names[0]), pl.lit(names[-1]))
        if len(names) > 1:
            near &= pl.col(column).is_in(names)
    return near


def exactly(query: SeriesQuery) -> pl.Expr:
    """Of what was nearly asked for, what was."""
    exactly = pl.col("source").is_in([source.word for source in query.sources])
    split = [local.partition("/") for local in query.points]
    if len(split) == len({part[0] for part in split}) * len({part[2] for part in split}):
        return exactly  # every asset with every point: nothing else came near
    return exactly & pl.concat_str("asset", "point", separator="/").is_in(list(query.points))
