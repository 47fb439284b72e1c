"""Tables of made-up readings as files to publish, and what must then be in the history."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

START_MS = 1_780_000_000_000  # 2026-05-28T20:26:40Z
STEP_MS = 30_000


@dataclass(frozen=True, slots=True)
class Rows:
    """A table in a file; every value in it is a different one."""

    path: Path
    frame: pl.DataFrame
    maps: tuple[str, ...]

    @property
    def arguments(self) -> tuple[str, ...]:
        """What `podtwin publish` needs beside site, node and broker."""
        flags = [word for each in self.maps for word in ("--map", each)]
        return (str(self.path), "--time", "at", *flags)

    @property
    def values(self) -> int:
        """Values in it."""
        return self.frame.height * (self.frame.width - 1)


def write_rows(path: Path, rows: int, columns: int = 4, *, first_ms: int = START_MS) -> Rows:
    """Temperatures in Celsius, a row every 30 s, as a CSV or Parquet file."""
    frame = pl.DataFrame(
        {
            "at": [first_ms + STEP_MS * row for row in range(rows)],
            **{f"t{c}": [20.0 + c + row / rows for row in range(rows)] for c in range(columns)},
        }
    )
    if path.suffix == ".csv":
        frame.with_columns(pl.from_epoch("at", "ms").dt.strftime("%Y-%m-%dT%H:%M:%SZ")).write_csv(
            path
        )
    else:
        frame.with_columns(pl.from_epoch("at", "ms").dt.replace_time_zone("UTC")).write_parquet(
            path
        )
    maps = tuple(f"t{column}=probe-{column}/air_temp:Cel" for column in range(columns))
    return Rows(path, frame, maps)
