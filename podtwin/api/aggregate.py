"""Ranges made smaller: bins of a step, or the values that a chart cannot do without.

Both work piece by piece and give the same however a range was cut: a bin that lies across two
pieces is put together again from its parts. Counters stay absolute, and the mean of a state says
nothing: unless a caller says otherwise these take the last value of a bin, gauges the mean.
"""

from __future__ import annotations

import enum
from collections.abc import Collection
from typing import Final

import polars as pl

from podcore.quantity import PointKind

KEY: Final = ("site", "asset", "point", "source")
KEPT_A_PART: Final = 4
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
            pl.col("sd").cast(pl.Float64).pow(2).sum().alias("variance_sum"),
            pl.col("sd").count().cast(pl.Int64).alias("sd_count"),
            pl.col("sd").get(pl.col("value").arg_min()).alias("min_sd"),
            pl.col("sd").get(pl.col("value").arg_max()).alias("max_sd"),
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
        pl.col("variance_sum").sum(),
        pl.col("sd_count").sum(),
        pl.col("min_sd").get(pl.col("min").arg_min()),
        pl.col("max_sd").get(pl.col("max").arg_max()),
        pl.col("last_sd").get(newest),
    )


def finish(parts: pl.DataFrame, agg: Agg) -> pl.DataFrame:
    """Merged parts as rows: ts is the start of the bin, flags are all that occurred in it.

    The deviation is that of the value that stands for the bin. Of a mean it is the root mean
    square: errors a few steps apart are not independent and do not average out.
    """
    square = pl.col("variance_sum") / pl.col("sd_count")
    value, sd = {
        Agg.MEAN: (
            pl.col("sum") / pl.col("count"),
            pl.when(pl.col("sd_count") > 0).then(square.sqrt()).cast(pl.Float32),
        ),
        Agg.MIN: (pl.col("min"), pl.col("min_sd")),
        Agg.MAX: (pl.col("max"), pl.col("max_sd")),
        Agg.LAST: (pl.col("last"), pl.col("last_sd")),
        Agg.COUNT: (pl.col("count").cast(pl.Float64), pl.lit(None, dtype=pl.Float32)),
    }[agg]
    return parts.select(
        pl.col("bin").alias("ts"), *KEY, value.alias("value"), "flags", sd.alias("sd")
    ).sort(*KEY, "ts")


def finish_as_is_usual(parts: pl.DataFrame, gauges: Collection[str]) -> pl.DataFrame:
    """Merged parts as rows, each point by the usual aggregate of its kind.

    gauges : ids `site/asset/point` of gauges; all others keep their last value.
    """
    is_gauge = pl.concat_str("site", "asset", "point", separator="/").is_in(list(gauges))
    finished = [
        finish(parts.filter(is_gauge), default_agg(PointKind.GAUGE)),
        finish(parts.filter(~is_gauge), default_agg(PointKind.COUNTER)),
    ]
    return pl.concat(finished).sort(*KEY, "ts")


def default_agg(kind: PointKind) -> Agg:
    """What a bin of such a point comes to when nobody says it."""
    return Agg.MEAN if kind is PointKind.GAUGE else Agg.LAST


def thin(rows: pl.DataFrame, max_points: int, from_ns: int, to_ns: int) -> pl.DataFrame:
    """At most `max_points` rows a series of a span, such that a line through them looks the same.

    The span is cut into equal parts; of each the first, last, lowest and highest value stay (M4:
    Jugel, Jerzak, Hackenbroich, Markl, PVLDB 7(10), 2014, doi:10.14778/2732951.2732953). Every
    row that stays is one that was there, and a series that is short enough stays whole.

    Parameters
    ----------
    rows : ascending in time within each series.
    max_points : at least four.
    """
    width_ns = -(-(to_ns - from_ns) // (max_points // KEPT_A_PART))
    part = (pl.col("ts").cast(pl.Int64) - from_ns) // width_ns
    at, last = pl.int_range(pl.len()), pl.len() - 1
    value = pl.col("value")
    kept = (at == 0) | (at == last) | (at == value.arg_min()) | (at == value.arg_max())
    return rows.filter((pl.len().over(KEY) <= max_points) | kept.over(*KEY, part))
