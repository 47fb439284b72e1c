"""Ranges made smaller: bins of a step, or the extremes that a chart cannot do without.

Both work piece by piece and give the same however a range was cut: a bin that lies across two
pieces is put together again from its parts.
"""

from __future__ import annotations

import enum
from typing import Final

import polars as pl

KEY: Final = ("site", "asset", "point", "source")
COLUMNS: Final = ("ts", *KEY, "value", "flags", "sd")


class Agg(enum.StrEnum):
    """What a bin comes to."""

    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    LAST = "last"
    COUNT = "count"


def bin_parts(piece: pl.DataFrame, step_ns: int) -> pl.DataFrame:
    """A piece as parts of bins, each named by its start; bins begin at multiples of the step."""
    start = pl.col("ts").cast(pl.Int64)
    newest = pl.col("ts").arg_max()
    return (
        piece.with_columns((start - start % step_ns).cast(piece.schema["ts"]).alias("bin"))
        .group_by(*KEY, "bin")
        .agg(
            pl.col("value").sum().alias("sum"),
            pl.len().cast(pl.Int64).alias("count"),
            pl.col("value").min().alias("min"),
            pl.col("value").max().alias("max"),
            pl.col("ts").max().alias("last_ts"),
            pl.col("value").get(newest).alias("last"),
            pl.col("flags").bitwise_or().alias("flags"),
            pl.col("sd").cast(pl.Float64).sum().alias("sd_sum"),
            pl.col("sd").count().cast(pl.Int64).alias("sd_count"),
            pl.col("sd").get(newest).alias("last_sd"),
        )
    )


def merge_parts(parts: pl.DataFrame) -> pl.DataFrame:
    """Parts of the same bin as one; later pieces stand behind earlier ones."""
    newest = pl.col("last_ts").arg_max()
    return parts.group_by(*KEY, "bin", maintain_order=True).agg(
        pl.col("sum").sum(),
        pl.col("count").sum(),
        pl.col("min").min(),
        pl.col("max").max(),
        pl.col("last_ts").max(),
        pl.col("last").get(newest),
        pl.col("flags").bitwise_or(),
        pl.col("sd_sum").sum(),
        pl.col("sd_count").sum(),
        pl.col("last_sd").get(newest),
    )


def finish(parts: pl.DataFrame, agg: Agg) -> pl.DataFrame:
    """Merged parts as rows: ts is the start of the bin, flags are all that occurred in it."""
    no_sd = pl.lit(None, dtype=pl.Float32)
    mean_sd = (
        pl.when(pl.col("sd_count") > 0).then(pl.col("sd_sum") / pl.col("sd_count")).cast(pl.Float32)
    )
    value, sd = {
        Agg.MEAN: (pl.col("sum") / pl.col("count"), mean_sd),
        Agg.MIN: (pl.col("min"), no_sd),
        Agg.MAX: (pl.col("max"), no_sd),
        Agg.LAST: (pl.col("last"), pl.col("last_sd")),
        Agg.COUNT: (pl.col("count").cast(pl.Float64), no_sd),
    }[agg]
    return parts.select(
        pl.col("bin").alias("ts"), *KEY, value.alias("value"), "flags", sd.alias("sd")
    ).sort(*KEY, "ts")


def thin(rows: pl.DataFrame, max_points: int, span_ns: int) -> pl.DataFrame:
    """At most `max_points` rows a series over a span, its minima and maxima among them.

    Every row that stays is one that was there. A series that is short enough stays whole.
    """
    width_ns = max(1, -(-2 * span_ns // max_points))
    keep = pl.int_range(pl.len())
    long = pl.len().over(KEY) > max_points
    group = (*KEY, pl.col("ts").cast(pl.Int64) // width_ns)
    extreme = (keep == pl.col("value").arg_min()) | (keep == pl.col("value").arg_max())
    return rows.filter(~long | extreme.over(group))
