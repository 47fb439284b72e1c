"""The sender's outbox: numbered payloads in a file until the receiver has confirmed them.

What `append` returned from survives a power cut (write-ahead log, `synchronous=FULL`); only an
application ack lets a payload go, never the broker's PUBACK, but for the oldest past a quota. The
file names its own numbering: `boot` is made with it, and `seq` goes on over restarts, also past
payloads long trimmed. One process holds the file; the simulated plant appends and the sender's
thread reads and trims.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from ingest.log import open_database
from ingest.native import MAX_PAYLOAD
from ingest.outbox_quota import DEFAULT_QUOTA, OVER, OutboxQuota, to_drop
from podcore.errors import PodTwinError, RoleTaken
from podcore.ports import Message

SCHEMA_VERSION = 2
MAX_READ = 500  # messages a read: one window, 0.6 MB at 1.2 kB each

_SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (seq INTEGER PRIMARY KEY, payload BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS outbox (
  only INTEGER PRIMARY KEY CHECK (only = 1), boot TEXT NOT NULL,
  confirmed INTEGER NOT NULL, recorded_up_to INTEGER NOT NULL);
"""

_ADDED = {"messages": "at_ns", "outbox": "dropped"}  # columns of version 2

_log = structlog.get_logger(__name__)

_LAST = "SELECT max(confirmed, coalesce((SELECT max(seq) FROM messages), 0)) FROM outbox"


_BYTES = "SELECT coalesce(sum(length(payload)), 0) FROM messages"


def no_time() -> int:
    """The time where nobody knows it."""
    return 0


class PayloadTooLargeError(PodTwinError):
    """A payload that no receiver would take."""


class Outbox:
    """Payloads of one node, in a file; implements `podcore.ports.Backlog`.

    Parameters
    ----------
    path : the file, `outbox/{site}.{node}.db` of a data directory; made when it is not there.
    ulid : a fresh ULID, which becomes the boot if the file is new.
    quota : what may wait; past it the oldest go. now_ns : the time, for their age.
    """

    def __init__(
        self,
        path: Path,
        ulid: str,
        quota: OutboxQuota = DEFAULT_QUOTA,
        now_ns: Callable[[], int] = no_time,
    ) -> None:
        self.path = path
        self._quota = quota
        self._now_ns = now_ns
        self._lock = threading.Lock()  # the appending thread and the sending one
        self._connection = _open(path)
        self._connection.execute("INSERT OR IGNORE INTO outbox VALUES (1, ?, 0, 0, 0)", (ulid,))
        row = self._row("SELECT boot, confirmed, recorded_up_to, dropped FROM outbox")
        self._boot: str = row[0]
        self._confirmed: int = row[1]
        self._recorded_up_to: int = row[2]
        self._dropped: int = row[3]
        self._bytes: int = self._row(_BYTES)[0]
        self._dropping = False
        self._last: int = self._row(_LAST)[0]
        self._refused = False

    @property
    def boot(self) -> str:
        """The ULID that names this numbering."""
        return self._boot

    @property
    def recorded_up_to(self) -> int:
        """The highest seq that was appended as recorded, 0 when none was."""
        return self._recorded_up_to

    @property
    def dropped(self) -> int:
        """Messages that went unconfirmed, ever: the quota was passed, and they were the oldest."""
        return self._dropped

    @property
    def size_bytes(self) -> int:
        """Of the payloads that wait."""
        return self._bytes

    def first(self) -> int:
        """The lowest seq still held, the next one when empty."""
        return self._confirmed + 1

    def last(self) -> int:
        """The highest seq held, 0 when nothing ever was."""
        return self._last

    def append(self, payload: bytes) -> int:
        """Commits one payload; its seq, which is `last() + 1` and stands in the payload already."""
        return self.append_many((payload,))

    def append_many(self, payloads: Sequence[bytes], *, recorded: bool = False) -> int:
        """Commits the payloads as `last() + 1` and on, all or none; the seq of the last.

        recorded : the values are of the past. Kept in the file, so that a restart still sends
            them under a birth that says so.

        Raises
        ------
        PayloadTooLargeError  When one is over 256 KiB; then none is stored.
        """
        _check_sizes(payloads)
        more = sum(map(len, payloads))
        with self._lock:
            last, now_ns = self._last + len(payloads), self._now_ns()
            recorded_up_to = last if recorded else self._recorded_up_to
            with self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                drop = to_drop(self._connection, self._quota, self._bytes, more, now_ns)
                gone, freed = self._drop(drop) if drop else (0, 0)
                rows = [(seq, each, now_ns) for seq, each in enumerate(payloads, self._last + 1)]
                self._connection.executemany("INSERT INTO messages VALUES (?, ?, ?)", rows)
                self._connection.execute("UPDATE outbox SET recorded_up_to = ?", (recorded_up_to,))
            self._last, self._recorded_up_to = last, recorded_up_to
            self._bytes += more - freed
            if gone:
                self._confirmed, self._dropped = drop, self._dropped + gone
                self._say_dropping()
        return last

    def _drop(self, up_to: int) -> tuple[int, int]:
        """Lets the oldest go, in the transaction of the caller; how many, and their bytes."""
        query = "SELECT count(*), coalesce(sum(length(payload)), 0) FROM messages WHERE seq <= ?"
        gone, freed = self._connection.execute(query, (up_to,)).fetchone()
        self._connection.execute("DELETE FROM messages WHERE seq <= ?", (up_to,))
        self._connection.execute(
            "UPDATE outbox SET confirmed = ?, dropped = dropped + ?", (up_to, gone)
        )
        return gone, freed

    def _say_dropping(self) -> None:
        if not self._dropping:
            _log.error(
                "outbox_full",
                outbox=str(self.path),
                dropped=self._dropped,
                waiting=self._last - self._confirmed,
                way_out="bring the receiver back, or give the outbox a larger quota; "
                "the oldest messages are given up",
            )
        self._dropping = True

    def _say_dropped(self) -> None:
        if self._dropping and self._bytes < OVER * self._quota.max_bytes:
            _log.info("outbox_has_room_again", outbox=str(self.path), dropped=self._dropped)
            self._dropping = False

    def read(self, after: int, limit: int) -> list[Message]:
        """At most `limit` messages above `after`, in order."""
        query = "SELECT seq, payload FROM messages WHERE seq > ? ORDER BY seq LIMIT ?"
        with self._lock:
            rows = self._connection.execute(query, (after, min(limit, MAX_READ))).fetchall()
        return [Message(seq, payload) for seq, payload in rows]

    def confirm(self, seq: int) -> None:
        """Lets go of everything up to `seq`; what was confirmed before stays so.

        On a disk that refuses, it is kept until the next ack: sent once more it is a duplicate,
        while a sender that ended for it would be no help to anybody.
        """
        with self._lock:
            seq = min(seq, self._last)
            if seq <= self._confirmed:
                return
            try:
                freed = self._let_go(seq)
            except sqlite3.OperationalError as error:
                if not self._refused:
                    _log.warning("outbox_not_trimmed", outbox=str(self.path), why=str(error))
                self._refused = True
                return
            self._confirmed, self._refused = seq, False
            self._bytes -= freed
            self._say_dropped()

    def close(self) -> None:
        """Ends the connection and frees the file for another process."""
        with self._lock:
            self._connection.close()

    def _let_go(self, seq: int) -> int:
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            row = self._connection.execute(f"{_BYTES} WHERE seq <= ?", (seq,)).fetchone()
            self._connection.execute("DELETE FROM messages WHERE seq <= ?", (seq,))
            self._connection.execute("UPDATE outbox SET confirmed = ?", (seq,))
        return int(row[0])

    def _row(self, query: str) -> sqlite3.Row:
        row: sqlite3.Row = self._connection.execute(query).fetchone()
        return row


def _open(path: Path) -> sqlite3.Connection:
    try:
        connection = open_database(path, _SCHEMA, SCHEMA_VERSION)
        # Two processes appending to one numbering would overwrite each other's seqs.
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.executescript("BEGIN EXCLUSIVE; COMMIT;")
        _add_columns(connection)
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        raise RoleTaken(
            f"{path}: another process sends from this outbox; stop it, or use another data folder"
        ) from error
    return connection


def _add_columns(connection: sqlite3.Connection) -> None:
    for table, column in _ADDED.items():
        names = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
        if column not in names:
            added = f"{column} INTEGER NOT NULL DEFAULT 0"
            connection.execute(f"ALTER TABLE {table} ADD COLUMN {added}")


def _check_sizes(payloads: Sequence[bytes]) -> None:
    for index, payload in enumerate(payloads):
        if len(payload) > MAX_PAYLOAD:
            raise PayloadTooLargeError(
                f"payload {index + 1} of {len(payloads)} is {len(payload)} bytes: a message has at "
                f"most {MAX_PAYLOAD}; send fewer points in one message, or shorter names"
            )
