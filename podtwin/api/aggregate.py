"""Ranges made smaller: what a bin comes to, and the values that a chart cannot do without.

The history makes the bins. Counters stay absolute, and the mean of a state says nothing: unless a
caller says otherwise these take the last value of a bin, gauges the mean.
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


def finish(bins: pl.DataFrame, agg: Agg) -> pl.DataFrame:
    """Bins of a history as rows: ts is the start of the bin, flags are all that occurred in it.

    The deviation is that of the value that stands for the bin. Of a mean it is the root mean
    square: errors a few steps apart are not independent and do not average out.
    """
    value, sd = {
        Agg.MEAN: (pl.col("mean"), pl.col("variance").sqrt().cast(pl.Float32)),
        Agg.MIN: (pl.col("min"), pl.col("min_sd")),
        Agg.MAX: (pl.col("max"), pl.col("max_sd")),
        Agg.LAST: (pl.col("last"), pl.col("last_sd")),
        Agg.COUNT: (pl.col("count").cast(pl.Float64), pl.lit(None, dtype=pl.Float32)),
    }[agg]
    rows = bins.select("ts", *KEY, value.alias("value"), "flags", sd.alias("sd"))
    return rows.sort(*KEY, "ts")


def finish_as_is_usual(bins: pl.DataFrame, gauges: Collection[str]) -> pl.DataFrame:
    """Bins as rows, each point by the usual aggregate of its kind.

    gauges : ids `site/asset/point` of gauges; all others keep their last value.
    """
    is_gauge = pl.concat_str("site", "asset", "point", separator="/").is_in(list(gauges))
    finished = [
        finish(bins.filter(is_gauge), default_agg(PointKind.GAUGE)),
        finish(bins.filter(~is_gauge), default_agg(PointKind.COUNTER)),
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
