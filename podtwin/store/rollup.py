"""Rollups: which rows belong to which bucket, and how their values combine. Pure arithmetic.

A bucket is named by its start, a multiple of its width since 1970, and holds the rows with ts in
[start, start + width). Small ones make large ones: a minute is made of rows, an hour of minutes, a
bin of three hours of hours (`levels`). The mean of a bucket is the sum of its parts, each mean
times its count, added in the order of time and divided by the count.

So a bin comes to the same number, bit for bit, whether the buckets in it were read from a rollup
or made from rows just now, and however the range was cut into pieces: what a piece leaves open is
taken on with the next (`Fold`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podtwin.store.rows import SCHEMA, SERIES

NS: Final = 1_000_000_000
KEY: Final = (*SERIES, "ts")
# Of a bucket: what is kept of its values, and of their deviations (of which measured rows have
# none). `variance` is the mean of the squares of `sd`: errors a few steps apart are not
# independent and do not average out. `min_sd` belongs to the value that is the least, and so on.
ROLLED: Final[dict[str, pl.DataType]] = {
    **{name: SCHEMA[name] for name in ("ts", *SERIES)},
    "min": pl.Float64(),
    "mean": pl.Float64(),
    "max": pl.Float64(),
    "last": pl.Float64(),
    "count": pl.Int64(),
    "flags": SCHEMA["flags"],
    "variance": pl.Float64(),
    "sd_count": pl.Int64(),
    "min_sd": SCHEMA["sd"],
    "max_sd": SCHEMA["sd"],
    "last_sd": SCHEMA["sd"],
}

_Places: TypeAlias = NDArray[np.int64]
_Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rollup:
    """A width of buckets that is kept. name : as in files and buckets, `1m`."""

    name: str
    width_ns: int


MINUTE: Final = Rollup("1m", 60 * NS)
HOUR: Final = Rollup("1h", 3_600 * NS)
ROLLUPS: Final = (MINUTE, HOUR)


def levels(step_ns: int) -> list[int]:
    """The widths by which bins of a step are made of rows, ascending, the step the last."""
    smaller = [r.width_ns for r in ROLLUPS if r.width_ns < step_ns and step_ns % r.width_ns == 0]
    return [*smaller, step_ns]


def rollup_for(step_ns: int) -> Rollup | None:
    """The widest rollup of which bins of a step can be made, or None."""
    fitting = [rollup for rollup in ROLLUPS if step_ns % rollup.width_ns == 0]
    return fitting[-1] if fitting else None


def empty() -> pl.DataFrame:
    """No buckets."""
    return pl.DataFrame(schema=ROLLED)


class Fold:
    """Rows and buckets of one site on their way into bins; pieces come ascending in time.

    Each call gives the bins that are closed by it, `finish` the others: every bin of a series once.

    Parameters
    ----------
    step_ns : the width of a bin.
    """

    def __init__(self, step_ns: int) -> None:
        self._levels = [_Level(width_ns) for width_ns in levels(step_ns)]

    def add(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Takes rows, sorted by `rows.ORDER`; the bins of `ROLLED` that they close."""
        return _rolled(self._raise(_parts_of_rows(rows), 0))

    def add_buckets(self, buckets: pl.DataFrame, width_ns: int) -> pl.DataFrame:
        """Takes buckets of one of the levels, sorted by `KEY`; the bins that they close.

        Where buckets come, their span begins and ends at multiples of their width for every
        series, those included that come as rows; before them comes what is older.
        """
        at = 1 + [level.width_ns for level in self._levels].index(width_ns)
        return _rolled(self._raise(_join(self._closed_below(at), _parts_of_buckets(buckets)), at))

    def finish(self) -> pl.DataFrame:
        """The bins that are still open."""
        return _rolled(self._closed_below(len(self._levels)))

    def _raise(self, parts: pl.DataFrame, at: int) -> pl.DataFrame:
        """Passes parts through the levels from `at` on; what leaves the last one."""
        for level in self._levels[at:]:
            parts = level.add(parts)
        return parts

    def _closed_below(self, at: int) -> pl.DataFrame:
        """All that is open in the levels below `at`, closed."""
        parts = _parts_of_rows(pl.DataFrame(schema={name: SCHEMA[name] for name in _ROW}))
        for level in self._levels[:at]:
            parts = _join(level.add(parts), level.flush())
        return parts


class _Level:
    """Parts on their way into buckets of one width; the latest of each series stays open."""

    def __init__(self, width_ns: int) -> None:
        self.width_ns = width_ns
        self._open: pl.DataFrame | None = None

    def add(self, parts: pl.DataFrame) -> pl.DataFrame:
        """The buckets that are closed, since a later one of their series has begun."""
        if parts.is_empty():
            return parts
        if self._open is None or self._open.is_empty():
            folded = fold(parts, self.width_ns)
        else:
            # Few rows go on with what is open; the others need no sorting among it.
            near = _ts(parts) < int(_ts(self._open).to_numpy().max()) + self.width_ns
            folded = _join(
                fold(_join(self._open, parts.filter(near)), self.width_ns),
                fold(parts.filter(~near), self.width_ns),
            )
        last = _last_of_series(folded)
        self._open = folded.filter(last)
        return _closed(folded.filter(~last))

    def flush(self) -> pl.DataFrame:
        """The buckets that were open, closed."""
        left, self._open = self._open, None
        return pl.DataFrame(schema=_PARTS) if left is None else _closed(left)


# In flight a bucket has sums instead of means, so that a later piece can go on adding.
_ROW: Final = ("ts", *SERIES, "value", "flags", "sd")
_PARTS: Final[dict[str, pl.DataType]] = {
    {"mean": "sum", "variance": "squares"}.get(name, name): dtype for name, dtype in ROLLED.items()
}


def fold(parts: pl.DataFrame, width_ns: int) -> pl.DataFrame:
    """Parts, sorted by series and time, as buckets that are still open."""
    if parts.is_empty():
        return parts
    ts = _ts(parts).to_numpy()
    start = ts - ts % width_ns
    fresh = _first_of_series(parts).to_numpy().copy()
    fresh[1:] |= start[1:] != start[:-1]
    begins = np.flatnonzero(fresh)
    ends = np.append(begins[1:], len(ts)) - 1
    of = np.cumsum(fresh) - 1
    low, high = _lowest(parts, begins, of), _highest(parts, begins, of)
    columns = {
        "ts": pl.Series(start[begins]).cast(SCHEMA["ts"]),
        **{name: parts[name].gather(begins) for name in SERIES},
        "min": parts["min"].gather(low),
        "sum": _added(parts, "sum", of),
        "max": parts["max"].gather(high),
        "last": parts["last"].gather(ends),
        "count": np.add.reduceat(parts["count"].to_numpy(), begins),
        "flags": np.bitwise_or.reduceat(parts["flags"].to_numpy(), begins),
        "squares": _added(parts, "squares", of),
        "sd_count": np.add.reduceat(parts["sd_count"].to_numpy(), begins),
        "min_sd": parts["min_sd"].gather(low),
        "max_sd": parts["max_sd"].gather(high),
        "last_sd": parts["last_sd"].gather(ends),
    }
    return pl.DataFrame(columns, schema=_PARTS)


def _added(parts: pl.DataFrame, name: str, of: _Places) -> _Floats:
    """Sums a bucket, one after the other: `np.add.reduceat` adds in pairs, which a cut changes."""
    return np.bincount(of, weights=parts[name].to_numpy()).astype(np.float64)


def _lowest(parts: pl.DataFrame, begins: _Places, of: _Places) -> _Places:
    values = parts["min"].to_numpy()
    return _first_that_is(values, np.fmin.reduceat(values, begins), begins, of)


def _highest(parts: pl.DataFrame, begins: _Places, of: _Places) -> _Places:
    values = parts["max"].to_numpy()
    return _first_that_is(values, np.fmax.reduceat(values, begins), begins, of)


def _first_that_is(values: _Floats, wanted: _Floats, begins: _Places, of: _Places) -> _Places:
    """For each bucket the first place that holds what is wanted; its first one when none does."""
    places = np.flatnonzero(values == wanted[of])[::-1]
    first = begins.copy()
    first[of[places]] = places  # of several the last written stays, which is the first in time
    return first


def _parts_of_rows(rows: pl.DataFrame) -> pl.DataFrame:
    value, sd = pl.col("value"), pl.col("sd")
    return rows.select(
        "ts",
        *SERIES,
        value.alias("min"),
        value.alias("sum"),
        value.alias("max"),
        value.alias("last"),
        pl.lit(1, dtype=pl.Int64).alias("count"),
        "flags",
        sd.cast(pl.Float64).pow(2).fill_null(0.0).alias("squares"),
        sd.is_not_null().cast(pl.Int64).alias("sd_count"),
        *(sd.alias(name) for name in ("min_sd", "max_sd", "last_sd")),
    )


def _parts_of_buckets(buckets: pl.DataFrame) -> pl.DataFrame:
    return buckets.with_columns(
        (pl.col("mean") * pl.col("count")).alias("sum"),
        (pl.col("variance") * pl.col("sd_count")).fill_null(0.0).alias("squares"),
    ).select(list(_PARTS))


def _closed(parts: pl.DataFrame) -> pl.DataFrame:
    """Buckets as they would be read again: what rounding their mean loses is lost either way."""
    return _parts_of_buckets(_rolled(parts))


def _rolled(parts: pl.DataFrame) -> pl.DataFrame:
    has_sd = pl.col("sd_count") > 0
    return parts.with_columns(
        (pl.col("sum") / pl.col("count")).alias("mean"),
        pl.when(has_sd).then(pl.col("squares") / pl.col("sd_count")).alias("variance"),
    ).select(list(ROLLED))


def _join(older: pl.DataFrame, newer: pl.DataFrame) -> pl.DataFrame:
    """Both in the order of `KEY`; of one instant the older ones first."""
    if older.is_empty() or newer.is_empty():
        return newer if older.is_empty() else older
    return pl.concat([older, newer]).sort(KEY, maintain_order=True)


def _first_of_series(rows: pl.DataFrame) -> pl.Series:
    differs = [pl.col(name) != pl.col(name).shift(1) for name in SERIES]
    return rows.select(pl.any_horizontal(*differs).fill_null(value=True)).to_series()


def _last_of_series(rows: pl.DataFrame) -> pl.Series:
    differs = [pl.col(name) != pl.col(name).shift(-1) for name in SERIES]
    return rows.select(pl.any_horizontal(*differs).fill_null(value=True)).to_series()


def _ts(rows: pl.DataFrame) -> pl.Series:
    return rows["ts"].cast(pl.Int64)
