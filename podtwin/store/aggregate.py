"""Series in buckets: aggregation on a time grid, and thinning for a picture. Pure.

Counters stay absolute: the mean of a counter says nothing, so it takes `last`. A bucket without
values is absent; nothing is filled in and nothing becomes 0.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from podcore.ports import Series
from podcore.quantity import PointKind

# First, last, lowest and highest of each bucket.
_KEPT_A_BUCKET: Final = 4

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]


class Aggregate(enum.StrEnum):
    """What stands for the values of a bucket."""

    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    LAST = "last"
    COUNT = "count"


def default_aggregate(kind: PointKind) -> Aggregate:
    """The mean of a gauge; the last value of a counter or a state."""
    return Aggregate.MEAN if kind is PointKind.GAUGE else Aggregate.LAST


def aggregate(series: Series, step_ns: int, how: Aggregate) -> Series:
    """One value for each bucket [k·step, (k+1)·step) that holds any, at the bucket's start.

    The flags of a bucket are those of all its values together. `sd` is that of the value chosen;
    of a mean it is the root mean square of the band, as errors a few steps apart are not
    independent and do not average out; a count has none.

    Raises
    ------
    ValueError  When the step is not positive.
    """
    if step_ns <= 0:
        raise ValueError(f"a step is at least 1 ns, not {step_ns}")
    if not series.ts_ns:
        return series
    buckets = np.asarray(series.ts_ns, dtype=np.int64) // step_ns
    starts = _starts(buckets)
    values = np.asarray(series.values, dtype=np.float64)
    chosen = _chosen(values, starts, how)
    flags = np.bitwise_or.reduceat(np.asarray(series.flags, dtype=np.int64), starts)
    return replace(
        series,
        ts_ns=(buckets[starts] * step_ns).tolist(),
        values=_values(values, starts, how, chosen).tolist(),
        flags=flags.tolist(),
        sd=_sd(series.sd, starts, how, chosen),
    )


def thin(series: Series, max_points: int) -> Series:
    """At most `max_points` of the values, such that a line drawn through them looks the same.

    The range is cut into equal spans of time; of each the first, last, lowest and highest value
    stay. Drawn one span a pixel column, the line has no pixel that differs from that through
    all values (M4: Jugel, Jerzak, Hackenbroich, Markl, "M4: A Visualization-Oriented Time
    Series Data Aggregation", PVLDB 7(10), 2014, doi:10.14778/2732951.2732953). Nothing is
    averaged: each point is one that was measured, with its own flags.

    Raises
    ------
    ValueError  When fewer than four points are asked for.
    """
    if max_points < _KEPT_A_BUCKET:
        raise ValueError(f"at least {_KEPT_A_BUCKET} points are needed, not {max_points}")
    count = len(series.ts_ns)
    if count <= max_points:
        return series
    ts = np.asarray(series.ts_ns, dtype=np.int64)
    values = np.asarray(series.values, dtype=np.float64)
    spans = max_points // _KEPT_A_BUCKET
    width = (int(ts[-1]) - int(ts[0])) // spans + 1
    starts = _starts((ts - ts[0]) // width)
    ends = np.append(starts[1:], count) - 1
    lowest, highest = _extreme(values, starts, lowest=True), _extreme(values, starts, lowest=False)
    kept = np.unique(np.concatenate((starts, ends, lowest, highest)))
    return replace(
        series,
        ts_ns=ts[kept].tolist(),
        values=values[kept].tolist(),
        flags=[series.flags[i] for i in kept],
        sd=None if series.sd is None else [series.sd[i] for i in kept],
    )


def _starts(buckets: _Ints) -> _Ints:
    """Where each bucket begins; buckets ascend."""
    return np.flatnonzero(np.diff(buckets, prepend=buckets[0] - 1))


def _chosen(values: _Floats, starts: _Ints, how: Aggregate) -> _Ints | None:
    """The row that stands for each bucket, or None when none does."""
    match how:
        case Aggregate.MIN | Aggregate.MAX:
            return _extreme(values, starts, lowest=how is Aggregate.MIN)
        case Aggregate.LAST:
            return np.append(starts[1:], len(values)) - 1
        case Aggregate.MEAN | Aggregate.COUNT:
            return None


def _values(values: _Floats, starts: _Ints, how: Aggregate, chosen: _Ints | None) -> _Floats:
    if chosen is not None:
        return values[chosen]
    counts = np.diff(starts, append=len(values)).astype(np.float64)
    if how is Aggregate.COUNT:
        return counts
    return np.add.reduceat(values, starts) / counts


def _sd(
    sd: Sequence[float | None] | None, starts: _Ints, how: Aggregate, chosen: _Ints | None
) -> list[float | None] | None:
    if sd is None or how is Aggregate.COUNT:
        return None
    if chosen is not None:
        return [sd[i] for i in chosen]
    known = np.asarray([np.nan if one is None else one for one in sd], dtype=np.float64)
    present = ~np.isnan(known)
    counts = np.add.reduceat(present.astype(np.int64), starts)
    squares = np.add.reduceat(np.where(present, known, 0.0) ** 2, starts)
    return [
        float(np.sqrt(total / count)) if count else None
        for total, count in zip(squares, counts, strict=True)
    ]


def _extreme(values: _Floats, starts: _Ints, *, lowest: bool) -> _Ints:
    """The first row of each bucket that holds its lowest or highest value."""
    extreme = (np.minimum if lowest else np.maximum).reduceat(values, starts)
    lengths = np.diff(starts, append=len(values))
    hits = np.flatnonzero(values == np.repeat(extreme, lengths))
    return hits[np.searchsorted(hits, starts)]
