"""What is to be read of a span of time: Frames from the ends of the logs, and files.

What a date's files do not hold yet is taken from the log by offset; then the files are listed
again. In that order a seal or a trim in between moves rows from where was looked first to where
is looked next, so none is missed; what is found twice is settled by whoever reads. A listing in
the middle of a compaction may lack old files and the new one; it is known by what was there at
the first look and is in no file of the second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from podcore.errors import Unreachable
from podcore.frame import Frame, Kind, Source
from podcore.ports import LogTail
from podtwin.store import parquet
from podtwin.store.parquet import NS_PER_DAY, DateFiles, day_of

# A sealer's start, a compaction and a retention run at once would be three changes.
ATTEMPTS: Final = 4

_NO_FILES = DateFiles()
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class View:
    """Where the rows of a span are.

    tail : reading Frames by offset, of one log after the other; some may be in files too.
    paths : Parquet files of the dates that the span touches.
    files : all files of these dates, by day.
    """

    tail: list[Frame]
    paths: list[Path]
    files: Mapping[int, DateFiles]


class FilesMovedError(Exception):
    """Files that were there at the first look are gone at the second: look again."""


def again(read: Callable[[], _T]) -> _T:
    """The answer of `read`, asked again when files went away in the middle."""
    for _ in range(ATTEMPTS):
        try:
            return read()
        except (FilesMovedError, FileNotFoundError):
            continue
    raise Unreachable("the history's files change faster than they can be read; try again")


def look(root: Path, tails: Mapping[str, LogTail], site: str, span: tuple[int, int]) -> View:
    """What is to be read of a site in a span [from, to) of ns.

    Raises
    ------
    FilesMovedError  When files went away between the two looks.
    """
    before = _files_in(root, site, span)
    tail = [
        frame
        for name, log in tails.items()
        for start, end, after in _gaps(before, name, *span)
        for frame in log.between(site, start, end, after)
        if frame.kind is Kind.READING
    ]
    now = _files_in(root, site, span)
    for day, files in before.items():
        if not all(now.get(day, _NO_FILES).holds(file) for file in files.sealed):
            raise FilesMovedError
    return View(tail, [path for files in now.values() for path in files.paths(tails)], now)


def logs_of(sources: Iterable[Source]) -> set[str]:
    """The names of the logs in which rows of these sources are."""
    return {"log" if source is Source.MEASURED else "derived" for source in sources}


def pieces(
    root: Path, site: str, span: tuple[int, int], parts: Callable[[DateFiles, int], int]
) -> Iterator[tuple[int, int]]:
    """A span cut at its dates that have files, and those into as many parts as `parts` says."""
    start, end = span
    for day, files in _files_in(root, site, span).items():
        low, high = max(start, day * NS_PER_DAY), min(end, (day + 1) * NS_PER_DAY)
        if start < low:
            yield start, low
        step = -(-(high - low) // parts(files, high - low))
        yield from ((at, min(at + step, high)) for at in range(low, high, step))
        start = high
    if start < end:
        yield start, end


def _files_in(root: Path, site: str, span: tuple[int, int]) -> dict[int, DateFiles]:
    """The files of the dates that a span touches, by day."""
    first, last = day_of(span[0]), day_of(span[1] - 1)
    days = [day for day in parquet.days_of(root, site) if first <= day <= last]
    return {day: parquet.date_files(root, site, day) for day in days}


def _gaps(
    files: Mapping[int, DateFiles], log: str, from_ns: int, to_ns: int
) -> Iterator[tuple[int, int, int]]:
    """Parts of a span, each with the offset after which the log has to be asked for it."""
    start = from_ns
    for day, sealed in files.items():
        low, high = max(from_ns, day * NS_PER_DAY), min(to_ns, (day + 1) * NS_PER_DAY)
        if start < low:
            yield start, low, 0
        yield low, high, sealed.last(log)
        start = high
    if start < to_ns:
        yield start, to_ns, 0
