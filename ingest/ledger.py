"""The two ledgers: messages and readings, exact at any moment.

Messages (telemetry only): received = stored + duplicate + dead + pending. Received is always
the sum and never stored, so that the equation cannot be broken by a crash. Readings of messages
that are no duplicates: offered = stored + dead. What is settled is written in the transaction
that stores the Frames; pending is what is in memory.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from dataclasses import dataclass, field

from podcore.topic import ROOT

SCHEMA = """
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Ledger:
    """A moment's count of messages and readings.

    Births, states and dead letters that were tried again stand apart from both sums. given_up :
    numbers below a sender's `first`. letters_trimmed : dead letters that are no longer kept.
    boots_forgotten : past the bound a node.
    """

    stored: int
    duplicate: int
    dead: int
    pending: int
    readings_stored: int
    readings_dead: int
    births: int = 0
    states: int = 0
    given_up: int = 0
    retries_stored: int = 0
    retries_dead: int = 0
    retried_readings: int = 0
    letters_trimmed: int = 0
    boots_forgotten: int = 0
    dead_by_reason: dict[str, int] = field(default_factory=dict)

    @property
    def received(self) -> int:
        """All telemetry messages that arrived."""
        return self.stored + self.duplicate + self.dead + self.pending

    @property
    def readings_offered(self) -> int:
        """All readings of messages that were no duplicates."""
        return self.readings_stored + self.readings_dead

    def messages(self) -> dict[str, int]:
        """The message ledger under its public names."""
        return {
            "received": self.received,
            "stored": self.stored,
            "duplicate": self.duplicate,
            "dead": self.dead,
            "pending": self.pending,
        }

    def readings(self) -> dict[str, int]:
        """The reading ledger under its public names."""
        return {
            "offered": self.readings_offered,
            "stored": self.readings_stored,
            "dead": self.readings_dead,
        }


_REASON = "dead_reason:"
_OURS = f"{ROOT}/"


def is_counted(topic: str) -> bool:
    """Whether what comes on a topic is a message of the ledger: telemetry, and all of sources."""
    return topic.endswith("/telemetry") or not topic.startswith(_OURS)


def _ledger(counts: Counter[str], pending: int) -> Ledger:
    return Ledger(
        stored=counts["stored"],
        duplicate=counts["duplicate"],
        dead=counts["dead"],
        pending=pending,
        readings_stored=counts["readings_stored"],
        readings_dead=counts["readings_dead"],
        births=counts["births"],
        states=counts["states"],
        given_up=counts["given_up"],
        retries_stored=counts["retries_stored"],
        retries_dead=counts["retries_dead"],
        retried_readings=counts["retried_readings"],
        letters_trimmed=counts["letters_trimmed"],
        boots_forgotten=counts["boots_forgotten"],
        dead_by_reason={
            name.removeprefix(_REASON): count
            for name, count in sorted(counts.items())
            if name.startswith(_REASON)
        },
    )


def reason_counter(reason: str) -> str:
    """The counter under which refusals of a reason are kept."""
    return _REASON + reason


class LedgerBook:
    """The counts of the running ingest; written by its writer, read by anyone."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        connection.execute(SCHEMA)
        self._counts = _load(connection)
        self._pending = 0
        self._lock = threading.Lock()

    def arrived(self) -> None:
        """One more telemetry message is in memory."""
        with self._lock:
            self._pending += 1

    def forgot(self, messages: int) -> None:
        """Messages that left memory unacknowledged (a new connection brings them again)."""
        with self._lock:
            self._pending -= messages

    def settle(self, change: Counter[str]) -> None:
        """Adds what a commit settled; its messages are pending no longer."""
        with self._lock:
            self._counts.update(change)
            self._pending -= change["stored"] + change["duplicate"] + change["dead"]

    def snapshot(self) -> Ledger:
        """The ledger now."""
        with self._lock:
            return _ledger(self._counts, self._pending)


def write_counts(connection: sqlite3.Connection, change: Counter[str]) -> None:
    """Adds a commit's counts, in its transaction."""
    connection.executemany(
        "INSERT INTO counters VALUES (?, ?) "
        "ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
        [(name, count) for name, count in change.items() if count],
    )


def read_ledger(connection: sqlite3.Connection) -> Ledger:
    """The settled part of the ledger, for a process that does not run ingest."""
    return _ledger(_load(connection), 0)


def _load(connection: sqlite3.Connection) -> Counter[str]:
    try:
        rows = connection.execute("SELECT name, value FROM counters").fetchall()
    except sqlite3.OperationalError:  # a log that ingest has not opened yet
        return Counter()
    return Counter({name: int(value) for name, value in rows})
