"""The registry's and the refusals' tables in `log.db`: loading at start, rows with a commit."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

import msgspec

from ingest.dedupe import Seen
from ingest.reasons import Rejected
from ingest.registry import Changes, NodeRow, Registry, SiteRow
from podcore.site import Site

SCHEMA = """
CREATE TABLE IF NOT EXISTS sites (site TEXT PRIMARY KEY, row BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS nodes (
  site TEXT, node TEXT, row BLOB NOT NULL, PRIMARY KEY (site, node)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS owners (
  site TEXT, point TEXT, node TEXT NOT NULL, PRIMARY KEY (site, point)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seen (
  site TEXT, node TEXT, boot TEXT, row BLOB NOT NULL, PRIMARY KEY (site, node, boot)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dead_letters (
  id INTEGER PRIMARY KEY, recv_ns INTEGER NOT NULL, topic TEXT NOT NULL, reason TEXT NOT NULL,
  size INTEGER NOT NULL, payload BLOB NOT NULL, detail BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS dead_readings (
  site TEXT, node TEXT, place TEXT, reason TEXT, count INTEGER NOT NULL, first_ns INTEGER NOT NULL,
  last_ns INTEGER NOT NULL, detail BLOB NOT NULL, PRIMARY KEY (site, node, place, reason))
  WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS topics (filter TEXT PRIMARY KEY) WITHOUT ROWID;
"""
MAX_DEAD_READINGS = 10_000  # kinds of refused readings kept apart: five sites' worth of points

_site = msgspec.msgpack.Decoder(SiteRow)
_node = msgspec.msgpack.Decoder(NodeRow)
_seen = msgspec.msgpack.Decoder(Seen)
_encode = msgspec.msgpack.Encoder().encode

SeenKey = tuple[str, str, str]


class DeadLetter(msgspec.Struct, frozen=True):
    """A message of which nothing could be used, as it came."""

    recv_ns: int
    topic: str
    size: int
    payload: bytes
    why: Rejected

    @property
    def kept_bytes(self) -> int:
        """What of it can be long: a topic may have 64 KiB."""
        return len(self.payload) + len(self.topic.encode())


class DeadReading(msgspec.Struct, frozen=True):
    """A refused reading of a message, or a refused point of a birth."""

    recv_ns: int
    site: str
    node: str
    why: Rejected


def load_registry(connection: sqlite3.Connection, *, discover: bool) -> Registry:
    """The registry as the log holds it."""
    sites = {site: _site.decode(row) for site, row in connection.execute("SELECT * FROM sites")}
    nodes = {
        (site, node): _node.decode(row)
        for site, node, row in connection.execute("SELECT * FROM nodes")
    }
    owners = {
        (site, point): node for site, point, node in connection.execute("SELECT * FROM owners")
    }
    return Registry(sites, nodes, owners, discover=discover)


def load_sites(connection: sqlite3.Connection) -> list[Site]:
    """The sites that the log knows, for readers in other threads and processes."""
    try:
        rows = connection.execute("SELECT row FROM sites ORDER BY site").fetchall()
    except sqlite3.OperationalError:  # a log that ingest has not opened yet
        return []
    return [_site.decode(row[0]).site for row in rows]


def remember_topics(connection: sqlite3.Connection, filters: Iterable[str]) -> list[str]:
    """Notes what is subscribed to beside PodTwin's own topics; all that once was and is no more.

    A broker keeps the subscriptions of a session, also one that no start asks for any longer.
    """
    now = set(filters)
    connection.executemany("INSERT OR IGNORE INTO topics VALUES (?)", [(each,) for each in now])
    known = {str(row[0]) for row in connection.execute("SELECT filter FROM topics")}
    return sorted(known - now)


def load_seen(connection: sqlite3.Connection, key: SeenKey) -> Seen | None:
    """The numbers seen of a boot, or None."""
    query = "SELECT row FROM seen WHERE site = ? AND node = ? AND boot = ?"
    row = connection.execute(query, key).fetchone()
    return _seen.decode(row[0]) if row else None


def write_changes(connection: sqlite3.Connection, changes: Changes) -> None:
    """Writes changed sites, nodes and owners, in the caller's transaction."""
    connection.executemany(
        "INSERT OR REPLACE INTO sites VALUES (?, ?)",
        [(site, _encode(row)) for site, row in changes.sites.items()],
    )
    connection.executemany(
        "INSERT OR REPLACE INTO nodes VALUES (?, ?, ?)",
        [(site, node, _encode(row)) for (site, node), row in changes.nodes.items()],
    )
    for (site, point), node in changes.owners.items():
        if node is None:
            connection.execute("DELETE FROM owners WHERE site = ? AND point = ?", (site, point))
        else:
            connection.execute(
                "INSERT OR REPLACE INTO owners VALUES (?, ?, ?)", (site, point, node)
            )


def write_seen(connection: sqlite3.Connection, seen: Iterable[tuple[SeenKey, Seen]]) -> None:
    """Writes the numbers seen, in the caller's transaction."""
    rows = [(*key, _encode(value)) for key, value in seen]
    connection.executemany("INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?)", rows)


def write_dead_letters(connection: sqlite3.Connection, letters: Iterable[DeadLetter]) -> None:
    """Writes refused messages, in the caller's transaction."""
    connection.executemany(
        "INSERT INTO dead_letters (recv_ns, topic, reason, size, payload, detail) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        [
            (d.recv_ns, d.topic, d.why.reason.value, d.size, d.payload, _encode(d.why))
            for d in letters
        ],
    )


def write_dead_readings(connection: sqlite3.Connection, readings: Iterable[DeadReading]) -> None:
    """Counts refused readings by node, place and reason.

    Past the bound the place becomes `*`, past twice the bound site and node too: who may publish
    can name ever new ones.
    """
    rows = list(readings)
    if not rows:
        return
    kinds = int(connection.execute("SELECT count(*) FROM dead_readings").fetchone()[0])
    connection.executemany(
        "INSERT INTO dead_readings VALUES (?, ?, ?, ?, 1, ?, ?, ?) "
        "ON CONFLICT (site, node, place, reason) "
        "DO UPDATE SET count = count + 1, last_ns = excluded.last_ns, detail = excluded.detail",
        [
            (
                *_kind(d, kinds, index), d.why.reason.value, d.recv_ns, d.recv_ns, _encode(d.why),
            )
            for index, d in enumerate(rows)
        ],
    )  # fmt: skip


def _kind(reading: DeadReading, kinds: int, index: int) -> tuple[str, str, str]:
    if kinds + index < MAX_DEAD_READINGS:
        return reading.site, reading.node, reading.why.place
    if kinds < 2 * MAX_DEAD_READINGS:
        return reading.site, reading.node, "*"
    return "*", "*", "*"
