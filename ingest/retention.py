"""How far a log may be trimmed: behind every durable reader, and old enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ingest.log import TRIM_CHUNK, SqliteLog
from podcore.clock import NS
from podcore.errors import NotWritten
from podcore.ports import Clock

KEEP_NS = 24 * 3_600 * NS
MAX_BYTES = 2_000_000_000
KEEP_WHEN_LARGE_NS = 3_600 * NS
EVERY_S = 10.0  # between two looks at what may go


def never() -> bool:
    """Whether room is short where nobody looks."""
    return False


@dataclass(frozen=True, slots=True)
class LogRetention:
    """Rows go once every durable reader is done and they are older than `keep_ns`.

    done : the smallest offset that any durable reader has done.
    max_bytes : past this size rows go when they are an hour old.
    scarce : whether room is so short that they go whatever their age.
    """

    log: SqliteLog
    done: Callable[[], int]
    keep_ns: int = KEEP_NS
    max_bytes: int = MAX_BYTES
    scarce: Callable[[], bool] = never

    def trim_to(self, now_ns: int) -> int:
        """The offset up to which rows may go, 0 for none."""
        if self.scarce():
            return self.done()
        large = self.log.size_bytes() > self.max_bytes
        keep_ns = min(self.keep_ns, KEEP_WHEN_LARGE_NS) if large else self.keep_ns
        return min(self.done(), self.log.offset_received_before(now_ns - keep_ns))


class Retention(Protocol):
    """How far a log may be trimmed."""

    def trim_to(self, now_ns: int) -> int:
        """The offset up to which rows may go, 0 for none."""


class Trimmer:
    """Trims a log between its writer's other work: a chunk a call, a new goal every so often."""

    def __init__(
        self, log: SqliteLog, retention: Retention, clock: Clock, every_s: float = EVERY_S
    ) -> None:
        self._log = log
        self._retention = retention
        self._clock = clock
        self._every_s = every_s
        self._looked_s = clock.monotonic_s()
        self._up_to = 0

    def __call__(self) -> None:
        """One chunk at most, so that no commit waits long."""
        now_s = self._clock.monotonic_s()
        if now_s - self._looked_s >= self._every_s:
            self._looked_s = now_s
            self._up_to = self._retention.trim_to(self._clock.now_ns())
        if self._up_to > 0 and self._trimmed() < TRIM_CHUNK:
            self._up_to = 0

    def _trimmed(self) -> int:
        try:
            return self._log.trim(self._up_to)
        except NotWritten:  # a full disk, which whoever appends will say; deleting needs room too
            return 0
