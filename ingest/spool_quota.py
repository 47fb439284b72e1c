"""The quota of the log: past it ingest takes nothing more, and says so, until there is room.

The log is the only queue, so a reader that is away makes it grow. A disk that is full stops
everything that writes on it, alerts and webhooks too; the quota stops ingest alone, and before
that. What is not taken stays with the broker and in the outboxes of its senders, unacknowledged.

SQLite gives nothing back to the disk when rows go, it writes into the freed pages first. So what
counts is the pages in use, and free pages count as room on the disk.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from ingest.log import SqliteLog
from ingest.retention import MAX_BYTES
from podcore.clock import NS, rfc3339
from podcore.ports import Clock

TIMES_MAX_BYTES = 10  # the quota unless it is said: what trimming holds a log to, ten times
QUOTA_BYTES = TIMES_MAX_BYTES * MAX_BYTES  # four days of 100 messages a second of 600 B
# A month: a reader that is away for longer is not coming back by itself, and InfluxDB commonly
# keeps no more, so that it would refuse what is older.
QUOTA_NS = 30 * 24 * 3_600 * NS
# Kept free for what stands beside the log: state.db, derived.db and three write-ahead logs.
RESERVE_BYTES = 500_000_000
LARGEST_RESERVE = 1 / 20  # of the disk, for a small one
SCARCE = 0.9  # of the quota; past it rows go as soon as they are read, whatever `log.keep` says
AGAIN = 0.95  # of a limit, below which it goes on: a limit that is passed back and forth is noise
MOST_MARGIN = 64_000_000  # bytes of that, half a minute at 2,000 messages a second
LOOK_S = 1.0  # between two looks; 12 MB at 10,000 messages a second

logger = structlog.get_logger("ingest")


class Limit(enum.StrEnum):
    """What is passed; the reason why nothing is taken."""

    BYTES = "bytes"
    AGE = "age"
    DISK = "disk"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of the log there may be; each is kept.

    max_bytes : pages in use. max_age_ns : of the oldest Frame that a reader has still to read.
    reserve_bytes : of the disk that is left to others, at most a twentieth of it; 0 is none.
    """

    max_bytes: int = QUOTA_BYTES
    max_age_ns: int = QUOTA_NS
    reserve_bytes: int = RESERVE_BYTES


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Disk:
    """The file system of the log. [bytes]"""

    total: int
    free: int


@dataclass(frozen=True, slots=True)
class Spool:
    """What the log holds.

    used, unused : bytes of its pages. oldest_ns : when the oldest Frame came that is still to be
    read by `reader`, the reader furthest behind, and `unread` how many; None when none is.
    """

    used: int
    unused: int
    disk: Disk
    reader: str = ""
    unread: int = 0
    oldest_ns: int | None = None


def passed(limits: Limits, spool: Spool, now_ns: int, *, already: bool) -> Limit | None:
    """The limit that is passed, or None. already : one is, so that it takes some room to end."""
    part = AGAIN if already else 1.0
    margin = min((1.0 - part) * limits.max_bytes, MOST_MARGIN)
    if spool.used > limits.max_bytes - margin:
        return Limit.BYTES
    reserve = reserve_bytes(limits, spool.disk)
    margin = min((1.0 - part) * reserve, MOST_MARGIN)
    if reserve and spool.disk.free + spool.unused < reserve + margin:
        return Limit.DISK
    if spool.oldest_ns is not None and now_ns - spool.oldest_ns > part * limits.max_age_ns:
        return Limit.AGE
    return None


def reserve_bytes(limits: Limits, disk: Disk) -> int:
    """What of this disk is left to others. [bytes]"""
    return min(limits.reserve_bytes, int(disk.total * LARGEST_RESERVE))


def is_scarce(limits: Limits, spool: Spool) -> bool:
    """Whether room is so short that nothing is kept that all readers have read."""
    short = spool.disk.free + spool.unused < 2 * reserve_bytes(limits, spool.disk)
    return short or spool.used > SCARCE * limits.max_bytes


class SpoolQuota:
    """Looks at a log every so often; belongs to the thread that writes it, but for `spool`.

    Parameters
    ----------
    cursors : how far each reader is, by name. readers : those that the log is kept for.
    disk : the file system that it is on.
    """

    def __init__(
        self,
        log: SqliteLog,
        readers: tuple[str, ...],
        cursors: Callable[[], Mapping[str, int]],
        disk: Callable[[], Disk],
        clock: Clock,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self._log = log
        self._readers = readers
        self._cursors = cursors
        self._disk = disk
        self._clock = clock
        self.limits = limits
        self.spool = self._seen()
        self._looked_s = clock.monotonic_s()

    def look(self) -> Spool:
        """What it holds, of the last second."""
        now_s = self._clock.monotonic_s()
        if now_s - self._looked_s >= LOOK_S:
            self._looked_s = now_s
            self.spool = self._seen()
        return self.spool

    def scarce(self) -> bool:
        """Whether nothing is kept that all readers have read."""
        return is_scarce(self.limits, self.look())

    def _seen(self) -> Spool:
        used, unused = self._log.size_bytes(), self._log.unused_bytes()
        if not self._readers:
            return Spool(used, unused, self._disk())
        cursors = self._cursors()
        # Of two as far behind the later: the engine, always first, moves with each checkpoint.
        reader = min(reversed(self._readers), key=lambda name: cursors.get(name, 0))
        done = cursors.get(reader, 0)
        waiting = self._log.read(done, 1)
        oldest_ns = waiting[0].recv_ns if waiting else None
        unread = max(0, self._log.next_offset - 1 - done)
        return Spool(used, unused, self._disk(), reader, unread, oldest_ns)


class Gate:
    """Whether ingest takes anything; says once that it does not, and once that it does again."""

    def __init__(self, quota: SpoolQuota, clock: Clock) -> None:
        self._quota = quota
        self._clock = clock
        self._since_s = 0.0
        self.limit: Limit | None = None
        self.why = ""  # for people, while it is shut

    @property
    def quota(self) -> SpoolQuota:
        """What it goes by."""
        return self._quota

    def shut(self) -> bool:
        """Whether nothing is to be taken now."""
        spool, now_ns = self._quota.look(), self._clock.now_ns()
        already = self.limit is not None
        limit = passed(self._quota.limits, spool, now_ns, already=already)
        why = "" if limit is None else reason(limit, self._quota.limits, spool)
        if limit is not None and not already:
            self._since_s = self._clock.monotonic_s()
            logger.error("log_full", limit=limit.value, why=why, way_out=way_out(limit, spool))
        elif limit is None and already:
            held_s = round(self._clock.monotonic_s() - self._since_s, 1)
            logger.warning("log_has_room_again", held_s=held_s, was=self.why)
        self.limit, self.why = limit, why
        return limit is not None


def reason(limit: Limit, limits: Limits, spool: Spool) -> str:
    """What is passed, for people."""
    if limit is Limit.DISK:
        free, kept = _size(spool.disk.free), _size(reserve_bytes(limits, spool.disk))
        return f"the disk has {free} left, and {kept} of it are not for the log (log.reserve_bytes)"
    if limit is Limit.BYTES:
        what = f"holds {_size(spool.used)}, and its quota is {_size(limits.max_bytes)}"
        return f"the log {what} (log.quota_bytes)"
    came = rfc3339(spool.oldest_ns or 0)
    days = limits.max_age_ns / (24 * 3_600 * NS)
    return f"the log waits for a reader since {came}, and its quota is {days:g} days (log.quota)"


def way_out(limit: Limit, spool: Spool) -> str:
    """What ends it."""
    setting = {
        Limit.BYTES: "raise log.quota_bytes",
        Limit.AGE: "raise log.quota",
        Limit.DISK: "free disk space",
    }[limit]
    if not spool.unread:
        return f"{setting}; nothing is acknowledged meanwhile and nothing is lost"
    return (
        f"the log is kept for {spool.reader}, which has {spool.unread} frames to read: bring it "
        f"back, or take it out of the settings, or {setting}; nothing is acknowledged meanwhile "
        "and nothing is lost"
    )


def _size(count: float) -> str:
    return f"{count / 1e9:.3g} GB" if count >= 1e9 else f"{count / 1e6:.3g} MB"  # noqa: PLR2004
