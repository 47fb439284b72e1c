"""Files of a cluster's workload and power, checked and laid on one grid.

What cannot be true is refused with its place: such files are made by programs, and a wrong column
is wrong in every row. What is merely not there is a gap: masked, counted and said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from podcore.clock import NS, rfc3339
from podcore.errors import ConfigError
from podcore.names import did_you_mean
from podtwin.agent.table import columns_of, read_columns
from podtwin.agent.times import times_of
from twin.workload import known_rows

TIME = "timestamp"
POWER = "power_w"
WORKLOAD = ("n_running", "util_sum", "util2_sum", "util4_sum")
MAX_STEPS = 5_000_000  # ten weeks at 1 s; 280 MB of numbers, and half an hour of one core
MIN_STEP_S, MAX_STEP_S = 1.0, 3_600.0  # as the `step_s` of a site file
_SHARES = 1.05  # a share of a machine above 1 by so little is how it was measured

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PowerTables:
    """Workload and power on one grid.

    power_w : (steps,)   NaN where none was measured.
    workload : (steps, 4)   Tasks running, sums of u, u² and u⁴; NaN where any is missing.
    time_type : of the times in the workload's file, where they are times.
    said : what was taken for granted, and the gaps, one sentence each.
    """

    start_ns: int
    step_ns: int
    power_w: Array
    workload: Array
    time_type: pl.DataType
    said: tuple[str, ...]

    @property
    def step_s(self) -> float:
        """Distance of the steps. [s]"""
        return self.step_ns / NS

    def times(self, steps: NDArray[np.intp]) -> pl.Series:
        """The instants of some steps, in the form of the workload's file."""
        ns = pl.Series(TIME, self.start_ns + steps * self.step_ns, dtype=pl.Int64)
        return ns.cast(pl.Datetime("ns", "UTC")).cast(self.time_type)


@dataclass(frozen=True, slots=True)
class _Rows:
    """A file as it is read: times ascending, a NaN for an empty cell."""

    file: Path
    ns: NDArray[np.int64]
    values: Array
    time_type: pl.DataType
    assumed: str


def read_power_tables(workload: Path, power: Path) -> PowerTables:
    """Both files on the grid of the workload.

    Raises
    ------
    ConfigError  For a file that cannot be read, a column that is missing, a value that cannot be
        true, times that are no grid, and files that have no time in common.
    """
    work, measured = _read(workload, WORKLOAD), _read(power, (POWER,))
    _check_shares(work)
    step_ns = _step_of(work)
    for rows in (work, measured):
        _check_grid(rows, work, step_ns)
    _check_overlap(work, measured)
    start_ns = int(min(work.ns[0], measured.ns[0]))
    steps = (int(max(work.ns[-1], measured.ns[-1])) - start_ns) // step_ns + 1
    if steps > MAX_STEPS:
        rule = f"the files span {steps} steps of {step_ns / NS:g} s; at most {MAX_STEPS}"
        raise ConfigError(str(workload), None, rule, "give a part of them, or a wider grid")
    laid = [_laid(rows, start_ns, step_ns, steps) for rows in (work, measured)]
    return PowerTables(
        start_ns,
        step_ns,
        laid[1][:, 0],
        np.where(known_rows(laid[0])[:, np.newaxis], laid[0], np.nan),
        work.time_type,
        tuple(_said(work, measured, step_ns)),
    )


def _read(file: Path, columns: tuple[str, ...]) -> _Rows:
    there = columns_of(file, TIME)
    for column in (TIME, *columns):
        if column not in there:
            rule = "must be a column" if there else "must be a column; there are none"
            raise ConfigError(f"{file}: {column}", None, rule, did_you_mean(column, there))
    raw = read_columns(file, [TIME, *columns], TIME)
    if not raw.height:
        raise ConfigError(str(file), None, "holds no rows", "name another file")
    times = times_of(raw[TIME], f"{file}: {TIME}")
    _check_times(file, raw[TIME], times.ns)
    values = np.column_stack([_numbers(raw[column], f"{file}: {column}") for column in columns])
    given = raw[TIME].dtype
    has_zone = isinstance(given, pl.Datetime) and given.time_zone is not None
    time_type = given if has_zone else pl.Datetime("us", "UTC")
    assumed = f"{file}: column {TIME!r} {times.assumed}" if times.assumed else ""
    return _Rows(file, times.ns.to_numpy(), values, time_type, assumed)


def _check_times(file: Path, given: pl.Series, ns: pl.Series) -> None:
    unread = ns.is_null().arg_true()
    if len(unread):
        row = int(unread[0])
        rule = "cannot be read as a time; RFC 3339, or a number of s, ms, µs or ns since 1970"
        raise ConfigError(_row(file, TIME, row), given[row], rule, "mend or leave out the row")
    wrong = np.flatnonzero(np.diff(ns.to_numpy()) <= 0)
    if len(wrong):
        row = int(wrong[0]) + 1
        again = ns[row] == ns[row - 1]
        rule = f"{'is the time of' if again else 'lies before'} the row above it"
        way_out = "keep one of them" if again else "sort the file by time"
        raise ConfigError(_row(file, TIME, row), rfc3339(ns[row]), rule, way_out)


def _numbers(column: pl.Series, place: str) -> Array:
    """Float64 with NaN for what is empty."""
    text = column.dtype == pl.String
    if not (text or column.dtype.is_numeric() or column.dtype == pl.Null):
        raise ConfigError(place, str(column.dtype), "must hold numbers", "name another file")
    given = column.str.strip_chars().replace("", None) if text else column
    numbers = given.cast(pl.Float64, strict=False)
    no_number = (numbers.is_null() & given.is_not_null()) | numbers.is_infinite()
    below = numbers.is_not_nan() & (numbers < 0.0)
    for wrong, rule in ((no_number, "must be a finite number"), (below, "must not be negative")):
        rows = wrong.fill_null(value=False).arg_true()
        if len(rows):
            row = int(rows[0])
            way_out = "mend it, or leave the cell empty, which makes a gap"
            raise ConfigError(f"{place}: row {row + 1}", column[row], rule, way_out)
    return numbers.fill_null(np.nan).to_numpy()


def _check_shares(work: _Rows) -> None:
    tasks = work.values[:, 0]
    for number, column in enumerate(WORKLOAD[1:], start=1):
        with np.errstate(invalid="ignore"):
            wrong = np.flatnonzero(work.values[:, number] > _SHARES * tasks)
        if len(wrong):
            row = int(wrong[0])
            rule = f"sums shares of 0 to 1 over {tasks[row]:g} tasks, so that it is at most that"
            value = float(work.values[row, number])
            raise ConfigError(_row(work.file, column, row), value, rule, "divide percents by 100")


def _step_of(work: _Rows) -> int:
    """The commonest distance of rows. [ns]"""
    if len(work.ns) < 2:  # noqa: PLR2004 - a distance takes two
        raise ConfigError(str(work.file), None, "holds one row; a grid needs two", "name another")
    distances, counts = np.unique(np.diff(work.ns), return_counts=True)
    step_ns = int(distances[np.argmax(counts)])
    if not MIN_STEP_S <= step_ns / NS <= MAX_STEP_S:
        rule = f"rows must be {MIN_STEP_S:g} to {MAX_STEP_S:g} s apart"
        raise ConfigError(f"{work.file}: {TIME}", f"{step_ns / NS:g} s", rule, "resample the file")
    return step_ns


def _check_grid(rows: _Rows, work: _Rows, step_ns: int) -> None:
    wrong = np.flatnonzero((rows.ns - work.ns[0]) % step_ns)
    if len(wrong):
        row = int(wrong[0])
        first = rfc3339(int(work.ns[0]))
        rule = f"lies beside the grid of {step_ns / NS:g} s from {first} of {work.file.name}"
        where = _row(rows.file, TIME, row)
        raise ConfigError(where, rfc3339(int(rows.ns[row])), rule, "resample the file to that grid")


def _check_overlap(work: _Rows, measured: _Rows) -> None:
    first, second = sorted((work, measured), key=lambda rows: int(rows.ns[0]))
    if first.ns[-1] < second.ns[0]:
        rule = f"ends before {second.file} begins, at {rfc3339(int(second.ns[0]))}"
        last = rfc3339(int(first.ns[-1]))
        raise ConfigError(str(first.file), last, rule, "give files of the same time")


def _laid(rows: _Rows, start_ns: int, step_ns: int, steps: int) -> Array:
    laid = np.full((steps, rows.values.shape[1]), np.nan)
    laid[(rows.ns - start_ns) // step_ns] = rows.values
    return laid


def _said(work: _Rows, measured: _Rows, step_ns: int) -> Iterator[str]:
    for rows, what in ((work, "workload"), (measured, "power")):
        if rows.assumed:
            yield rows.assumed
        span = int(rows.ns[-1] - rows.ns[0]) // step_ns + 1
        full = int(known_rows(rows.values).sum())
        if span > full:
            yield f"{rows.file}: {span - full} of {span} steps have no {what}; they are passed over"


def _row(file: Path, column: str, row: int) -> str:
    """Place of a cell; rows count from 1, below the head."""
    return f"{file}: {column}: row {row + 1}"
