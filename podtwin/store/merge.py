"""Several sealed files of a date made into one, a few points at a time.

The new file spans the offsets of the old ones, and has its name before they go: the two steps
between which a crash may fall are one state to every reader (`parquet.SealedFile.spans`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from podtwin.store import parquet
from podtwin.store.parquet import SealedFile
from podtwin.store.row_file import ROW_GROUP_ROWS, RowFile, publish
from podtwin.store.rows import settle

# Rows that are held and sorted at once, about 440 bytes each; a point with more has a turn of its
# own. Whole points share a row group, so that a point is read from one.
HELD_ROWS: Final = ROW_GROUP_ROWS
_NAMES: Final = ("asset", "point")


@dataclass(frozen=True, slots=True)
class Turn:
    """Points that are merged together. rows : of all of them, before doubles are settled."""

    names: list[tuple[str, str]]
    rows: int

    def chosen(self) -> pl.Expr:
        """Their rows, with bounds by which row groups can be skipped."""
        assets: dict[str, list[str]] = {}
        for asset, point in self.names:
            assets.setdefault(asset, []).append(point)
        bounds = pl.col("asset").is_between(pl.lit(min(assets)), pl.lit(max(assets)))
        each = [(pl.col("asset") == a) & pl.col("point").is_in(of) for a, of in assets.items()]
        return bounds & pl.any_horizontal(each)


class Merge:
    """One merge, in as many turns as it takes; a crash in between leaves a hidden file.

    Parameters
    ----------
    sources : files of one log and date with no other between them, by first offset, all intact.
    step : called after each operation on the file system; tests break off there.
    """

    def __init__(self, sources: Sequence[SealedFile], step: parquet.Step = parquet.no_step) -> None:
        self.sources = tuple(sources)
        first, last = sources[0].first, max(file.last for file in sources)
        self.target = sources[0].path.with_name(f"{sources[0].log}-{first}-{last}.parquet")
        self._step = step
        self._paths = [file.path for file in sources]
        self._turns = iter(turns(self._paths))
        self._file = RowFile(parquet.hidden(self.target))
        self.rows = 0

    def advance(self) -> int:
        """Takes one turn; how many rows it read, 0 once the merge is done."""
        turn = next(self._turns, None)
        if turn is None:
            self._finish()
            return 0
        settled = settle(parquet.scan(self._paths).filter(turn.chosen()).collect())
        self._file.add(settled)
        self.rows += settled.height
        self._step("added")
        return turn.rows

    def abandon(self) -> None:
        """Leaves everything as it was."""
        self._file.abandon()

    def _finish(self) -> None:
        self._file.close()
        self._step("written")
        publish(parquet.hidden(self.target), self.target, self._step)
        remove(self.sources, self._step)


def remove(files: Sequence[SealedFile], step: parquet.Step) -> None:
    """Deletes files that lie within another, of one folder."""
    for file in files:
        file.path.unlink(missing_ok=True)
        step("removed")
    if files:
        parquet.sync(files[0].path.parent)


def turns(paths: Sequence[Path]) -> Iterator[Turn]:
    """The points of some files by asset and point, as many at a time as may be held."""
    counts = parquet.scan(paths).group_by(_NAMES).len().sort(_NAMES).collect()
    names: list[tuple[str, str]] = []
    held = 0
    for asset, point, rows in counts.iter_rows():
        if names and held + rows > HELD_ROWS:
            yield Turn(names, held)
            names, held = [], 0
        names.append((asset, point))
        held += rows
    if names:
        yield Turn(names, held)
