"""Sealing one log: its rows into the Parquet files of the history, cut by the log alone.

A site is sealed when its oldest waiting row is an hour of receive time old, as told by the
newest receive in the logs, or when 100,000 of its values wait; then everything of it that was
read so far becomes one file for each UTC date. A site that waits costs a few numbers: its rows
are read again from the log when their time comes.

Three kinds of offsets per log are durable. `sealer/log/{site}` says up to where a site is
sealed; it moves after all files of a seal are in place. `sealer/log` is the smallest offset
below which nothing waits: the log may be trimmed up to it, and reading starts after it. The
files' names carry theirs. So a crash leaves at most files past their site's cursor: `recover`
removes those that the log can write again, and sets aside, readable, those that it cannot
(another log, a lost state database): history is never deleted on a guess.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import polars as pl
import structlog

from podcore.frame import READING, Frame, Kind
from podcore.ports import Cursors, LogReader, LogTail
from podtwin.store import parquet
from podtwin.store.checksum import flaw
from podtwin.store.quarantine import free, set_apart
from podtwin.store.rollup_files import forget
from podtwin.store.row_file import write_rows
from podtwin.store.rows import NS_PER_MS, RowBuilder

MAX_AGE_NS: Final = 3_600_000_000_000
# 11 MB of columns while a seal is written; an hour of 38 points is a third of it.
MAX_VALUES: Final = 100_000
READ_FRAMES: Final = 2_000  # the most that a log gives at once

_events = structlog.get_logger("podtwin.store.sealer")


class SealableLog(LogReader, LogTail, Protocol):
    """A log by offset and by time."""


class SealReason(enum.StrEnum):
    """Why a site is sealed now."""

    AGE = "age"
    VALUES = "values"
    FORCED = "forced"


@dataclass(slots=True)
class Waiting:
    """What of one site is not sealed yet.

    days : for each day since 1970 the smallest and greatest ts waiting.
    """

    first_offset: int
    first_recv_ns: int
    last_offset: int = 0
    values: int = 0
    days: dict[int, tuple[int, int]] = field(default_factory=dict)

    def add(self, frame: Frame, values: int) -> None:
        """Counts one more Frame."""
        self.last_offset = frame.offset
        self.values += values
        day = parquet.day_of(frame.ts_ns)
        low, high = self.days.get(day, (frame.ts_ns, frame.ts_ns))
        self.days[day] = min(low, frame.ts_ns), max(high, frame.ts_ns)


def due(waiting: Waiting, newest_recv_ns: int, *, force: bool = False) -> SealReason | None:
    """Why a site is sealed now, or None when it may wait."""
    if waiting.values >= MAX_VALUES:
        return SealReason.VALUES
    if newest_recv_ns - waiting.first_recv_ns >= MAX_AGE_NS:
        return SealReason.AGE
    return SealReason.FORCED if force else None


class LogSealer:
    """The sealer of one log.

    Parameters
    ----------
    root : the folder `history`.
    name : `log` or `derived`, as in the files' names.
    step : called after each step of a seal with its name; tests break off there.
    """

    def __init__(
        self,
        root: Path,
        name: str,
        log: SealableLog,
        cursors: Cursors,
        step: parquet.Step = parquet.no_step,
    ) -> None:
        self._root = root
        self._name = name
        self._log = log
        self._cursors = cursors
        self._step = step
        self._waiting: dict[str, Waiting] = {}
        self._sealed: dict[str, int] = {}
        self._touched: set[tuple[str, int]] = set()
        self._read = 0
        self.newest_recv_ns = 0
        self.files_written = 0

    @property
    def cursor_name(self) -> str:
        """The cursor up to which this log may be trimmed."""
        return f"sealer/{self._name}"

    def recover(self) -> None:
        """Starts from the durable cursors; what an unfinished seal left is cleared away."""
        prefix = f"{self.cursor_name}/"
        cursors = self._cursors.all()
        sealed = {n.removeprefix(prefix): o for n, o in cursors.items() if n.startswith(prefix)}
        self._read = cursors.get(self.cursor_name, 0)
        last = self._log.last_offset()
        if max(self._read, *sealed.values(), 0) > last:
            _events.warning("log_replaced", log=self._name, last_offset=last, cursor=self._read)
            for name in (self.cursor_name, *(f"{prefix}{site}" for site in sealed)):
                self._cursors.set(name, 0)
            self._read, sealed = 0, {}
        self._sealed = sealed
        self._waiting = {}
        # Nothing new may come, as when ingest is stopped: time stands where it was read to.
        for frame in self._log.read(self._read - 1, 1):
            self.newest_recv_ns = max(self.newest_recv_ns, frame.recv_ns)
        for site in parquet.sites_of(self._root):
            self._clear_unfinished(site)

    def advance(self, stop: Callable[[], bool]) -> bool:
        """Reads one batch on and seals what got full; whether there may be more."""
        frames = self._log.read(self._read, READ_FRAMES)
        for frame in frames:
            self._take(frame)
            self._read = frame.offset
            waiting = self._waiting.get(frame.site)
            if waiting is not None and due(waiting, 0) is SealReason.VALUES:
                self._seal(frame.site, SealReason.VALUES)
                if stop():
                    return False
        return len(frames) > 0

    def seal_due(self, newest_recv_ns: int, stop: Callable[[], bool], *, force: bool) -> None:
        """Seals every site that is due, and moves the cursor that the log is trimmed by."""
        for site, waiting in list(self._waiting.items()):
            reason = due(waiting, newest_recv_ns, force=force)
            if reason is not None and not stop():
                self._seal(site, reason)
        self._move_cursor()

    def done(self) -> int:
        """The offset up to which nothing waits."""
        return min((w.first_offset for w in self._waiting.values()), default=self._read + 1) - 1

    def behind(self) -> int:
        """Frames committed of which some may still wait."""
        return max(0, self._log.last_offset() - self.done())

    def waits(self, site: str, day: int) -> bool:
        """Whether rows of a date are not sealed yet."""
        waiting = self._waiting.get(site)
        return waiting is not None and day in waiting.days

    def take_sealed(self) -> set[tuple[str, int]]:
        """The dates (site, day) to which files came since the last call."""
        touched, self._touched = self._touched, set()
        return touched

    def rewrite(self, site: str, day: int, file: parquet.SealedFile) -> bool:
        """Writes a file that is gone again; False when the log does not hold all of it."""
        if file.log != self._name or self._log.first_offset() > file.first:
            return False
        span = day * parquet.NS_PER_DAY, (day + 1) * parquet.NS_PER_DAY - 1
        return self._write(site, day, span, (file.first, file.last))

    def _take(self, frame: Frame) -> None:
        self.newest_recv_ns = max(self.newest_recv_ns, frame.recv_ns)
        if frame.kind is not Kind.READING or frame.offset <= self._sealed.get(frame.site, 0):
            return
        values = len(READING.decode(frame.body).points)
        if values:
            waiting = self._waiting.get(frame.site)
            if waiting is None:
                waiting = self._waiting[frame.site] = Waiting(frame.offset, frame.recv_ns)
            waiting.add(frame, values)

    def _seal(self, site: str, reason: SealReason) -> None:
        waiting = self._waiting[site]
        for day in sorted(waiting.days):
            self._seal_day(site, day, waiting)
        self._cursors.set(f"{self.cursor_name}/{site}", waiting.last_offset)
        self._sealed[site] = waiting.last_offset
        del self._waiting[site]
        _events.debug(
            "site_sealed", log=self._name, site=site, reason=reason.value, values=waiting.values
        )
        self._step("sealed")

    def _seal_day(self, site: str, day: int, waiting: Waiting) -> None:
        offsets = waiting.first_offset, waiting.last_offset
        if not self._write(site, day, waiting.days[day], offsets):
            _events.error("rows_gone_before_sealing", log=self._name, site=site, day=day)

    def _write(self, site: str, day: int, span: tuple[int, int], offsets: tuple[int, int]) -> bool:
        """Rows of a date with ts and offset in these spans as a file; False when there are none."""
        rows = RowBuilder()
        found: list[int] = []
        for frame in self._log.between(site, span[0], span[1] + 1, offsets[0] - 1):
            if frame.kind is Kind.READING and frame.offset <= offsets[1]:
                rows.add(frame)
                found.append(frame.offset)
        if found:
            path = parquet.sealed_path(self._root, site, day, self._name, found[0], found[-1])
            write_rows(rows.build(), path, self._step)
            self._touched.add((site, day))
            self.files_written += 1
        return bool(found)

    def _move_cursor(self) -> None:
        done = self.done()
        if done > self._cursors.get(self.cursor_name):
            self._cursors.set(self.cursor_name, done)
            self._step("cursor")

    def _clear_unfinished(self, site: str) -> None:
        done = self._sealed.get(site, 0)
        for day in parquet.days_of(self._root, site):
            for path in parquet.unfinished(self._root, site, day):
                path.unlink(missing_ok=True)
            files = parquet.date_files(self._root, site, day)
            for file in sorted((*files.merged, *files.sealed)):
                if file.log == self._name and file.last > done:
                    self._clear(file, site, day)

    def _clear(self, file: parquet.SealedFile, site: str, day: int) -> None:
        forget(self._root, site, day)  # another file may come to have this one's name
        found = flaw(file.path)
        if found:
            set_apart(self._root, file.path, found)
        elif self._can_rewrite(file, site):
            file.path.unlink()
        else:
            kept = free(file.path.with_name(f"kept-{file.path.name}"))
            file.path.rename(kept)
            _events.warning("sealed_file_set_aside", file=str(kept), log=self._name)
        parquet.sync(file.path.parent)

    def _can_rewrite(self, file: parquet.SealedFile, site: str) -> bool:
        """Whether the log holds the first and the last Frame that the file came from."""
        for offset in (file.first, file.last):
            found = self._log.read(offset - 1, 1)
            if not found or found[0].offset != offset or not _holds(file.path, found[0], site):
                return False
        return True


def _holds(path: Path, frame: Frame, site: str) -> bool:
    """Whether a file holds rows of the Frame; no, when all of them were settled away."""
    if frame.kind is not Kind.READING or frame.site != site:
        return False
    same = (
        (pl.col("ts") == parquet.instant(frame.ts_ns))
        & (pl.col("recv_delay_ms") == (frame.recv_ns - frame.ts_ns) // NS_PER_MS)
        & (pl.col("node") == frame.node)
        & pl.col("seq").eq_missing(pl.lit(frame.seq, dtype=pl.Int64))
    )
    return not parquet.scan([path]).filter(same).head(1).collect().is_empty()
