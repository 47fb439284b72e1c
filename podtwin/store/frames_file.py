"""`frames.parquet`: Frames by offset, written and read a row group at a time.

A command holds after the log Frame that it names as its cause. It stands right behind it, under
that Frame's offset, and a read never parts the two: whoever goes on after an offset has the
commands at that offset as well, just as a checkpoint at it has.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl
from polars.io.plugins import register_io_source

from podcore.frame import Frame, Kind, Source
from podtwin.store.recording_files import foreign

GROUP_FRAMES: Final = 16_384  # 20 MB at 1.2 kB; read in 4 ms wherever it stands in the file

_SCHEMA: Final[dict[str, pl.DataType]] = {
    "offset": pl.Int64(),
    "kind": pl.UInt8(),
    "site": pl.String(),
    "node": pl.String(),
    "boot": pl.String(),
    "seq": pl.Int64(),
    "ts_ns": pl.Int64(),
    "recv_ns": pl.Int64(),
    "cause": pl.Int64(),
    "source": pl.UInt8(),
    "flags": pl.UInt8(),
    "body": pl.Binary(),
}
_KINDS = {int(kind): kind for kind in Kind}
_SOURCES = {int(source): source for source in Source}


def write_frames(batches: Iterator[Sequence[Frame]], path: Path) -> None:
    """All Frames of the batches, streamed: about two row groups are held."""

    def frames(
        _columns: list[str] | None,
        _predicate: pl.Expr | None,
        _rows: int | None,
        _batch: int | None,
    ) -> Iterator[pl.DataFrame]:
        for batch in batches:
            yield _table(batch)

    stream = register_io_source(frames, schema=_SCHEMA)
    stream.sink_parquet(path, compression="zstd", row_group_size=GROUP_FRAMES)


class FramesFile:
    """The Frames of a recording as a `LogReader`.

    Parameters
    ----------
    path : the file.
    frames : how many Frames it must hold.

    Raises
    ------
    ConfigError  When it is no such file, or not all of it.
    """

    def __init__(self, path: Path, frames: int) -> None:
        self._path = path
        self._rows = self._count()
        if self._rows != frames:
            raise foreign(path, f"holds {self._rows} Frames where the manifest says {frames}")
        self._start = 0
        self._held: list[Frame] = []
        self._offsets: list[int] = []
        self._first = self._offset_at(0) if frames else 1
        self._last = self._offset_at(frames - 1) if frames else 0

    def read(self, after: int, limit: int) -> list[Frame]:
        """Frames above `after`; more than `limit` only where commands share one offset."""
        if after >= self._last:
            return []
        if not self._offsets or not self._offsets[0] - 1 <= after < self._offsets[-1]:
            self._load(self._next_row(after))
        begin = bisect.bisect_right(self._offsets, after)
        end = min(begin + limit, len(self._held))
        if end < len(self._held):
            last = self._offsets[end]
            whole = bisect.bisect_left(self._offsets, last)
            end = whole if whole > begin else bisect.bisect_right(self._offsets, last)
        return self._held[begin:end]

    def first_offset(self) -> int:
        """The lowest offset held."""
        return self._first

    def last_offset(self) -> int:
        """The highest offset held."""
        return self._last

    def _next_row(self, after: int) -> int:
        """A row from which the first Frame above `after` is at most one row group away."""
        if self._offsets and after == self._offsets[-1]:
            return self._start + len(self._held)
        groups = range(-(-self._rows // GROUP_FRAMES))
        group = bisect.bisect_right(groups, after, key=lambda k: self._offset_at(k * GROUP_FRAMES))
        return max(0, group - 1) * GROUP_FRAMES

    def _load(self, row: int) -> None:
        """Holds about one row group from `row` on, without the start of a shared offset."""
        rows = self._slice(row, 2 * GROUP_FRAMES)
        try:
            held = [_frame(values) for values in rows.iter_rows()]
        except KeyError as error:
            raise foreign(self._path, f"holds an unknown kind or source {error}") from error
        offsets = [frame.offset for frame in held]
        if row + len(held) < self._rows:
            whole = bisect.bisect_left(offsets, offsets[-1])
            held, offsets = held[:whole], offsets[:whole]
        if not held or any(a > b for a, b in itertools.pairwise(offsets)):
            raise foreign(self._path, f"is out of order near row {row}")
        self._start, self._held, self._offsets = row, held, offsets

    def _slice(self, row: int, length: int) -> pl.DataFrame:
        try:
            return pl.scan_parquet(self._path, schema=_SCHEMA).slice(row, length).collect()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise foreign(self._path, f"is damaged near row {row} ({error})") from error

    def _offset_at(self, row: int) -> int:
        return int(self._slice(row, 1)["offset"][0])

    def _count(self) -> int:
        try:
            return int(
                pl.scan_parquet(self._path, schema=_SCHEMA).select(pl.len()).collect().item()
            )
        except (pl.exceptions.PolarsError, OSError) as error:
            raise foreign(self._path, f"cannot be read ({error})") from error


def _table(frames: Sequence[Frame]) -> pl.DataFrame:
    columns = {name: [getattr(frame, name) for frame in frames] for name in _SCHEMA}
    return pl.DataFrame(columns, schema=_SCHEMA)


def _frame(row: tuple[Any, ...]) -> Frame:
    offset, kind, site, node, boot, seq, ts_ns, recv_ns, cause, source, flags, body = row
    return Frame(
        offset,
        _KINDS[kind],
        site,
        node,
        boot,
        seq,
        ts_ns,
        recv_ns,
        cause,
        _SOURCES[source],
        flags,
        body,
    )
