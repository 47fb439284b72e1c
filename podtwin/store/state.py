"""The state database `state.db`: the file, and what the engine and the readers keep in it.

Tables are in `state_schema`, rows of alerts in `alert_rows`, of webhooks in `outbox`.

Several threads and processes write it: every write is one short `BEGIN IMMEDIATE` transaction,
one that finds it taken waits up to 5 s. One `StateStore` is one connection behind a lock and so
may be shared by threads; another process opens its own. Rows have natural keys and are
inserted once: after a crash the engine writes the same rows again and nothing is there twice.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from podcore.errors import ConfigError, NotWritten
from podcore.ports import Applied, Checkpoint, Command, Notice, Transition
from podtwin.store.alert_rows import pending_commands, write_changes, write_notices
from podtwin.store.state_schema import MIGRATIONS

ENGINE = "engine"  # the reader under which the engine's cursor is kept
KEPT_CHECKPOINTS = 10  # the newest of a site; older ones go down to one an hour
_HOUR_NS = 3_600_000_000_000
_BUSY_MS = 5_000

_THIN_OUT = """
DELETE FROM checkpoints WHERE site = :site
  AND offset NOT IN (
    SELECT offset FROM checkpoints WHERE site = :site ORDER BY offset DESC LIMIT :kept)
  AND offset NOT IN (
    SELECT min(offset) FROM checkpoints WHERE site = :site GROUP BY ts_ns / :hour)
"""
_NEWEST = "SELECT site, max(offset), ts_ns, state FROM checkpoints GROUP BY site"
_BEFORE = "SELECT site, offset, ts_ns, state FROM checkpoints WHERE site = ? AND offset <= ?"


class StateStore:
    """`EngineStore` and `Cursors` on one file.

    Raises
    ------
    ConfigError  When the file was written by a newer version, or is damaged. Nothing begins anew
        by itself here: keys and endpoints would be gone without a word.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._lock = threading.Lock()
        path.touch(0o600)  # it holds the secrets of endpoints
        self._connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, timeout=_BUSY_MS / 1000
        )
        self._connection.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        try:
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            self._migrate()
        except sqlite3.OperationalError:  # its disk or another user, not what is in it
            raise
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise ConfigError(
                str(path),
                None,
                f"is damaged: {error}",
                "restore it from a backup, or move it away: alerts, endpoints and keys then "
                "begin anew, log and history stay",
            ) from None

    def checkpoints(self) -> Mapping[str, Checkpoint]:
        """The newest checkpoint of each site."""
        with self._lock:
            rows = self._connection.execute(_NEWEST).fetchall()
        return {row[0]: Checkpoint(*row) for row in rows}

    def checkpoint_before(self, site: str, offset: int) -> Checkpoint | None:
        """The newest checkpoint of a site at or before an offset."""
        with self._lock:
            query = f"{_BEFORE} ORDER BY offset DESC LIMIT 1"
            row = self._connection.execute(query, (site, offset)).fetchone()
        return None if row is None else Checkpoint(*row)

    def commit(
        self,
        transitions: Sequence[Transition],
        checkpoints: Sequence[Checkpoint],
        cursor: int,
        notices: Sequence[Notice] = (),
        applied: Sequence[Applied] = (),
    ) -> None:
        """Stores all in one transaction; what is there already stays as it is."""
        with self.transaction() as connection:
            write_changes(connection, transitions, applied)
            write_notices(connection, notices)
            connection.executemany(
                "INSERT OR IGNORE INTO checkpoints VALUES (?,?,?,?)",
                [(c.site, c.offset, c.ts_ns, c.state) for c in checkpoints],
            )
            sites = [
                {"site": site, "kept": KEPT_CHECKPOINTS, "hour": _HOUR_NS}
                for site in {c.site for c in checkpoints}
            ]
            connection.executemany(_THIN_OUT, sites)
            set_cursor(connection, ENGINE, cursor)

    def pending_commands(self) -> list[Command]:
        """Commands that were not applied, in the order in which they came."""
        with self._lock:
            return pending_commands(self._connection)

    def rows(
        self, query: str, parameters: Sequence[object] | Mapping[str, object] = ()
    ) -> list[tuple[object, ...]]:
        """The rows of a query; no read transaction stays open."""
        with self._lock:
            return self._connection.execute(query, parameters).fetchall()

    def forget_checkpoints(self, before: int) -> int:
        """Deletes those that the log no longer reaches back to, never a site's newest; how many."""
        newest = "SELECT max(offset) FROM checkpoints AS other WHERE other.site = checkpoints.site"
        with self.transaction() as connection:
            return connection.execute(
                f"DELETE FROM checkpoints WHERE offset < ? AND offset < ({newest})",  # noqa: S608 - constant text
                (before,),
            ).rowcount

    def transitions(self, site: str) -> list[Transition]:
        """All transitions of a site, in the order in which they were decided."""
        query = (
            "SELECT key, site, fingerprint, before, after, cause, ts_ns, body FROM transitions"
            " WHERE site = ? ORDER BY rowid"
        )
        with self._lock:
            rows = self._connection.execute(query, (site,)).fetchall()
        return [Transition(*row) for row in rows]

    def get(self, reader: str) -> int:
        """The last offset done, 0 for a reader never seen."""
        return self.all().get(reader, 0)

    def set(self, reader: str, offset: int) -> None:
        """Remembers the last offset done."""
        with self.transaction() as connection:
            set_cursor(connection, reader, offset)

    def all(self) -> Mapping[str, int]:
        """Every reader with its offset."""
        with self._lock:
            return dict(self._connection.execute("SELECT reader, offset FROM cursors").fetchall())

    def drop(self, reader: str) -> None:
        """Forgets a reader that is no longer configured."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM cursors WHERE reader = ?", (reader,))

    def settings(self) -> Mapping[str, int]:
        """What the connection promises: how it syncs, how long it waits, which version it is."""
        names = ("synchronous", "busy_timeout", "user_version")
        with self._lock:
            return {n: int(self._connection.execute(f"PRAGMA {n}").fetchone()[0]) for n in names}

    def close(self) -> None:
        """Ends the connection."""
        with self._lock:
            self._connection.close()

    def _migrate(self) -> None:
        with self.transaction() as connection:
            found = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if found <= len(MIGRATIONS):
                for migration in MIGRATIONS[found:]:
                    for statement in migration.split(";"):
                        connection.execute(statement)
                connection.execute(f"PRAGMA user_version={len(MIGRATIONS)}")
                return
        self._connection.close()
        rule = f"was written by a newer PodTwin; this one reads up to version {len(MIGRATIONS)}"
        raise ConfigError(
            str(self.path), found, rule, "update PodTwin or use another data directory"
        )

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write transaction, ended whole or not at all; for the files beside this one."""
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException as error:
                if self._connection.in_transaction:  # some failures roll back by themselves
                    self._connection.execute("ROLLBACK")
                if isinstance(error, sqlite3.OperationalError):
                    raise NotWritten(f"{self.path}: {error}") from error
                raise


def set_cursor(connection: sqlite3.Connection, reader: str, offset: int) -> None:
    """Remembers the last offset that a reader has done, in the caller's transaction."""
    upsert = (
        "INSERT INTO cursors VALUES (?,?) ON CONFLICT (reader) DO UPDATE SET offset=excluded.offset"
    )
    connection.execute(upsert, (reader, offset))
