"""Which files of the history are made into one, and when; a bounded piece of it a round.

The files of a date become one once the date is past: by the time of the logs, an hour after its
end, with nothing of it waiting. A date that late values come to is merged again. A date that
still goes on is merged in parts when it has very many files, as that of a large site has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol

import structlog

from podtwin.store import parquet
from podtwin.store.checksum import UNREADABLE, flaw
from podtwin.store.merge import Merge, remove
from podtwin.store.parquet import NS_PER_DAY, SealedFile

LOGS: Final = ("log", "derived")
# What was received before midnight is sealed within an hour.
PAST_NS: Final = 3_600_000_000_000
# Files open at once in a merge; as many of today's are read in about 40 ms.
MAX_FILES: Final = 64
# One to two seconds of a core; a day of 38 points is half of it.
ROUND_ROWS: Final = 2_000_000
ROUND_DATES: Final = 2_000  # 20 ms of listing folders

_events = structlog.get_logger("podtwin.store.compaction")
Date = tuple[str, int]


class Sealing(Protocol):
    """What the sealer knows of its logs."""

    @property
    def newest_recv_ns(self) -> int:
        """The newest receive time in the logs."""

    def waits(self, site: str, day: int) -> bool:
        """Whether rows of a date are not sealed yet."""


def plan(
    files: Sequence[SealedFile], size: Callable[[Path], int], *, past: bool
) -> Sequence[SealedFile]:
    """The files of a date and log to be merged now, neighbours all; empty for none.

    size : bytes of a file. past : whether the date is over.
    """
    if len(files) > MAX_FILES:
        sizes = [size(file.path) for file in files]
        starts = range(len(files) - MAX_FILES + 1)
        lightest = min(starts, key=lambda start: sum(sizes[start : start + MAX_FILES]))
        return files[lightest : lightest + MAX_FILES]
    return files if past and len(files) > 1 else ()


class Compactor:
    """The merges of a history, one after the other.

    Parameters
    ----------
    root : the folder `history`.
    damaged : told of a file that is, with its site, day and flaw; it takes it away.
    step : called after each operation on the file system; tests break off there.

    Attributes
    ----------
    merges : how many were finished.
    """

    def __init__(
        self,
        root: Path,
        sealing: Sealing,
        damaged: Callable[[Date, SealedFile, str], None],
        step: parquet.Step = parquet.no_step,
    ) -> None:
        self._root = root
        self._sealing = sealing
        self._damaged = damaged
        self._step = step
        self._dates: dict[Date, None] | None = None  # to be looked at, the longest waiting first
        self._merge: tuple[Date, Merge] | None = None
        self.merges = 0

    def look_at(self, date: Date) -> None:
        """Has a date looked at, since a file came to it."""
        if self._dates is not None:
            self._dates[date] = None

    def run(self, stop: Callable[[], bool]) -> bool:
        """A round; whether there is more to do at once."""
        rows = 0
        while not stop():
            if self._merge is None and not self._begin():
                return False
            rows += self._advance()
            if rows >= ROUND_ROWS:
                return True
        return False

    def abandon(self) -> None:
        """Leaves the merge in hand; it is begun anew in a later round."""
        if self._merge is not None:
            date, merge = self._merge
            self._merge = None
            merge.abandon()
            self.look_at(date)

    def _begin(self) -> bool:
        """Begins the next merge that is due; False when none is."""
        if self._dates is None:
            found = parquet.sites_of(self._root)
            self._dates = {(s, day): None for s in found for day in parquet.days_of(self._root, s)}
        for date in list(self._dates)[:ROUND_DATES]:
            del self._dates[date]
            due = self._due(date)
            if due:
                self._merge = date, Merge(due, self._step)
                return True
        return False

    def _due(self, date: Date) -> Sequence[SealedFile]:
        site, day = date
        past = (day + 1) * NS_PER_DAY + PAST_NS <= self._sealing.newest_recv_ns
        past = past and not self._sealing.waits(site, day)
        files = parquet.date_files(self._root, site, day)
        if files.merged and self._all_intact(date, files.sealed):
            remove(files.merged, self._step)
        for log in LOGS:
            due = plan(files.of(log), lambda path: path.stat().st_size, past=past)
            if due:
                return due if self._all_intact(date, due) else ()
        if not past:
            self.look_at(date)
        return ()

    def _all_intact(self, date: Date, files: Sequence[SealedFile]) -> bool:
        """Whether files may be merged; what is damaged must not pass for whole in a new one."""
        flaws = {file: flaw(file.path) for file in files}
        for file, found in flaws.items():
            if found:
                self._damaged(date, file, found)
        if any(flaws.values()):
            self.look_at(date)
        return not any(flaws.values())

    def _advance(self) -> int:
        assert self._merge is not None  # noqa: S101 - `run` has just begun one
        date, merge = self._merge
        try:
            rows = merge.advance()
        except FileNotFoundError:  # dropped meanwhile
            self.abandon()
            return 0
        except OSError:
            self.abandon()
            raise
        except UNREADABLE as error:  # whole by its checksum: a mistake of ours, and others go on
            _events.error("merge_failed", target=str(merge.target), error=str(error))
            self._merge = None
            merge.abandon()
            return 0
        if not rows:
            self._finished(date, merge)
        return rows

    def _finished(self, date: Date, merge: Merge) -> None:
        self._merge = None
        self.merges += 1
        self.look_at(date)  # its other log, or later files
        _events.debug(
            "files_merged", into=str(merge.target), files=len(merge.sources), rows=merge.rows
        )
