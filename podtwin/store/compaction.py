"""Which files of the history are made into one, and when; a bounded piece of it a round.

The files of a date become one once the date is past: by the time of the logs, an hour after its
end, with nothing of it waiting. A date that late values come to is merged again. A date that
still goes on is merged in parts when it has very many files, as that of a large site has.

Of the one file of a past date rollups are made, and what is left of earlier ones goes. Whether
there is something to do is seen from the names alone, so a crash leaves no more than that to do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol

import structlog

from podtwin.store import parquet, rollup_files
from podtwin.store.checksum import UNREADABLE, flaw
from podtwin.store.merge import Merge, remove
from podtwin.store.parquet import NS_PER_DAY, DateFiles, SealedFile
from podtwin.store.rolling import Roll

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
    """The merges and rollups of a history, one after the other.

    Parameters
    ----------
    root : the folder `history`.
    damaged : told of a file that is, with its site, day and flaw; it takes it away.
    step : called after each operation on the file system; tests break off there.

    Attributes
    ----------
    merges, rollups : of how many dates and logs they were finished.
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
        self._work: tuple[Date, Merge | Roll] | None = None
        self.merges = self.rollups = 0

    def look_at(self, date: Date) -> None:
        """Has a date looked at, since a file came to it."""
        if self._dates is not None:
            self._dates[date] = None

    def run(self, stop: Callable[[], bool]) -> bool:
        """A round; whether there is more to do at once."""
        rows = 0
        while not stop():
            if self._work is None and not self._begin():
                return False
            rows += self._advance()
            if rows >= ROUND_ROWS:
                return True
        return False

    def abandon(self) -> None:
        """Leaves the work in hand; it is begun anew in a later round."""
        if self._work is not None:
            date, work = self._work
            self._work = None
            work.abandon()
            self.look_at(date)

    def _begin(self) -> bool:
        """Begins what is due next; False when nothing is."""
        if self._dates is None:
            found = parquet.sites_of(self._root)
            self._dates = {(s, day): None for s in found for day in parquet.days_of(self._root, s)}
        for date in list(self._dates)[:ROUND_DATES]:
            del self._dates[date]
            try:
                work = self._due(date)
            except OSError:
                self.look_at(date)
                raise
            if work is not None:
                self._work = date, work
                return True
        return False

    def _due(self, date: Date) -> Merge | Roll | None:
        site, day = date
        past = (day + 1) * NS_PER_DAY + PAST_NS <= self._sealing.newest_recv_ns
        past = past and not self._sealing.waits(site, day)
        files = parquet.date_files(self._root, site, day)
        if files.merged and self._all_intact(date, files.sealed):
            remove(files.merged, self._step)
        for log in LOGS:
            due = plan(files.of(log), lambda path: path.stat().st_size, past=past)
            if due:
                return Merge(due, self._step) if self._all_intact(date, due) else None
        if past:
            return self._rollup_due(date, files)
        self.look_at(date)
        return None

    def _rollup_due(self, date: Date, files: DateFiles) -> Roll | None:
        """The rollups of a past date that are not there; what is left of others goes."""
        for path in rollup_files.left_over(self._root, *date, files):
            path.unlink(missing_ok=True)
            self._step("rollup_removed")
        for log in LOGS:
            file = rollup_files.missing(self._root, files, log)
            if file is not None:
                return (
                    Roll(self._root, file, self._step) if self._all_intact(date, [file]) else None
                )
        return None

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
        assert self._work is not None  # noqa: S101 - `run` has just begun one
        date, work = self._work
        try:
            rows = work.advance()
        except FileNotFoundError:  # dropped meanwhile
            self.abandon()
            return 0
        except OSError:
            self.abandon()
            raise
        except UNREADABLE as error:  # whole by its checksum: a mistake of ours, and others go on
            _events.error("merge_failed", target=str(work.target), error=str(error))
            self._work = None
            work.abandon()
            return 0
        if not rows:
            self._finished(date, work)
        return rows

    def _finished(self, date: Date, work: Merge | Roll) -> None:
        self._work = None
        self.look_at(date)  # its other log, later files, or the rollups of what was merged
        if isinstance(work, Roll):
            self.rollups += 1
            return
        self.merges += 1
        _events.debug(
            "files_merged", into=str(work.target), files=len(work.sources), rows=work.rows
        )
