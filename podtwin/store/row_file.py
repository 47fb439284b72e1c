"""A Parquet file of rows, written: its encodings, its checksum, its way onto the disk.

pyarrow writes, polars reads. polars cannot choose encodings, and they make the difference
(docs/decisions/0010): a day of a simulated site takes 6.0 bytes a row as polars writes it and 1.1
with times and numbers as differences and values split into their bytes.

Readers of the history do without this module, and so without pyarrow.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

import polars as pl
import pyarrow.parquet as pq

from podtwin.store import checksum, parquet
from podtwin.store.last_rows import KEY, may_be_last, newest, pack
from podtwin.store.rows import ANSWERED, SCHEMA

# What a read decodes at least. A day of 38 points: 1.41 bytes a row and 6 ms for one point in
# groups of 131,072, 1.14 and 13 ms here, 1.10 and 50 ms in twice as much.
ROW_GROUP_ROWS: Final = 524_288
# Level 9 is 3 % smaller than level 3 and takes half as long again.
ZSTD_LEVEL: Final = 3
# One page a column: what repeats from point to point is found by zstd within a page alone.
_PAGE_BYTES: Final = 8 * ROW_GROUP_ROWS
_ENCODINGS: Final = {
    "ts": "DELTA_BINARY_PACKED",
    "seq": "DELTA_BINARY_PACKED",
    "recv_delay_ms": "BYTE_STREAM_SPLIT",
    "value": "BYTE_STREAM_SPLIT",
}
_OLDEST: Final = pl.CompatLevel.oldest()  # text as pyarrow can write it


class Writer(Protocol):
    """What is used of pyarrow's writer."""

    def write_table(self, table: object, *, row_group_size: int) -> None:
        """Begins a row group."""

    def add_key_value_metadata(self, pairs: Mapping[str, str]) -> None:
        """Adds to what the footer will say."""

    def close(self) -> None:
        """Writes the footer."""


class RowFile:
    """A file being written: rows in the order of `rows.ORDER`, then `close`.

    Each `add` begins a row group, so that a point whose rows come in one lies in one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last: list[pl.DataFrame] = []
        self._writer = writer(path, SCHEMA, _ENCODINGS)

    def add(self, rows: pl.DataFrame) -> None:
        """Appends rows of `SCHEMA`."""
        self._writer.write_table(table_of(rows, SCHEMA), row_group_size=ROW_GROUP_ROWS)
        self._last.append(rows.select(ANSWERED).filter(may_be_last()))

    def close(self) -> None:
        """Ends the file and writes its checksum; it is not flushed to the disk yet."""
        last = pack(newest(self._last))
        self._writer.add_key_value_metadata({KEY: last, checksum.KEY: checksum.UNSET})
        self._writer.close()
        checksum.stamp(self._path)

    def abandon(self) -> None:
        """Ends without a file."""
        self._writer.close()
        self._path.unlink(missing_ok=True)


def writer(path: Path, schema: Mapping[str, pl.DataType], encodings: Mapping[str, str]) -> Writer:
    """A file being written; columns without an encoding go through dictionaries."""
    made: Writer = pq.ParquetWriter(  # type: ignore[no-untyped-call] # has no types
        path,
        pl.DataFrame(schema=schema).to_arrow(compat_level=_OLDEST).schema,
        compression="zstd",
        compression_level=ZSTD_LEVEL,
        use_dictionary=[name for name in schema if name not in encodings],
        column_encoding=dict(encodings),
        data_page_size=_PAGE_BYTES,
        max_rows_per_page=ROW_GROUP_ROWS,
        store_schema=False,
    )
    return made


def table_of(rows: pl.DataFrame, schema: Mapping[str, pl.DataType]) -> object:
    """Rows as a `Writer` takes them."""
    return rows.select(list(schema)).to_arrow(compat_level=_OLDEST)


def write_rows(rows: pl.DataFrame, path: Path, step: parquet.Step = parquet.no_step) -> None:
    """The rows under `path`, whole or not at all, durable on return.

    Parameters
    ----------
    rows : sorted by `rows.ORDER`.
    step : called with `written`, `synced`, `renamed`; tests break off there.
    """
    parquet.make_folder(path.parent)
    hidden = parquet.hidden(path)
    file = RowFile(hidden)
    file.add(rows)
    file.close()
    step("written")
    publish(hidden, path, step)


def publish(hidden: Path, path: Path, step: parquet.Step) -> None:
    """Gives a finished file its name; the steps are those of `write_rows` after `written`."""
    parquet.sync(hidden)
    step("synced")
    hidden.rename(path)
    parquet.sync(path.parent)
    step("renamed")
