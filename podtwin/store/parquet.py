"""The files of the embedded history: names, folders, atomic writes, scans.

    history/site=ams-03/date=2026-11-24/log-1-52310.parquet

A name tells which log the rows came from and the first and last offset of this date in it.
All rows of a date up to the highest last offset of its files are in its files: that is what a
reader takes the rest of the log by, and what the sealer knows its unfinished files by. Files of
any other name are read as well, and compaction leaves them alone.

Neighbouring files become one (compaction) whose name spans theirs. A file whose offsets lie
within another's of the same log holds nothing that the other does not: whoever finds both passes
it over, so a crash between the two steps (the new file gets its name; the old ones go) leaves
nothing to be mended.

Files may vanish and appear while they are read (sealing, compaction, retention). A file is
complete once its name does not begin with a dot.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

import polars as pl

from podcore.names import is_id
from podtwin.store.rows import SCHEMA, TS

NS_PER_DAY: Final = 86_400_000_000_000

_NAME = re.compile(r"(log|derived)-(\d{1,19})-(\d{1,19})\.parquet")
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()

Step = Callable[[str], None]


def no_step(_name: str) -> None:
    """The step hook of production: nothing happens between two steps."""


@dataclass(frozen=True, slots=True, order=True)
class SealedFile:
    """A file that the sealer wrote: rows of one log with offsets from `first` to `last`."""

    first: int
    last: int
    log: str
    path: Path

    def spans(self, other: SealedFile) -> bool:
        """Whether all rows of the other file are in this one too."""
        return self.log == other.log and self.first <= other.first and other.last <= self.last


@dataclass(frozen=True, slots=True)
class DateFiles:
    """What lies in one date folder.

    sealed : the sealer's files, by first offset, none within another.
    others : every other Parquet file, by name.
    merged : the sealer's files that lie within one of `sealed`.
    """

    sealed: tuple[SealedFile, ...] = ()
    others: tuple[Path, ...] = ()
    merged: tuple[SealedFile, ...] = ()

    def of(self, log: str) -> list[SealedFile]:
        """The sealer's files of one log, by first offset."""
        return [file for file in self.sealed if file.log == log]

    def holds(self, file: SealedFile) -> bool:
        """Whether all rows of a file are in these."""
        return any(one.spans(file) for one in self.sealed)

    def last(self, log: str) -> int:
        """The offset up to which all rows of this date are in its files."""
        return max((file.last for file in self.sealed if file.log == log), default=0)

    def paths(self, logs: Iterable[str]) -> list[Path]:
        """The files to read for some logs, older offsets first."""
        chosen = set(logs)
        return [*self.others, *(file.path for file in self.sealed if file.log in chosen)]


def day_of(ts_ns: int) -> int:
    """Days since 1970-01-01 UTC."""
    return ts_ns // NS_PER_DAY


def day_text(day: int) -> str:
    """The day as `2026-11-24`."""
    return date.fromordinal(_EPOCH_ORDINAL + day).isoformat()


def day_named(name: str) -> int | None:
    """The day that a folder `date=2026-11-24` is of; None for any other name."""
    try:
        midnight = datetime.strptime(name, "date=%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return None
    return midnight.toordinal() - _EPOCH_ORDINAL


def instant(ts_ns: int) -> pl.Expr:
    """The instant as a literal of the column `ts`."""
    return pl.lit(ts_ns, dtype=pl.Int64).cast(TS)


def site_folder(root: Path, site: str) -> Path:
    """Where a site's dates lie."""
    return root / f"site={site}"


def date_folder(root: Path, site: str, day: int) -> Path:
    """Where a date's files lie."""
    return site_folder(root, site) / f"date={day_text(day)}"


def sealed_path(root: Path, site: str, day: int, log: str, first: int, last: int) -> Path:
    """The path of a sealed file."""
    return date_folder(root, site, day) / f"{log}-{first}-{last}.parquet"


def sites_of(root: Path) -> list[str]:
    """The sites that have a folder, sorted."""
    names = (name.removeprefix("site=") for name in entries(root) if name.startswith("site="))
    return sorted(name for name in names if is_id(name))


def days_of(root: Path, site: str) -> list[int]:
    """The days for which a site has a folder, ascending."""
    days = (day_named(name) for name in entries(site_folder(root, site)))
    return sorted(day for day in days if day is not None)


def date_files(root: Path, site: str, day: int) -> DateFiles:
    """The complete files of a date; empty when the folder is gone."""
    folder = date_folder(root, site, day)
    sealed: list[SealedFile] = []
    others: list[Path] = []
    for name in entries(folder):
        match = _NAME.fullmatch(name)
        if match is not None:
            sealed.append(SealedFile(int(match[2]), int(match[3]), match[1], folder / name))
        elif name.endswith(".parquet") and not name.startswith("."):
            others.append(folder / name)
    whole, merged = _sifted(sealed)
    return DateFiles(tuple(whole), tuple(sorted(others)), tuple(merged))


def is_sealed(path: Path) -> bool:
    """Whether a file is the sealer's by its name, and so sorted, with no row in it twice."""
    return _NAME.fullmatch(path.name) is not None


def hidden(path: Path) -> Path:
    """Where a file is written until it is complete."""
    return path.with_name(f".{path.name}")


def unfinished(root: Path, site: str, day: int) -> list[Path]:
    """What a crash left of files that never got their name."""
    folder = date_folder(root, site, day)
    names = (name for name in entries(folder) if name.startswith("."))
    return [folder / name for name in names if _NAME.fullmatch(name[1:])]


def scan(
    paths: Sequence[Path], schema: Mapping[str, pl.DataType] = MappingProxyType(SCHEMA)
) -> pl.LazyFrame:
    """The rows of some files, in the order of the files; columns that a file lacks are null."""
    if not paths:
        return pl.LazyFrame(schema=schema)
    # The folders' names were read by whoever chose the files, so no hive columns are needed.
    return pl.scan_parquet(
        list(paths),
        schema=dict(schema),
        glob=False,
        hive_partitioning=False,
        hidden_file_prefix=".",
        missing_columns="insert",
        extra_columns="ignore",
    )


def make_folder(folder: Path) -> None:
    """The folder and its missing parents, each entry durable."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync(folder.parent)


def sync(path: Path) -> None:
    """Flushes a file's content, or a folder's entries, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sifted(files: Iterable[SealedFile]) -> tuple[list[SealedFile], list[SealedFile]]:
    """Files that lie within no other, by first offset, and those that do."""
    whole: list[SealedFile] = []
    merged: list[SealedFile] = []
    for file in sorted(files, key=lambda file: (file.log, file.first, -file.last)):
        within = bool(whole) and whole[-1].spans(file)
        (merged if within else whole).append(file)
    return sorted(whole), merged


def entries(folder: Path) -> Iterator[str]:
    """The names in a folder, none when it is gone."""
    try:
        with os.scandir(folder) as entries:
            yield from [entry.name for entry in entries]
    except (FileNotFoundError, NotADirectoryError):
        return
