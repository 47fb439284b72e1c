"""Files of columns, read, mapped and merged by time into one stream of one node.

Reading takes CSV as text and casts it itself: a column whose first thousand rows are whole
numbers may hold anything after them, and one bad cell must cost no more than that cell.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from podcore.errors import ConfigError
from podcore.names import did_you_mean
from podtwin.agent.mapping import Mapped
from podtwin.agent.times import times_of

_TS, _NTH = "\0ts", "\0nth"  # no column of a file or point is called that
_SEPARATORS = (",", ";", "\t", "|")
_READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Table:
    """Rows in time order; a row is a message, and its number from 1 is its seq.

    ts_ns : (n,) Int64.
    values : (n, points) Float64, null where a point was not sampled.
    period_s : of each point, the median distance of its rows.
    rows_read : rows of all files; more than n where files share instants.
    bad_cells : mapped cells that hold no finite number. bad_times : rows left out for their time.
    assumed : what had to be taken for granted, one sentence each.
    """

    ts_ns: pl.Series
    values: pl.DataFrame
    period_s: dict[str, float]
    rows_read: int
    bad_cells: int
    bad_times: int
    assumed: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.ts_ns)

    @property
    def points_held(self) -> int:
        """Values that are there."""
        missing: int = sum(self.values.null_count().row(0))
        return self.values.height * self.values.width - missing


@dataclass(slots=True)
class _Part:
    frame: pl.DataFrame
    bad_cells: int
    bad_times: int
    assumed: str

    @property
    def points(self) -> set[str]:
        return set(self.frame.columns) - {_TS}


def read_table(files: Sequence[Path], time_column: str, maps: Sequence[Mapped]) -> Table:
    """The mapped columns of all files as one table.

    Raises
    ------
    ConfigError  When a file cannot be read, or a column is in none of them.
    """
    columns = {file: columns_of(file, time_column) for file in files}
    _check_columns(columns, time_column, maps)
    parts = [_read(file, columns[file], time_column, maps) for file in files]
    joined = _joined(parts)
    return Table(
        ts_ns=joined[_TS],
        values=joined.select(mapped.point for mapped in maps),
        period_s=_periods(parts),
        rows_read=sum(part.frame.height + part.bad_times for part in parts),
        bad_cells=sum(part.bad_cells for part in parts),
        bad_times=sum(part.bad_times for part in parts),
        assumed=tuple(dict.fromkeys(part.assumed for part in parts if part.assumed)),
    )


def publication_id(
    files: Sequence[Path], time_column: str, maps: Sequence[Mapped], site: str, node: str
) -> bytes:
    """16 bytes that are the same for the same stream: of the files' bytes, mapping, site, node."""
    digest = hashlib.sha256(b"podtwin/publish/1\0")
    for word in (site, node, time_column, *sorted(map(str, maps))):
        digest.update(word.encode() + b"\0")
    for file in files:
        own = hashlib.sha256()
        with file.open("rb") as stream:
            while block := stream.read(_READ_BYTES):
                own.update(block)
        digest.update(own.digest())
    return digest.digest()[:16]


def _is_parquet(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(4) == b"PAR1"


def columns_of(file: Path, time_column: str) -> list[str]:
    """The names in the file's head.

    Raises
    ------
    ConfigError  When it cannot be read.
    """
    try:
        if _is_parquet(file):
            return list(pl.read_parquet_schema(file))
        return _header(file, _separator(file, time_column))
    except (OSError, UnicodeDecodeError, pl.exceptions.PolarsError) as error:
        raise ConfigError("FILE", str(file), f"cannot be read: {error}") from error


def _header(file: Path, separator: str) -> list[str]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return next(csv.reader(stream, delimiter=separator), [])


def _separator(file: Path, time_column: str) -> str:
    return next((s for s in _SEPARATORS if time_column in _header(file, s)), ",")


def _check_columns(
    columns: dict[Path, list[str]], time_column: str, maps: Sequence[Mapped]
) -> None:
    for file, names in columns.items():
        if time_column not in names:
            way_out = did_you_mean(time_column, names)
            raise ConfigError("--time", time_column, f"is no column of {file}", way_out)
    everywhere = {name for names in columns.values() for name in names} - {time_column}
    for mapped in maps:
        if mapped.column not in everywhere:
            where = "the file" if len(columns) == 1 else f"any of {len(columns)} files"
            way_out = did_you_mean(mapped.column, everywhere)
            raise ConfigError("--map", mapped.column, f"is no column of {where}", way_out)


def _read(file: Path, columns: list[str], time_column: str, maps: Sequence[Mapped]) -> _Part:
    mine = [mapped for mapped in maps if mapped.column in columns]
    wanted = list(dict.fromkeys([time_column, *(mapped.column for mapped in mine)]))
    raw = read_columns(file, wanted, time_column)
    times = times_of(raw[time_column], f"{file}: {time_column}")
    values = [_numbers(raw[m.column], f"{file}: {m.column}").alias(m.point) for m in mine]
    frame = pl.DataFrame([times.ns.alias(_TS), *values])
    kept = frame.filter(pl.col(_TS).is_not_null())
    bad_cells = sum(kept.select(m.point for m in mine).null_count().row(0)) if mine else 0
    assumed = f"{file}: column {time_column!r} {times.assumed}" if times.assumed else ""
    return _Part(kept, bad_cells, frame.height - kept.height, assumed)


def read_columns(file: Path, wanted: list[str], time_column: str) -> pl.DataFrame:
    """Those columns as they stand in the file, of CSV as text.

    Raises
    ------
    ConfigError  When it cannot be read.
    """
    try:
        if _is_parquet(file):
            return pl.read_parquet(file, columns=wanted)
        separator = _separator(file, time_column)
        scan = pl.scan_csv(
            file, separator=separator, infer_schema=False, truncate_ragged_lines=True
        )
        return scan.select(wanted).collect()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ConfigError("FILE", str(file), f"cannot be read: {error}") from error


def _numbers(column: pl.Series, place: str) -> pl.Series:
    dtype = column.dtype
    if dtype == pl.String:
        column = column.str.strip_chars()
    elif not (dtype.is_numeric() or dtype in {pl.Boolean, pl.Null}):
        raise ConfigError(place, str(dtype), "a mapped column holds numbers", "map another column")
    numbers = column.cast(pl.Float64, strict=False)
    return pl.select(pl.when(numbers.is_finite()).then(numbers)).to_series()


def _joined(parts: Sequence[_Part]) -> pl.DataFrame:
    """One row an instant; files that share a column follow each other, others lie beside them."""
    stacks: list[pl.DataFrame] = []
    for part in parts:
        frame = part.frame
        if not part.points:
            continue
        for other in [stack for stack in stacks if part.points & set(stack.columns)]:
            stacks.remove(other)
            frame = pl.concat([other, frame], how="diagonal")
        stacks.append(frame)
    # A file may hold an instant twice: the first meets the first of the other files, and so on.
    numbered = [
        _in_order(frame).with_columns(pl.int_range(pl.len()).over(_TS).alias(_NTH))
        for frame in stacks
    ]
    joined = numbered[0]
    for frame in numbered[1:]:
        joined = joined.join(frame, on=[_TS, _NTH], how="full", coalesce=True)
    points = pl.exclude(_TS, _NTH)
    return joined.filter(pl.any_horizontal(points.is_not_null())).sort(_TS, _NTH).drop(_NTH)


def _in_order(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.sort(_TS, maintain_order=True)


def _periods(parts: Sequence[_Part]) -> dict[str, float]:
    periods: dict[str, float] = {}
    for part in parts:
        steps = part.frame[_TS].sort().diff().drop_nulls()
        middle = steps.filter(steps > 0).median()
        if isinstance(middle, int | float):
            periods |= {point: max(round(middle / 1e9, 3), 0.001) for point in part.points}
    return periods
