"""How far a log may be trimmed: behind every durable reader, and old enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ingest.log import SqliteLog
from podcore.clock import NS

KEEP_NS = 24 * 3_600 * NS
MAX_BYTES = 2 * 1024**3
KEEP_WHEN_LARGE_NS = 3_600 * NS


@dataclass(frozen=True, slots=True)
class LogRetention:
    """Rows go once every durable reader is done and they are older than `keep_ns`.

    done : the smallest offset that any durable reader has done.
    max_bytes : past this size rows go when they are an hour old.
    """

    log: SqliteLog
    done: Callable[[], int]
    keep_ns: int = KEEP_NS
    max_bytes: int = MAX_BYTES

    def trim_to(self, now_ns: int) -> int:
        """The offset up to which rows may go, 0 for none."""
        large = self.log.size_bytes() > self.max_bytes
        keep_ns = min(self.keep_ns, KEEP_WHEN_LARGE_NS) if large else self.keep_ns
        return min(self.done(), self.log.offset_received_before(now_ns - keep_ns))
