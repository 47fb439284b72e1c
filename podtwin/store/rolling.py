"""Rollups made of a sealed file, a few points at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import polars as pl

from podtwin.store import checksum, parquet
from podtwin.store.checksum import told
from podtwin.store.merge import turns
from podtwin.store.parquet import SealedFile
from podtwin.store.rollup import HOUR, KEY, MINUTE, ROLLED, ROLLUPS, Fold, Rollup
from podtwin.store.rollup_files import MADE_FROM, path_of
from podtwin.store.row_file import publish, table_of, writer
from podtwin.store.rows import ANSWERED, SERIES

# Below so many values a bucket a series is not rolled: a bucket takes four numbers and up, and a
# reader is no faster by it. Ten-second points are rolled by the hour, those of a second by the
# minute as well.
MIN_DENSITY: Final = 10
# What a read decodes at least: an hourly rollup of 2,000 points is one group.
GROUP_ROWS: Final = 65_536
_ENCODINGS: Final = {
    "ts": "DELTA_BINARY_PACKED",
    **dict.fromkeys(("min", "mean", "max", "last", "variance"), "BYTE_STREAM_SPLIT"),
    **dict.fromkeys(("min_sd", "max_sd", "last_sd"), "BYTE_STREAM_SPLIT"),
}


class Roll:
    """All rollups of one sealed file, in as many turns as it takes.

    Parameters
    ----------
    root : the folder `history`.
    file : intact, and the only one of its log and date.
    step : called after each operation on the file system; tests break off there.
    """

    def __init__(self, root: Path, file: SealedFile, step: parquet.Step = parquet.no_step) -> None:
        self.target = file.path
        self._step = step
        self._turns = iter(turns([file.path]))
        of = told(file.path)
        self._files = {rollup: _RollupFile(path_of(root, file, rollup), of) for rollup in ROLLUPS}

    def advance(self) -> int:
        """Takes one turn; how many rows it read, 0 once all rollups have their names."""
        turn = next(self._turns, None)
        if turn is None:
            self._finish()
            return 0
        rows = parquet.scan([self.target]).filter(turn.chosen()).select(ANSWERED).collect()
        for rollup, buckets in rolled(rows).items():
            self._files[rollup].add(dense(buckets))
        self._step("rolled")
        return turn.rows

    def abandon(self) -> None:
        """Leaves everything as it was."""
        for file in self._files.values():
            file.abandon()

    def _finish(self) -> None:
        for file in self._files.values():
            file.close()
            self._step("written")
            publish(parquet.hidden(file.path), file.path, self._step)


class _RollupFile:
    """A rollup being written."""

    def __init__(self, path: Path, made_from: str) -> None:
        self.path = path
        self._made_from = made_from
        self._held: list[pl.DataFrame] = []
        parquet.make_folder(path.parent)
        self._writer = writer(parquet.hidden(path), ROLLED, _ENCODINGS)

    def add(self, buckets: pl.DataFrame) -> None:
        self._held.append(buckets)
        if sum(map(len, self._held)) >= GROUP_ROWS:
            self._write()

    def close(self) -> None:
        self._write()
        self._writer.add_key_value_metadata(
            {MADE_FROM: self._made_from, checksum.KEY: checksum.UNSET}
        )
        self._writer.close()
        checksum.stamp(parquet.hidden(self.path))

    def abandon(self) -> None:
        self._writer.close()
        parquet.hidden(self.path).unlink(missing_ok=True)

    def _write(self) -> None:
        if self._held:
            table = table_of(pl.concat(self._held), ROLLED)
            self._writer.write_table(table, row_group_size=GROUP_ROWS)
        self._held = []


def rolled(rows: pl.DataFrame) -> dict[Rollup, pl.DataFrame]:
    """Whole series, sorted by `rows.ORDER`, as buckets of each rollup, sorted by `KEY`."""
    minutes, hours = Fold(MINUTE.width_ns), Fold(HOUR.width_ns)
    by_minute = _sorted(minutes.add(rows), minutes.finish())
    by_hour = _sorted(hours.add_buckets(by_minute, MINUTE.width_ns), hours.finish())
    return {MINUTE: by_minute, HOUR: by_hour}


def dense(buckets: pl.DataFrame) -> pl.DataFrame:
    """The buckets of series worth it; one with count 0, at its first time, for each other one."""
    whole = buckets.group_by(SERIES).agg(pl.col("count").sum(), pl.len(), pl.col("ts").min())
    sparse = whole.filter(pl.col("count") < MIN_DENSITY * pl.col("len"))
    marks = sparse.select(
        *KEY,
        pl.lit(0, dtype=ROLLED["count"]).alias("count"),
        pl.lit(0, dtype=ROLLED["flags"]).alias("flags"),
        pl.lit(0, dtype=ROLLED["sd_count"]).alias("sd_count"),
    )
    kept = buckets.join(sparse, on=SERIES, how="anti")
    return pl.concat([kept, marks], how="diagonal").sort(KEY)


def _sorted(*parts: pl.DataFrame) -> pl.DataFrame:
    return pl.concat(parts).sort(KEY)
