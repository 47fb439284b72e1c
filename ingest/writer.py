"""The writer: commit on drain. The thread that owns `log.db`, the registry and the acks.

It takes what is there, decides, commits, acknowledges, repeats; there is no timer here, so a burst
makes large commits and a trickle small ones. A commit that fails is tried again with the same
rows for as long as it takes, and meanwhile nothing is acknowledged: the log is full, never lossy.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from ingest.acks import AckPlan, OwedAck
from ingest.boots import FORGOTTEN, forget, too_old, write_heard
from ingest.boots import SCHEMA as BOOT_SCHEMA
from ingest.bounds import Bounds
from ingest.foreign import Source, foreign_topics
from ingest.inbox import Arrival, Inbox
from ingest.intake import Batch, Intake
from ingest.ledger import Ledger, LedgerBook, write_counts
from ingest.letters import SCHEMA as LETTER_SCHEMA
from ingest.letters import TRIMMED, LetterBound, write_retried
from ingest.log import SqliteLog
from ingest.registry import Registry
from ingest.registry_store import (
    SCHEMA,
    load_registry,
    load_seen,
    remember_topics,
    write_changes,
    write_dead_letters,
    write_dead_readings,
    write_seen,
)
from ingest.retrying import Retrier
from ingest.sample import Command
from ingest.spool_quota import Gate
from ingest.ticks import Ticks
from podcore.errors import NotWritten
from podcore.frame import Kind
from podcore.ports import Clock
from podcore.retry import RetryRequests
from podcore.site import Site

RETRY_S = 1.0  # between two tries of a commit that failed
HOLD_S = 0.2  # between two looks for room, and two chunks of trimming, while the log is full

logger = structlog.get_logger("ingest")


class Acknowledger(Protocol):
    """What the writer tells once a batch is committed."""

    def acknowledge(self, arrivals: Sequence[Arrival]) -> None:
        """Tells the broker, for those of the present connection."""

    def publish_ack(self, ack: OwedAck) -> None:
        """Tells the sender."""

    def command(self, command: Command) -> None:
        """Tells a sender of another format what is asked of it."""


def nothing_to_trim() -> None:
    """What is trimmed where there is no retention."""


class Writer:
    """Thread `writer`; made and started by one thread, stopped by any."""

    def __init__(
        self,
        log: SqliteLog,
        inbox: Inbox,
        clock: Clock,
        *,
        discover: bool,
        wake: Callable[[int], None],
        trim: Callable[[], None] = nothing_to_trim,
        acks: AckPlan | None = None,
    ) -> None:
        self._log = log
        self._inbox = inbox
        self._clock = clock
        self._wake = wake
        self._trim = trim
        self._gate: Gate | None = None
        self._acks = acks or AckPlan()
        log.connection.executescript(SCHEMA + BOOT_SCHEMA + LETTER_SCHEMA)
        self.ledger_book = LedgerBook(log.connection)
        self.registry: Registry = load_registry(log.connection, discover=discover)
        ticks = Ticks(_last_tick_ns(log.connection))
        self._intake = Intake(self.registry, ticks, lambda key: load_seen(log.connection, key))
        self._letters = LetterBound(log.connection)
        self._retrier: Retrier | None = None
        self._link: Acknowledger | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self.failure: str | None = None
        self.stalled: str | None = None

    def bound(self, bounds: Bounds) -> None:
        """Says how much messages alone may bring, before the start."""
        self.registry.bounds = bounds

    def adopt(self, sites: Sequence[Site]) -> None:
        """Takes the site files, before the start; config Frames for what is new or changed."""
        now_ns = self._clock.now_ns()
        frames = [frame for site in sites for frame in self.registry.adopt(site, now_ns)]
        changes = self.registry.take_changes()
        if frames:
            self._wake(self._log.append(frames, lambda database: write_changes(database, changes)))

    def add_sources(self, sources: Sequence[Source]) -> list[str]:
        """Takes other formats, before the start; topics of earlier ones that are to be left."""
        self._intake.add_sources(sources)
        return remember_topics(self._log.connection, foreign_topics(sources))

    def connect(self, link: Acknowledger) -> None:
        """Names who is told of commits, before the start."""
        self._link = link

    def guard(self, gate: Gate) -> None:
        """Names what says when the log is full, before the start."""
        self._gate = gate

    def retry(self, requests: RetryRequests) -> None:
        """Names who keeps requests to try dead letters again, before the start."""
        commit, connection = self._commit_and_settle, self._log.connection
        self._retrier = Retrier(requests, connection, self._clock, self._intake, commit)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def drain(self, deadline_s: float) -> None:
        """Commits and acknowledges what the inbox holds; it takes nothing more."""
        self._inbox.close()
        self._stopping.set()
        self._thread.join(deadline_s)

    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def ledger(self) -> Ledger:
        """Both ledgers now."""
        return self.ledger_book.snapshot()

    def _run(self) -> None:
        try:
            while self.round():
                pass
        except Exception as error:
            # The one broad handler of this thread: the supervisor ends the process and names it.
            self.failure = f"{type(error).__name__}: {error}"
            logger.exception("writer_failed")

    def round(self) -> bool:
        """Takes what is there, commits and acknowledges it; False at the end."""
        if self._gate is not None and self._gate.shut():
            return self._hold()
        arrivals = self._inbox.drain(self._timeout_s())
        if not arrivals and self._stopping.is_set():
            self._send_acks(float("inf"))
            return False
        batch = self._intake.take(arrivals, self._clock.now_ns())
        if not self._commit_and_settle(batch):
            # Stopped on a disk that refuses. What the intake remembers of this batch is in no
            # log, so nothing after it may be committed or confirmed either.
            return False
        for owed, at_once in batch.acks():
            self._acks.owe(owed, at_once=at_once)
        if self._link is not None:
            self._link.acknowledge(arrivals)
            for command in batch.commands:
                self._link.command(command)
        self._send_acks(self._clock.monotonic_s())
        self._trim()
        self._trim_letters()
        return self._retrier is None or self._stopping.is_set() or self._retrier.round()

    def _hold(self) -> bool:
        """Takes nothing while the log is full; False at the end.

        Time goes on in it, else nobody would be told that nothing comes: 9 MB of ticks a day.
        """
        stopping = self._clock.wait(self._stopping, HOLD_S)
        self._send_acks(float("inf") if stopping else self._clock.monotonic_s())
        if stopping or not self._commit_and_settle(self._intake.take([], self._clock.now_ns())):
            return False
        self._trim()
        return True

    def _commit_and_settle(self, batch: Batch) -> bool:
        if not self._commit(batch):
            return False
        self.ledger_book.settle(batch.counts)
        self._forget_boots(batch)
        self._letters.added(len(batch.letters), sum(each.kept_bytes for each in batch.letters))
        return True

    def _forget_boots(self, batch: Batch) -> None:
        """The oldest boots go of the nodes that brought new ones."""
        old = too_old(self._log.connection, batch.heard) if batch.heard else []
        if not old:
            return
        change = Counter({FORGOTTEN: len(old)})

        def write(database: sqlite3.Connection) -> None:
            forget(database, old)
            write_counts(database, change)

        with contextlib.suppress(NotWritten):
            self._log.append([], write)
            self.ledger_book.settle(change)

    def _trim_letters(self) -> None:
        """The oldest dead letters go; on a disk that refuses at a later round."""
        if not self._letters.passed():
            return
        gone = (0, 0)

        def trim(database: sqlite3.Connection) -> None:
            nonlocal gone
            gone = self._letters.trim(database)
            write_counts(database, Counter({TRIMMED: gone[0]}))

        with contextlib.suppress(NotWritten):
            self._log.append([], trim)
            self._letters.added(-gone[0], -gone[1])
            self.ledger_book.settle(Counter({TRIMMED: gone[0]}))

    def _timeout_s(self) -> float:
        if self._stopping.is_set():
            return 0.0
        owed_s = self._acks.next_in_s(self._clock.monotonic_s())
        tick_s = Ticks.next_in_s(self._clock.now_ns())
        return tick_s if owed_s is None else min(tick_s, owed_s)

    def _commit(self, batch: Batch) -> bool:
        """Whether it is on disk; False only when the process stops while the disk refuses."""
        now_ns = self._clock.now_ns()
        while True:
            try:
                if batch.frames or batch.counts or batch.seen or batch.retried:
                    offset = self._log.append(
                        batch.frames, lambda database: write_batch(database, batch, now_ns)
                    )
                    self._wake(offset)
            except NotWritten as error:
                if not self._wait_for_disk(error):
                    return False
            else:
                if self.stalled is not None:
                    logger.warning("log_written_again", was=self.stalled)
                    self.stalled = None
                return True

    def _wait_for_disk(self, error: NotWritten) -> bool:
        if self.stalled is None:
            logger.error(
                "log_not_written",
                error=str(error),
                log=str(self._log.path),
                way_out="free disk space; nothing is acknowledged meanwhile and nothing is lost",
            )
        self.stalled = str(error)
        return not self._clock.wait(self._stopping, RETRY_S)

    def _send_acks(self, now_s: float) -> None:
        for ack in self._acks.due(now_s):
            if self._link is not None:
                self._link.publish_ack(ack)


def write_batch(database: sqlite3.Connection, batch: Batch, now_ns: int) -> None:
    """Writes all of a batch but its Frames, in the caller's transaction."""
    write_counts(database, batch.counts)
    write_seen(database, batch.seen.items())
    write_heard(database, batch.heard, now_ns)
    write_changes(database, batch.changes)
    write_dead_letters(database, batch.letters)
    write_dead_readings(database, batch.refused)
    if batch.retried is not None:
        write_retried(database, batch.retried)


def _last_tick_ns(connection: sqlite3.Connection) -> int:
    query = "SELECT ts_ns FROM frames WHERE kind = ? ORDER BY offset DESC LIMIT 1"
    row = connection.execute(query, (int(Kind.TICK),)).fetchone()
    return int(row[0]) if row else 0
