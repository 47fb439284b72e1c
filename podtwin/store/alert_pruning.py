"""What becomes of old alerts: they go, with all that belongs to them; an open one never does.

Ages count back from what a site has come to, not from the clock: the alerts of a recording of
last year are as old as its newest change, and stay as long as those of today.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from podcore.clock import NS
from podtwin.store.state import StateStore

_DAY_NS: Final = 86_400 * NS
KEEP_NS: Final = 400 * _DAY_NS  # a year, and the month in which one looks back at it
KEEP_COUNT: Final = 100_000  # resolved ones of all sites: 250 a day for those 400 days
STRAYS_NS: Final = 30 * _DAY_NS  # changes of conditions that never came to an alert
CHUNK: Final = 500  # alerts a transaction, each with some ten rows: some milliseconds

_NEWEST: Final = "SELECT site, max(ts_ns) FROM transitions GROUP BY site"
_OLD: Final = """
SELECT id, fingerprint, raised_ns, ended_ns FROM alerts
WHERE site = ? AND state = 'resolved' AND started_ns < ? AND ended_ns < ?
ORDER BY started_ns LIMIT ?
"""
_OLDEST: Final = """
SELECT id, fingerprint, raised_ns, ended_ns FROM alerts WHERE state = 'resolved'
ORDER BY started_ns, id LIMIT ?
"""
_STRAYS: Final = """
DELETE FROM transitions WHERE rowid IN (
  SELECT t.rowid FROM transitions AS t WHERE t.site = ? AND t.ts_ns < ? AND NOT EXISTS (
    SELECT 1 FROM alerts AS a WHERE a.site = t.site AND a.fingerprint = t.fingerprint
      AND t.ts_ns BETWEEN a.raised_ns AND coalesce(a.ended_ns, 9223372036854775807))
  LIMIT ?)
"""
# A message needs its notice as long as it is kept itself, so that its notice goes after it.
_ORPHANS: Final = """
SELECT key FROM notices AS n
WHERE NOT EXISTS (SELECT 1 FROM alerts WHERE alerts.id = n.alert)
  AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.notice = n.key)
LIMIT ?
"""
_Doomed = tuple[str, str, int, int]


class AlertPruning:
    """Deletes a chunk at a time."""

    def __init__(
        self, store: StateStore, keep_ns: int = KEEP_NS, keep_count: int = KEEP_COUNT
    ) -> None:
        self._store = store
        self._keep_ns = keep_ns
        self._keep_count = keep_count

    def prune(self) -> int:
        """Deletes what is too old or too much, a chunk at most; how many alerts."""
        newest = [(str(site), int(str(ts))) for site, ts in self._store.rows(_NEWEST)]
        doomed = self._doomed(newest)
        orphans = self._store.rows(_ORPHANS, (CHUNK,))
        with self._store.transaction() as connection:
            connection.executemany("DELETE FROM notices WHERE key = ?", orphans)
            for each in doomed:
                _delete(connection, *each)
            for site, ts_ns in newest:
                connection.execute(_STRAYS, (site, ts_ns - min(STRAYS_NS, self._keep_ns), CHUNK))
        return len(doomed)

    def _doomed(self, newest: list[tuple[str, int]]) -> list[_Doomed]:
        resolved = "SELECT count(*) FROM alerts WHERE state = 'resolved'"
        excess = int(str(self._store.rows(resolved)[0][0])) - self._keep_count
        if excess > 0:
            return [_row(each) for each in self._store.rows(_OLDEST, (min(excess, CHUNK),))]
        found: list[_Doomed] = []
        for site, ts_ns in newest:
            before_ns, room = ts_ns - self._keep_ns, CHUNK - len(found)
            rows = self._store.rows(_OLD, (site, before_ns, before_ns, room))
            found += [_row(each) for each in rows]
        return found


def _delete(
    connection: sqlite3.Connection, alert: str, fingerprint: str, raised_ns: int, ended_ns: int
) -> None:
    connection.execute(
        "DELETE FROM transitions WHERE fingerprint = ? AND ts_ns BETWEEN ? AND ?",
        (fingerprint, raised_ns, ended_ns),
    )
    connection.execute(
        "DELETE FROM commands WHERE alert = ? AND applied_cause IS NOT NULL", (alert,)
    )
    connection.execute("DELETE FROM alerts WHERE id = ? AND state = 'resolved'", (alert,))


def _row(row: tuple[object, ...]) -> _Doomed:
    alert, fingerprint, raised_ns, ended_ns = row
    return str(alert), str(fingerprint), int(str(raised_ns)), int(str(ended_ns or raised_ns))
