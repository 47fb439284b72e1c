"""An export in parts, so that one that was killed goes on after the last that was whole.

    .week.csv.export/manifest.json     what was asked for, and which points and times that was
    .week.csv.export/000003-38420      the fourth part, 38,420 rows in the form of the result

A part is a date of a site. It gets its name when all of it is on disk, and the result gets its own
once all parts are in it; the folder goes last. So whatever stands under a name is whole.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Final, Protocol

import msgspec
import polars as pl

from podcore.errors import ConfigError
from podcore.frame import Source
from podcore.ports import SeriesQuery
from podtwin.agent.long_files import PIECE_ROWS
from podtwin.api import formats
from podtwin.store import parquet
from podtwin.store.parquet import NS_PER_DAY, Step, no_step
from podtwin.store.row_file import table_of, writer

_SCHEMA: Final = "podtwin/export/1"
_MANIFEST: Final = "manifest.json"
_ENCODINGS: Final = {"ts": "DELTA_BINARY_PACKED", "value": "BYTE_STREAM_SPLIT"}
_COPY_BYTES: Final = 1 << 20


class Asked(msgspec.Struct, frozen=True):
    """The command, as given."""

    points: tuple[str, ...]
    from_text: str
    to_text: str
    sources: str


class Wanted(msgspec.Struct, frozen=True):
    """What it came to for one site."""

    site: str
    points: tuple[str, ...]
    from_ns: int
    to_ns: int
    sources: tuple[int, ...]


class Manifest(msgspec.Struct, frozen=True, rename={"version": "schema"}):
    """Everything that a later run needs to go on."""

    asked: Asked
    began_ns: int
    wanted: tuple[Wanted, ...]
    version: str = _SCHEMA

    def parts(self) -> list[SeriesQuery]:
        """The parts in their order."""
        return [part for wanted in self.wanted for part in _dates(wanted)]


class Pieces(Protocol):
    """The history that is asked."""

    def frames(self, query: SeriesQuery) -> Iterator[pl.DataFrame]:
        """The range in ascending pieces of time."""


Progress = Callable[[int, int], None]


class ExportJob:
    """One export into one file.

    Parameters
    ----------
    out : the result; its ending says the form.
    step : called after each operation on the file system; tests break off there.
    """

    def __init__(self, out: Path, step: Step = no_step) -> None:
        self._out = out
        self._folder = out.with_name(f".{out.name}.export")
        self._step = step

    def unfinished(self) -> Manifest | None:
        """What an earlier run left, or None."""
        try:
            text = (self._folder / _MANIFEST).read_bytes()
        except FileNotFoundError:
            return None
        return msgspec.json.decode(text, type=Manifest)

    def done(self) -> int:
        """How many parts are there."""
        return len(self._parts())

    def begin(self, manifest: Manifest) -> None:
        """Begins anew; what an earlier run left is gone."""
        if self._folder.is_dir():
            shutil.rmtree(self._folder)
        parquet.make_folder(self._folder)
        self._publish(_MANIFEST, [msgspec.json.encode(manifest)])

    def run(
        self, history: Pieces, manifest: Manifest, progress: Progress = lambda _done, _all: None
    ) -> int:
        """Writes what is missing, and the result; how many rows it has.

        Raises
        ------
        ConfigError  When another process does so now.
        """
        with self._alone():
            parts, there = manifest.parts(), self._parts()
            for number, part in enumerate(parts):
                if number not in there:
                    self._write_part(number, history.frames(part))
                progress(number + 1, len(parts))
            made = self._parts()
            self._assemble([self._folder / made[number] for number in range(len(parts))])
            shutil.rmtree(self._folder)
            return sum(int(name.partition("-")[2]) for name in made.values())

    def _parts(self) -> dict[int, str]:
        """The names of the parts that are there, by number."""
        names = (path.name for path in self._folder.glob("[0-9]*-*"))
        return {int(name.partition("-")[0]): name for name in names}

    def _write_part(self, number: int, pieces: Iterable[pl.DataFrame]) -> None:
        hidden, rows = self._folder / ".part", 0

        def counted() -> Iterator[pl.DataFrame]:
            nonlocal rows
            for piece in pieces:
                rows += piece.height
                yield piece

        if self._out.suffix == ".parquet":
            _write_parquet(hidden, counted())
        else:
            _write_bytes(hidden, _bodies(counted(), self._out.suffix))
        self._step("part_written")
        self._name(hidden, self._folder / f"{number:06}-{rows}")
        self._step("part_named")

    def _assemble(self, parts: Sequence[Path]) -> None:
        hidden = self._folder / ".result"
        if self._out.suffix == ".parquet":
            _write_parquet(hidden, (batch for part in parts for batch in _batches(part)))
        else:
            _write_bytes(hidden, _whole(parts, self._out.suffix))
        self._step("assembled")
        self._name(hidden, self._out)
        self._step("named")

    def _publish(self, name: str, content: Iterable[bytes]) -> None:
        hidden = self._folder / f".{name}"
        _write_bytes(hidden, content)
        self._name(hidden, self._folder / name)

    def _name(self, hidden: Path, path: Path) -> None:
        parquet.sync(hidden)
        hidden.replace(path)
        parquet.sync(path.parent)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self._folder / ".lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                rule = "another process exports into this file now"
                raise ConfigError("--out", str(self._out), rule, "wait for it") from None
            yield


def clipped(query: SeriesQuery, extent: tuple[int, int]) -> Wanted:
    """A query as far as the site holds anything."""
    return Wanted(
        query.site,
        query.points,
        max(query.from_ns, extent[0]),
        min(query.to_ns, extent[1] + 1),
        tuple(source.value for source in query.sources),
    )


def _dates(wanted: Wanted) -> Iterator[SeriesQuery]:
    at, sources = wanted.from_ns, tuple(Source(value) for value in wanted.sources)
    while at < wanted.to_ns:
        end = min(at - at % NS_PER_DAY + NS_PER_DAY, wanted.to_ns)
        yield SeriesQuery(wanted.site, wanted.points, at, end, sources)
        at = end


def _bodies(pieces: Iterable[pl.DataFrame], suffix: str) -> Iterator[bytes]:
    """Rows as bytes, without what begins and ends a file."""
    for piece in pieces:
        made = formats.csv_parts([piece]) if suffix == ".csv" else formats.arrow_parts([piece])
        yield from islice(made, 1, 2)


def _whole(parts: Sequence[Path], suffix: str) -> Iterator[bytes]:
    head, *tail = formats.csv_parts([]) if suffix == ".csv" else formats.arrow_parts([])
    yield head
    for part in parts:
        with part.open("rb") as file:
            while block := file.read(_COPY_BYTES):
                yield block
    yield from tail


def _batches(part: Path) -> Iterator[pl.DataFrame]:
    scan = pl.scan_parquet(part, glob=False, hive_partitioning=False)
    yield from scan.collect_batches(chunk_size=PIECE_ROWS, maintain_order=True)


def _write_bytes(path: Path, content: Iterable[bytes]) -> None:
    with path.open("wb") as file:
        file.writelines(content)


def _write_parquet(path: Path, pieces: Iterable[pl.DataFrame]) -> None:
    """A row group a piece."""
    file = writer(path, formats.SCHEMA, _ENCODINGS)
    try:
        for piece in pieces:
            if not piece.is_empty():
                file.write_table(table_of(piece, formats.SCHEMA), row_group_size=piece.height)
    finally:
        file.close()
