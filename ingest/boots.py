"""Boots of a node: the newest are remembered, the one not heard of for the longest goes.

A sender without a disk has another boot after each start, and one that has gone wrong another with
each message. A boot that is forgotten loses its dedupe: its repeats are settled by (point, ts).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from ingest.bounds import MAX_BOOTS

SCHEMA = """
CREATE TABLE IF NOT EXISTS boots (
  site TEXT, node TEXT, boot TEXT, heard_ns INTEGER NOT NULL, PRIMARY KEY (site, node, boot))
  WITHOUT ROWID;
"""
FORGOTTEN = "boots_forgotten"  # the counter

BootKey = tuple[str, str, str]  # site, node, boot

# A row of before this table was there has no time, and goes first.
_OLDEST = """
SELECT seen.site, seen.node, seen.boot FROM seen
LEFT JOIN boots ON (boots.site, boots.node, boots.boot) = (seen.site, seen.node, seen.boot)
WHERE seen.site = ? AND seen.node = ?
ORDER BY ifnull(heard_ns, 0) DESC, seen.boot LIMIT -1 OFFSET ?
"""


def write_heard(connection: sqlite3.Connection, heard: Iterable[BootKey], now_ns: int) -> None:
    """Notes that boots are in use, in the caller's transaction."""
    rows = [(*key, now_ns) for key in heard]
    connection.executemany("INSERT OR REPLACE INTO boots VALUES (?, ?, ?, ?)", rows)


def too_old(
    connection: sqlite3.Connection, heard: Iterable[BootKey], most: int = MAX_BOOTS
) -> list[BootKey]:
    """The boots past the bound, of the nodes of these."""
    nodes = sorted({(site, node) for site, node, _ in heard})
    return [row for each in nodes for row in connection.execute(_OLDEST, (*each, most))]


def forget(connection: sqlite3.Connection, boots: Sequence[BootKey]) -> None:
    """Deletes what is known of boots, in the caller's transaction."""
    for table in ("seen", "boots"):
        connection.executemany(
            f"DELETE FROM {table} WHERE site = ? AND node = ? AND boot = ?",  # noqa: S608 - ours
            boots,
        )
