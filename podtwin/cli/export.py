"""`podtwin export`: ranges of points to a file, whatever their size."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from podtwin.cli.histories import DataDirOption, HistoryOption, open_history
from podtwin.cli.query import FromOption, PointsArgument, SourceOption, ToOption, read_pieces

if TYPE_CHECKING:
    import polars as pl

SUFFIXES = (".csv", ".parquet", ".arrows")


def export(
    points: PointsArgument,
    out: Annotated[
        Path, typer.Option(help=f"File; its ending says the form: {', '.join(SUFFIXES)}.")
    ],
    from_: FromOption = "now-24h",
    to: ToOption = "now",
    source: SourceOption = "measured",
    data_dir: DataDirOption = None,
    history: HistoryOption = None,
) -> None:
    """Write values of points to a CSV, Parquet or Arrow stream file."""
    from podcore.errors import ConfigError

    if out.suffix not in SUFFIXES:
        rule = f"the ending of the file says its form: {', '.join(SUFFIXES)}"
        raise ConfigError("--out", str(out), rule)
    if not out.parent.is_dir():
        raise ConfigError("--out", str(out), "there is no such folder", "make it first")
    held, _ = open_history(data_dir, history)
    counted = _Counted(read_pieces(held, points, (from_, to), source))
    hidden = out.with_name(f".{out.name}.partial")
    try:
        _write(counted, hidden, out.suffix)
        hidden.replace(out)
    finally:
        hidden.unlink(missing_ok=True)
    typer.echo(f"{out}: {counted.rows} rows")


class _Counted:
    """Pieces on their way, with their rows counted and shown."""

    def __init__(self, pieces: Iterator[pl.DataFrame]) -> None:
        self._pieces = pieces
        self.rows = 0

    def __iter__(self) -> Iterator[pl.DataFrame]:
        from podcore.clock import SystemClock
        from podtwin.cli.progress import progress_bar

        with progress_bar("exporting rows", SystemClock()) as advance:
            for piece in self._pieces:
                self.rows += piece.height
                advance(self.rows, self.rows)
                yield piece


def _write(pieces: _Counted, path: Path, suffix: str) -> None:
    from podtwin.api import formats

    if suffix == ".parquet":
        path.write_bytes(formats.parquet_bytes(pieces))
        return
    parts = formats.csv_parts(pieces) if suffix == ".csv" else formats.arrow_parts(pieces)
    with path.open("wb") as file:
        for part in parts:
            file.write(part)
