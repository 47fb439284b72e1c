"""The files of rollups, beside the history and named by the sealed file that they are made from.

    rollups/site=ams-03/date=2026-11-24/log-1-52310.1h.parquet

They lie in a folder of their own, since other tools take every file below `history` for rows. The
name alone says whether a rollup still holds: as long as the sealed file of that name is the only
one that its date has of its log. Late values make a second one, and the two a third with a name of
its own, so nothing has to be marked, and a crash between any two steps leaves nothing wrong.

All of it can be made again from the history: what is damaged or left over is deleted.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl

from podtwin.store import parquet
from podtwin.store.checksum import flaw, told
from podtwin.store.parquet import DateFiles, SealedFile
from podtwin.store.rollup import ROLLED, ROLLUPS, Rollup

MADE_FROM = "podtwin.rollup_of"  # in the footer: the checksum of the sealed file


def root_of(history: Path) -> Path:
    """The folder of the rollups of a history."""
    return history.with_name("rollups")


def path_of(history: Path, file: SealedFile, rollup: Rollup) -> Path:
    """Where a rollup of a sealed file lies."""
    folder = root_of(history) / file.path.parent.relative_to(history)
    return folder / f"{file.path.stem}.{rollup.name}.parquet"


def alone(files: DateFiles, log: str) -> SealedFile | None:
    """The only file that holds rows of a log in a date, of which rollups can be made."""
    sealed = files.of(log)
    return sealed[0] if len(sealed) == 1 and not files.others else None


def holding(
    history: Path, files: DateFiles, logs: Iterable[str], rollup: Rollup
) -> list[Path] | None:
    """The rollups that stand for all files of a date, or None when there are not all of them."""
    if files.others:
        return None
    paths = []
    for log in logs:
        if files.of(log):
            file = alone(files, log)
            path = None if file is None else path_of(history, file, rollup)
            if path is None or not path.exists():
                return None
            paths.append(path)
    return paths


def missing(history: Path, files: DateFiles, log: str) -> SealedFile | None:
    """The file of a log in a date of which some rollup is still to be made."""
    file = alone(files, log)
    if file is None or all(path_of(history, file, rollup).exists() for rollup in ROLLUPS):
        return None
    return file


def left_over(history: Path, site: str, day: int, files: DateFiles) -> list[Path]:
    """What a date's folder of rollups holds beside those of its files, unfinished ones too."""
    folder = parquet.date_folder(root_of(history), site, day)
    wanted = {path_of(history, file, rollup) for file in files.sealed for rollup in ROLLUPS}
    return [folder / name for name in parquet.entries(folder) if folder / name not in wanted]


def forget(history: Path, site: str, day: int) -> None:
    """Deletes a date's rollups; done before a sealed file goes whose name may come again."""
    folder = parquet.date_folder(root_of(history), site, day)
    if folder.is_dir():
        shutil.rmtree(folder)
        parquet.sync(folder.parent)


def forget_gone(history: Path) -> int:
    """Deletes the rollups of dates that the history has no more; of how many dates."""
    root, gone = root_of(history), 0
    for site in parquet.sites_of(root):
        for day in sorted({*parquet.days_of(root, site)} - {*parquet.days_of(history, site)}):
            forget(history, site, day)
            gone += 1
    return gone


def scan(paths: Sequence[Path]) -> pl.LazyFrame:
    """The buckets of some rollups, and a row with count 0 for each series that is not rolled."""
    return parquet.scan(paths, ROLLED)


def damaged(history: Path, file: SealedFile) -> list[Path]:
    """The rollups of an intact file that are damaged, or were made from other content."""
    made = [path for rollup in ROLLUPS if (path := path_of(history, file, rollup)).exists()]
    return [path for path in made if flaw(path) or _made_from(path) != told(file.path)]


def _made_from(path: Path) -> str:
    return pl.read_parquet_metadata(path).get(MADE_FROM, "")
