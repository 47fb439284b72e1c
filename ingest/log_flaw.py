"""What is wrong with a log file: torn pages, flipped bits, rows that cannot be decoded."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from ingest.dedupe import Seen
from ingest.log import SCHEMA_VERSION, columns, fits
from ingest.registry import NodeRow, SiteRow

MAX_VERSION: Final = 1_000  # of a log's format; a greater one is a flipped bit
FROM: Final = "SELECT {} FROM frames WHERE offset > ? ORDER BY offset"
_DAMAGE: Final = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
# Tables whose last column is MessagePack that the start of ingest decodes.
_ROWS: Final[Mapping[str, msgspec.msgpack.Decoder[SiteRow | NodeRow | Seen]]] = {
    "sites": msgspec.msgpack.Decoder(SiteRow),
    "nodes": msgspec.msgpack.Decoder(NodeRow),
    "seen": msgspec.msgpack.Decoder(Seen),
}


def flaw(path: Path) -> str:
    """What is wrong with a log, empty for nothing.

    Raises
    ------
    sqlite3.Error  When it cannot be read for another reason, which says nothing about its content.
    """
    if not path.exists() or not path.stat().st_size:
        return ""
    with contextlib.closing(plain(path)) as connection:
        try:
            version = version_of(connection)
            if version > MAX_VERSION:
                return f"it says of itself that it is of version {version}"
            if version > SCHEMA_VERSION:
                return ""  # of a newer PodTwin: its own writer looks at it
            said = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
            return said if said != "ok" else _first_unfit(connection) or _unreadable(connection)
        except sqlite3.DatabaseError as error:
            if is_damage(error):
                return str(error)
            raise


def version_of(connection: sqlite3.Connection) -> int:
    """The version of its format that a file tells."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _first_unfit(connection: sqlite3.Connection) -> str:
    if not has(connection, "frames"):
        return ""
    for row in connection.execute(FROM.format(columns(connection)), (-1,)):
        if not fits(row):
            return f"the Frame at offset {row[0]} does not fit its checksum"
    return ""


def _unreadable(connection: sqlite3.Connection) -> str:
    """A row of the registry that cannot be decoded, as text."""
    for table in _ROWS:
        if has(connection, table):
            for row in connection.execute(f"SELECT * FROM {table}"):  # noqa: S608 - names of ours
                if not decodes(table, row):
                    return f"a row of {table} cannot be decoded: {'/'.join(map(str, row[:-1]))}"
    return ""


def has(connection: sqlite3.Connection, table: str) -> bool:
    """Whether there is such a table."""
    query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
    return connection.execute(query, (table,)).fetchone() is not None


def decodes(table: str, row: Sequence[Any]) -> bool:
    """Whether a row of the registry is one; rows of other tables always are."""
    kind = _ROWS.get(table)
    if kind is None:
        return True
    try:
        kind.decode(row[-1])
    except (msgspec.MsgspecError, TypeError):
        return False
    return True


def plain(path: Path) -> sqlite3.Connection:
    """A connection that reads what it can."""
    connection = sqlite3.connect(path, timeout=5.0)
    connection.execute("PRAGMA writable_schema=ON")  # else a file cut short tells nothing at all
    # Text that a flipped bit made no UTF-8 is read all the same, and does not fit its checksum.
    connection.text_factory = lambda raw: raw.decode(errors="replace")
    return connection


def is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether an error speaks of the file's content, and not of its disk or its other users."""
    return getattr(error, "sqlite_errorname", _DAMAGE[0]).startswith(_DAMAGE)
