"""Requests in `state.db` to try a dead letter again.

Any process may ask; only the one that owns the letter's file may do it, so that asking is a row
and doing is that process's work. A row stays until what came of it is on disk beside the letter,
under the id of the request: a crash between the two finds the row again and sees that it is done.
"""

from __future__ import annotations

import sqlite3

from podcore.errors import ConfigError, NotWritten
from podcore.retry import FORWARD, RetryRequest
from podtwin.store.alert_rows import write_audit
from podtwin.store.state import StateStore

MAX_WAITING = 10_000  # as many as there are letters


class Retries:
    """What waits at one stage; implements `podcore.retry.RetryRequests`."""

    def __init__(self, store: StateStore, stage: str) -> None:
        self._store = store
        self._stage = stage
        self._only = ""
        self._of: tuple[str, ...] = ()

    def ask(self, request: RetryRequest, target: str) -> str:
        """Writes a request down and audits it; the id of the one that waits for this letter.

        Raises
        ------
        ConfigError  When too many wait.
        """
        find = "SELECT id FROM retries WHERE stage = ? AND letter = ?"
        with self._store.transaction() as connection:
            waiting = connection.execute(find, (self._stage, request.letter)).fetchone()
            if waiting is not None:
                return str(waiting[0])
            count = int(connection.execute("SELECT count(*) FROM retries").fetchone()[0])
            if count >= MAX_WAITING:
                rule = f"{MAX_WAITING} letters wait to be tried again"
                raise ConfigError("retry", target, rule, "wait until they are done")
            connection.execute(
                "INSERT INTO retries VALUES (?,?,?,?,?)",
                (request.id, self._stage, request.letter, request.asked_by, request.asked_ns),
            )
            write_audit(
                connection, request.asked_ns, request.asked_by, "deadletter_retried", target
            )
            return request.id

    def pending(self, limit: int) -> list[RetryRequest]:
        """The oldest of them.

        Raises
        ------
        NotWritten  When the file cannot be read now; who asks goes on and asks again.
        """
        query = (
            f"SELECT id, letter, asked_by, asked_ns FROM retries WHERE stage = ?{self._only}"  # noqa: S608 - constant text
            " ORDER BY asked_ns, rowid LIMIT ?"
        )
        try:
            rows = self._store.rows(query, (self._stage, *self._of, limit))
        except sqlite3.OperationalError as error:
            raise NotWritten(f"{self._store.path}: {error}") from error
        return [RetryRequest(str(r[0]), int(str(r[1])), str(r[2]), int(str(r[3]))) for r in rows]

    def waiting(self) -> frozenset[int]:
        """The letters that wait."""
        rows = self._store.rows("SELECT letter FROM retries WHERE stage = ?", (self._stage,))
        return frozenset(int(str(row[0])) for row in rows)

    def done(self, request: str) -> None:
        """Forgets one; what came of it stands beside its letter."""
        with self._store.transaction() as connection:
            connection.execute("DELETE FROM retries WHERE id = ?", (request,))


class SinkRetries(Retries):
    """Those of the lines that one sink refused; one that is away holds up no other's."""

    def __init__(self, store: StateStore, sink: str) -> None:
        super().__init__(store, FORWARD)
        self._only = " AND letter IN (SELECT id FROM undelivered WHERE sink = ?)"
        self._of = (sink,)
