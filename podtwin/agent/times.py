"""A time column of any form, as nanoseconds UTC."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from podcore.errors import ConfigError

# Seconds stay below 1e11 until the year 5138, milliseconds pass it in 1973, and so on.
_UNITS = (
    (1e11, "seconds", 1_000_000_000),
    (1e14, "milliseconds", 1_000_000),
    (1e17, "microseconds", 1_000),
)
_NAIVE = "has no time zone; taken as UTC"
_NAIVE_FORMATS = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d")
_FORMS = "a time is RFC 3339 (2026-11-24T14:03:20Z) or a number of s, ms, µs or ns since 1970"


class Times(NamedTuple):
    """Nanoseconds since 1970 UTC, null where unreadable, and what had to be assumed, or empty."""

    ns: pl.Series
    assumed: str


def times_of(column: pl.Series, place: str) -> Times:
    """The instants of a time column.

    Raises
    ------
    ConfigError  When nothing in it can be read as a time; `place` names file and column.
    """
    times = _times(column, place)
    if len(column) and times.ns.null_count() == len(column):
        raise ConfigError(place, column[0], _FORMS)
    return times


def _times(column: pl.Series, place: str) -> Times:
    dtype = column.dtype
    if isinstance(dtype, pl.Datetime):
        zone = dtype.time_zone
        return Times(column.dt.timestamp("ns"), "" if zone else _NAIVE)
    if dtype == pl.Date:
        return Times(column.cast(pl.Datetime("ns")).dt.timestamp("ns"), _NAIVE)
    if dtype.is_integer():
        return _from_numbers(column.cast(pl.Int64, strict=False))
    if dtype.is_float():
        return _from_numbers(column)
    if dtype == pl.String:
        return _from_text(column.str.strip_chars())
    raise ConfigError(place, str(dtype), _FORMS)


def _from_text(column: pl.Series) -> Times:
    given = column.replace("", None)
    if given.str.contains(r"^-?\d+$").all():
        return _from_numbers(given.cast(pl.Int64, strict=False))
    if given.str.contains(r"^-?\d+\.\d*$").any() and given.str.contains(r"^-?[\d.]+$").all():
        return _from_numbers(given.cast(pl.Float64, strict=False))
    # Zone or not is a property of each row; a file may hold both, if hardly on purpose.
    zoned = given.str.to_datetime("%+", time_unit="ns", time_zone="UTC", strict=False)
    frame = pl.DataFrame({"text": given.str.replace(" ", "T", literal=True), "ns": zoned})
    naive = pl.coalesce(
        pl.col("text").str.to_datetime(form, time_unit="ns", strict=False).dt.timestamp("ns")
        for form in _NAIVE_FORMATS
    )
    both = frame.select(pl.col("ns").dt.timestamp("ns"), naive=naive)
    assumed = both["ns"].is_null() & both["naive"].is_not_null()
    return Times(
        both.select(pl.coalesce("ns", "naive")).to_series(), _NAIVE if assumed.any() else ""
    )


def _from_numbers(column: pl.Series) -> Times:
    middle = column.drop_nulls().abs().median()
    size = float(middle) if isinstance(middle, int | float) else 0.0
    word, factor = next(((w, f) for limit, w, f in _UNITS if size < limit), ("nanoseconds", 1))
    if column.dtype.is_float():
        # Microseconds are what a float of seconds still tells apart.
        micro = pl.Series(column * (factor / 1_000)).fill_nan(None).round()
        return Times(micro.cast(pl.Int64, strict=False) * 1_000, f"holds numbers; taken as {word}")
    fits = column.abs() < (2**63 - 1) // factor
    ns = pl.select(pl.when(fits).then(column * factor)).to_series()
    return Times(ns, f"holds numbers; taken as {word}")
