"""The sender's outbox: numbered payloads in a file until the receiver has confirmed them.

What `append` returned from survives a power cut (write-ahead log, `synchronous=FULL`); only an
application ack lets a payload go, never the broker's PUBACK. The file names its own numbering:
`boot` is made with it, and `seq` goes on over restarts, also past payloads long trimmed. One
process holds the file; the simulated plant appends and the sender's thread reads and trims.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

import structlog

from ingest.log import open_database
from ingest.native import MAX_PAYLOAD
from podcore.errors import PodTwinError, RoleTaken
from podcore.ports import Message

SCHEMA_VERSION = 1
MAX_READ = 500  # messages a read: one window, 0.6 MB at 1.2 kB each

_SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (seq INTEGER PRIMARY KEY, payload BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS outbox (
  only INTEGER PRIMARY KEY CHECK (only = 1), boot TEXT NOT NULL,
  confirmed INTEGER NOT NULL, recorded_up_to INTEGER NOT NULL);
"""

_log = structlog.get_logger(__name__)

_LAST = "SELECT max(confirmed, coalesce((SELECT max(seq) FROM messages), 0)) FROM outbox"


class PayloadTooLargeError(PodTwinError):
    """A payload that no receiver would take."""


class Outbox:
    """Payloads of one node, in a file; implements `podcore.ports.Backlog`.

    Parameters
    ----------
    path : the file, `outbox/{site}.{node}.db` of a data directory; made when it is not there.
    ulid : a fresh ULID, which becomes the boot if the file is new.
    """

    def __init__(self, path: Path, ulid: str) -> None:
        self.path = path
        self._lock = threading.Lock()  # the appending thread and the sending one
        self._connection = _open(path)
        self._connection.execute("INSERT OR IGNORE INTO outbox VALUES (1, ?, 0, 0)", (ulid,))
        row = self._row("SELECT boot, confirmed, recorded_up_to FROM outbox")
        self._boot: str = row[0]
        self._confirmed: int = row[1]
        self._recorded_up_to: int = row[2]
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
        with self._lock:
            # The one place where the file grows. A quota in bytes, dropping the oldest and
            # counting them, belongs here; `first` in the next birth then tells the receiver.
            last = self._last + len(payloads)
            recorded_up_to = last if recorded else self._recorded_up_to
            with self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                rows = enumerate(payloads, self._last + 1)
                self._connection.executemany("INSERT INTO messages VALUES (?, ?)", rows)
                self._connection.execute("UPDATE outbox SET recorded_up_to = ?", (recorded_up_to,))
            self._last, self._recorded_up_to = last, recorded_up_to
        return last

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
                self._let_go(seq)
            except sqlite3.OperationalError as error:
                if not self._refused:
                    _log.warning("outbox_not_trimmed", outbox=str(self.path), why=str(error))
                self._refused = True
                return
            self._confirmed, self._refused = seq, False

    def close(self) -> None:
        """Ends the connection and frees the file for another process."""
        with self._lock:
            self._connection.close()

    def _let_go(self, seq: int) -> None:
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute("DELETE FROM messages WHERE seq <= ?", (seq,))
            self._connection.execute("UPDATE outbox SET confirmed = ?", (seq,))

    def _row(self, query: str) -> sqlite3.Row:
        row: sqlite3.Row = self._connection.execute(query).fetchone()
        return row


def _open(path: Path) -> sqlite3.Connection:
    try:
        connection = open_database(path, _SCHEMA, SCHEMA_VERSION)
        # Two processes appending to one numbering would overwrite each other's seqs.
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.executescript("BEGIN EXCLUSIVE; COMMIT;")
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        raise RoleTaken(
            f"{path}: another process sends from this outbox; stop it, or use another data folder"
        ) from error
    return connection


def _check_sizes(payloads: Sequence[bytes]) -> None:
    for index, payload in enumerate(payloads):
        if len(payload) > MAX_PAYLOAD:
            raise PayloadTooLargeError(
                f"payload {index + 1} of {len(payloads)} is {len(payload)} bytes: a message has at "
                f"most {MAX_PAYLOAD}; send fewer points in one message, or shorter names"
            )
