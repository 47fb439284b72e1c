"""Upkeep of the history: what is done to sealed files in the sealer's idle time.

Damaged files are set apart, and written again from the log where it still holds their rows.
Files of past dates are merged and rolled up. Whole dates past the time that history is kept for
are dropped. All files are compared with their checksums, a few a round and all about once a day.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import polars as pl
import structlog

from podtwin.store import parquet, rollup_files
from podtwin.store.checksum import flaw
from podtwin.store.compaction import Compactor, Date, Sealing
from podtwin.store.parquet import NS_PER_DAY, SealedFile
from podtwin.store.quarantine import Suspects, set_apart

# Rounds of ten seconds.
RETENTION_ROUNDS: Final = 60
SCRUB_ROUNDS: Final = 8_640
SCRUB_BYTES: Final = 8_000_000  # a round, 4 ms: 70 GB a day

_DROPPED: Final = ".dropped-"
_events = structlog.get_logger("podtwin.store.upkeep")


class Rewriting(Sealing, Protocol):
    """The sealers of both logs, as far as upkeep needs them."""

    def rewrite(self, site: str, day: int, file: SealedFile) -> bool:
        """Writes a sealed file that is gone again from the log; False when it cannot."""

    def take_sealed(self) -> set[Date]:
        """The dates to which files came since the last call."""


@dataclass(frozen=True, slots=True)
class UpkeepCounts:
    """What was done since the start, and what there is.

    compactions : merges finished. rollups : files that were rolled up.
    quarantined : damaged files set apart, of which `rewritten` came again from the log.
    dropped_dates : by retention.
    files, bytes : of the history when it was last looked at, every ten minutes; of its rollups
    `rollup_bytes`.
    """

    compactions: int = 0
    quarantined: int = 0
    rewritten: int = 0
    dropped_dates: int = 0
    files: int = 0
    bytes: int = 0
    rollups: int = 0
    rollup_bytes: int = 0


class Upkeep:
    """The upkeep of one history.

    Parameters
    ----------
    root : the folder `history`.
    keep_ns : how long rows are kept, counted back from the newest row of their site; None is
        for ever.
    """

    def __init__(
        self,
        root: Path,
        sealing: Rewriting,
        keep_ns: int | None = None,
        step: parquet.Step = parquet.no_step,
    ) -> None:
        self._root = root
        self._sealing = sealing
        self._keep_ns = keep_ns
        self._step = step
        self._compactor = Compactor(root, sealing, self._set_apart, step)
        self._suspects = Suspects(root)
        self._scrub: Iterator[tuple[Date, SealedFile]] = iter(())
        self._rounds = 0
        self._quarantined = self._rewritten = self._dropped = 0
        self._files = self._bytes = self._rollup_bytes = 0

    def counts(self) -> UpkeepCounts:
        """What was done so far."""
        return UpkeepCounts(
            self._compactor.merges,
            self._quarantined,
            self._rewritten,
            self._dropped,
            self._files,
            self._bytes,
            self._compactor.rollups,
            self._rollup_bytes,
        )

    def run(self, stop: Callable[[], bool]) -> bool:
        """A round of about a second at most; whether there is more to do at once."""
        self._look_at_suspects()
        if self._rounds % RETENTION_ROUNDS == 0:
            self._drop_old()
            self._measure()
        self._check_some()
        self._rounds += 1
        for date in self._sealing.take_sealed():
            self._compactor.look_at(date)
        return self._compactor.run(stop)

    def abandon(self) -> None:
        """Leaves unfinished files behind no more than it must."""
        self._compactor.abandon()

    def _look_at_suspects(self) -> None:
        noted = set(self._suspects.noted())
        for folder in {path.parent for path in noted}:
            date = folder.parent.name.removeprefix("site="), parquet.day_named(folder.name)
            if date[1] is None:
                continue
            for file in parquet.date_files(self._root, date[0], date[1]).sealed:
                found = flaw(file.path) if file.path in noted else ""
                if found:
                    self._set_apart((date[0], date[1]), file, found)
        self._suspects.forget()

    def _set_apart(self, date: Date, file: SealedFile, found: str) -> None:
        set_apart(self._root, file.path, found)
        self._quarantined += 1
        if self._sealing.rewrite(*date, file):
            self._rewritten += 1
            _events.info("damaged_file_written_again", file=str(file.path))

    def _check_some(self) -> None:
        if self._rounds % SCRUB_ROUNDS == 0:
            self._scrub = self._all_files()
        read = 0
        for date, file in self._scrub:
            try:
                found = flaw(file.path)
                read += 0 if found else file.path.stat().st_size
            except FileNotFoundError:
                continue  # merged or dropped since it was listed
            if found:
                self._set_apart(date, file, found)
            else:
                self._check_rollups(date, file)
            if read >= SCRUB_BYTES:
                return

    def _check_rollups(self, date: Date, file: SealedFile) -> None:
        """Deletes rollups that are damaged, or of other content; they are made again."""
        for path in rollup_files.damaged(self._root, file):
            path.unlink(missing_ok=True)
            _events.warning("damaged_rollup_deleted", file=str(path))
            self._compactor.look_at(date)

    def _all_files(self) -> Iterator[tuple[Date, SealedFile]]:
        for site in parquet.sites_of(self._root):
            for day in parquet.days_of(self._root, site):
                for file in parquet.date_files(self._root, site, day).sealed:
                    yield (site, day), file

    def _measure(self) -> None:
        sizes = [path.stat().st_size for path in self._root.glob("site=*/date=*/*.parquet")]
        self._files, self._bytes = len(sizes), sum(sizes)
        rolled = rollup_files.root_of(self._root).glob("site=*/date=*/*.parquet")
        self._rollup_bytes = sum(path.stat().st_size for path in rolled)

    def _drop_old(self) -> None:
        for left in self._root.glob(f"site=*/{_DROPPED}*"):
            shutil.rmtree(left)
        rollup_files.forget_gone(self._root)
        if self._keep_ns is None:
            return
        for site in parquet.sites_of(self._root):
            for day in self._past_keeping(site, self._keep_ns):
                self._drop(site, day)

    def _past_keeping(self, site: str, keep_ns: int) -> list[int]:
        days = parquet.days_of(self._root, site)
        if not days or (days[0] + 1) * NS_PER_DAY + keep_ns > (days[-1] + 1) * NS_PER_DAY:
            return []
        newest = self._newest(site, days[-1])
        return [day for day in days if (day + 1) * NS_PER_DAY <= newest - keep_ns]

    def _newest(self, site: str, day: int) -> int:
        """The newest row of a date [ns]; the date's beginning when none can be read."""
        paths = parquet.date_files(self._root, site, day).paths(("log", "derived"))
        sound = self._suspects.sound(paths)
        newest = parquet.scan(sound).select(pl.col("ts").max().cast(pl.Int64)).collect().item()
        return day * NS_PER_DAY if newest is None else int(newest)

    def _drop(self, site: str, day: int) -> None:
        """One rename takes the whole date from every reader; the rest may be interrupted."""
        folder = parquet.date_folder(self._root, site, day)
        aside = folder.with_name(f"{_DROPPED}{folder.name}")
        folder.rename(aside)
        parquet.sync(folder.parent)
        self._step("dropped")
        shutil.rmtree(aside)
        self._step("deleted")
        rollup_files.forget(self._root, site, day)
        self._dropped += 1
        _events.info("date_dropped", site=site, date=parquet.day_text(day))
