"""A data directory with both logs in memory, sealed into files, killed and started again."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from support.memory_cursors import MemoryCursors
from support.memory_log import MemoryLog

from podcore.frame import Frame, Source
from podcore.ports import SeriesQuery
from podtwin.store import parquet
from podtwin.store.history import EmbeddedHistory
from podtwin.store.sealer import Sealer


class Killed(BaseException):
    """Stands for kill -9: nothing may catch it."""


class Crash:
    """Breaks off at the n-th step of a name, once."""

    def __init__(self, name: str, nth: int = 1) -> None:
        self._name, self._left = name, nth

    def __call__(self, name: str) -> None:
        self._left -= name == self._name
        if name == self._name and self._left == 0:
            raise Killed


class CrashAt:
    """Breaks off at the n-th step of any name, and counts the steps."""

    def __init__(self, nth: int = 0) -> None:
        self._nth = nth
        self.seen: list[str] = []

    def __call__(self, name: str) -> None:
        self.seen.append(name)
        if len(self.seen) == self._nth:
            raise Killed


class Data:
    """A data directory whose process can be killed and started again."""

    def __init__(self, data_dir: Path, cursors: MemoryCursors | None = None) -> None:
        self.data_dir = data_dir
        self.log = MemoryLog()
        self.derived = MemoryLog(derived=True)
        self.cursors = cursors or MemoryCursors()
        self.sealer = self.start()

    def start(self, step: parquet.Step = parquet.no_step, *, keep_ns: int | None = None) -> Sealer:
        self.sealer = Sealer(
            self.data_dir, self.log, self.derived, self.cursors, step, keep_ns=keep_ns
        )
        return self.sealer

    def add(self, *frames: Frame) -> None:
        """Appends Frames, each to the log of its source."""
        for frame in frames:
            (self.log if frame.source is Source.MEASURED else self.derived).append([frame])

    def seal(self, *frames: Frame) -> None:
        """Appends Frames and seals all that waits."""
        self.add(*frames)
        self.sealer.run_once(force=True)

    def tend(self) -> None:
        """A pass, and upkeep until it has nothing more to do."""
        self.sealer.run_once()
        while self.sealer.tend():
            pass

    def trim(self) -> None:
        self.log.trim(self.cursors.get("sealer/log"))
        self.derived.trim(self.cursors.get("sealer/derived"))

    def files(self) -> list[str]:
        return sorted(str(p.relative_to(self.data_dir)) for p in self.data_dir.rglob("*.parquet"))

    def names(self, date: str) -> list[str]:
        """The files of a date of the one site."""
        (folder,) = (self.data_dir / "history").glob(f"site=*/date={date}")
        return sorted(path.name for path in folder.iterdir())

    def rows(self) -> int:
        files = (self.data_dir / "history").rglob("[!.]*.parquet")
        return sum(len(pl.read_parquet(path)) for path in files)

    def rollups(self, date: str) -> list[str]:
        """The rollups of a date of the one site."""
        folders = (self.data_dir / "rollups").glob(f"site=*/date={date}")
        return sorted(path.name for folder in folders for path in folder.iterdir())

    def history(self) -> EmbeddedHistory:
        return EmbeddedHistory(self.data_dir, self.log, self.derived)


def everything(site: str) -> SeriesQuery:
    return SeriesQuery(site, (), 0, 2**62, (Source.MEASURED, Source.TWIN))
