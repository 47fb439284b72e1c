"""The log: Frames in SQLite, one writer, any number of readers by offset.

`log.db` and `derived.db` have the same format. Write-ahead log with `synchronous=FULL`: what
`append` returned from survives a power cut. Readers poll by offset and end their read
transaction with each call, since an open one would keep the write-ahead log from being folded
back. In a derived log a Frame has a natural key (site, kind, source, ts): a rerun after a crash
writes the same rows again, and they are there once.

SQLite keeps no checksum of its pages, so a bit that flips on the disk would be read as another
value. Each row therefore carries one; a row that does not fit it is left out by every reader, and
the next start of the writer takes it out of the file (`log_salvage`).
"""

from __future__ import annotations

import sqlite3
import threading
import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from podcore.errors import ConfigError, NotWritten
from podcore.frame import Frame, Kind, Source

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA_VERSION = 2
MAX_READ = 2_000  # Frames a read, 2.4 MB at 1.2 kB: no read transaction stays open for long
TRIM_CHUNK = 5_000  # rows a delete: 32 ms at 1.2 kB a row, the longest that a commit may wait

_FRAMES = """
CREATE TABLE IF NOT EXISTS frames (
  offset INTEGER PRIMARY KEY, kind INTEGER NOT NULL, site TEXT NOT NULL, node TEXT NOT NULL,
  boot TEXT NOT NULL, seq INTEGER, ts_ns INTEGER NOT NULL, recv_ns INTEGER NOT NULL,
  cause INTEGER NOT NULL, source INTEGER NOT NULL, flags INTEGER NOT NULL, body BLOB NOT NULL,
  crc INTEGER);
CREATE INDEX IF NOT EXISTS frames_by_time ON frames (site, ts_ns) WHERE kind IN (1, 7);
CREATE TABLE IF NOT EXISTS trimmed (
  only INTEGER PRIMARY KEY CHECK (only = 1), up_to INTEGER NOT NULL);
INSERT OR IGNORE INTO trimmed VALUES (1, 0);
"""
_NATURAL_KEY = (
    "CREATE UNIQUE INDEX IF NOT EXISTS frames_by_key ON frames (site, kind, source, ts_ns);"
)
_INSERT = "INSERT {} INTO frames VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)"
_COLUMNS = "offset, kind, site, node, boot, seq, ts_ns, recv_ns, cause, source, flags, body"
_READ = "SELECT {} FROM frames WHERE offset > ? ORDER BY offset LIMIT ?"
_BETWEEN = """
SELECT {} FROM frames WHERE site = ? AND ts_ns >= ? AND ts_ns < ? AND offset > ? AND kind IN (1, 7)
ORDER BY offset
"""
_TRIM = """
DELETE FROM frames WHERE offset IN (
  SELECT offset FROM frames WHERE offset <= ? ORDER BY offset LIMIT ?)
"""

# One index step a site, where DISTINCT would walk every row.
_SITES = """
WITH RECURSIVE held(site) AS (
  SELECT min(site) FROM frames WHERE kind IN (1, 7)
  UNION ALL
  SELECT (SELECT min(site) FROM frames WHERE site > held.site AND kind IN (1, 7)) FROM held
  WHERE held.site IS NOT NULL)
SELECT site FROM held WHERE site IS NOT NULL
"""

Row = tuple[int, int, str, str, str, int | None, int, int, int, int, int, bytes, int | None]

_encoded = msgspec.msgpack.Encoder().encode  # a third of the time that text would take
_events = structlog.get_logger("ingest")


def open_database(path: Path, schema: str, version: int) -> sqlite3.Connection:
    """A connection for the one writer of a file, its tables made or found.

    Raises
    ------
    ConfigError  When the file was written by a newer version.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    _refuse_newer(connection, path, version)
    connection.executescript(f"BEGIN IMMEDIATE; {schema} PRAGMA user_version={version}; COMMIT;")
    return connection


def _refuse_newer(connection: sqlite3.Connection, path: Path, version: int) -> None:
    found = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if found > version:
        connection.close()
        rule = f"was written by a newer PodTwin; this one reads up to version {version}"
        raise ConfigError(str(path), found, rule, "update PodTwin or use another data directory")


def columns(connection: sqlite3.Connection) -> str:
    """What is selected for a `Row`; a file of version 1 has no checksums."""
    names = {str(row[1]) for row in connection.execute("PRAGMA table_info(frames)")}
    return f"{_COLUMNS}, {'crc' if 'crc' in names else 'NULL'}"


def checksum(row: Sequence[object], body: bytes) -> int:
    """The checksum of a row: its columns before the body as MessagePack, and the body."""
    return zlib.crc32(body, zlib.crc32(_encoded(row[:11])))


def fits(row: Sequence[Any]) -> bool:
    """Whether a row is what was written, as far as its checksum tells; without one yes."""
    return row[12] is None or row[12] == checksum(row, row[11])


def _frame(row: Row) -> Frame:
    offset, kind, site, node, boot, seq, ts_ns, recv_ns, cause, source, flags, body, _ = row
    return Frame(
        offset,
        Kind(kind),
        site,
        node,
        boot,
        seq,
        ts_ns,
        recv_ns,
        cause,
        Source(source),
        flags,
        body,
    )


def _row(offset: int, f: Frame) -> Row:
    # Plain integers: sqlite3 looks for an adapter of every enum member, at twice the cost.
    head = (
        offset, int(f.kind), f.site, f.node, f.boot, f.seq,
        f.ts_ns, f.recv_ns, f.cause, int(f.source), int(f.flags),
    )  # fmt: skip
    return *head, f.body, checksum(head, f.body)


def _whole(rows: Iterable[Row], path: Path) -> list[Frame]:
    """The Frames of the rows that fit their checksums; the others are said."""
    frames = []
    for row in rows:
        if fits(row):
            frames.append(_frame(row))
        else:
            _events.error("damaged_frame_left_out", log=str(path), offset=row[0])
    return frames


class _Reading:
    """The reading half, over whatever connection there is."""

    path: Path
    _connection: sqlite3.Connection
    _columns: str

    def read(self, after: int, limit: int) -> list[Frame]:
        """At most `limit` Frames above `after`, in order."""
        query = _READ.format(self._columns)
        rows = self._connection.execute(query, (after, min(limit, MAX_READ))).fetchall()
        return _whole(rows, self.path)

    def first_offset(self) -> int:
        """The lowest offset still held, or the next one when empty."""
        row = self._connection.execute("SELECT min(offset) FROM frames").fetchone()
        return int(row[0]) if row[0] is not None else self.last_offset() + 1

    def last_offset(self) -> int:
        """The highest offset ever committed, 0 when there was none."""
        query = (
            "SELECT max(coalesce((SELECT max(offset) FROM frames), 0), (SELECT up_to FROM trimmed))"
        )
        return int(self._connection.execute(query).fetchone()[0])

    def between(self, site: str, from_ns: int, to_ns: int, after: int) -> list[Frame]:
        """The reading and forecast Frames of a site with ts in [from, to) above an offset."""
        query = _BETWEEN.format(self._columns)
        rows = self._connection.execute(query, (site, from_ns, to_ns, after)).fetchall()
        return _whole(rows, self.path)

    def sites(self) -> list[str]:
        """The sites of which reading or forecast Frames are held, sorted."""
        return [str(row[0]) for row in self._connection.execute(_SITES).fetchall()]

    def oldest_ns(self, *, after: int) -> int | None:
        """The oldest time of a reading above an offset, None without any; a scan of these."""
        query = "SELECT min(ts_ns) FROM frames WHERE offset > ? AND kind = ?"
        row = self._connection.execute(query, (after, int(Kind.READING))).fetchone()
        return None if row[0] is None else int(row[0])

    def find(self, kind: Kind) -> list[Frame]:
        """All Frames of a rare kind (config, birth, command); a scan, for starts and tests."""
        query = f"SELECT {self._columns} FROM frames WHERE kind = ? ORDER BY offset"  # noqa: S608 - constant text
        return _whole(self._connection.execute(query, (int(kind),)).fetchall(), self.path)

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection, for the tables beside the Frames."""
        return self._connection

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()


class SqliteLog(_Reading):
    """The writer of one log file; it belongs to one thread at a time."""

    def __init__(self, path: Path, *, derived: bool = False) -> None:
        self.path = path
        self._connection = open_database(
            path, _FRAMES + (_NATURAL_KEY if derived else ""), SCHEMA_VERSION
        )
        if "NULL" in columns(self._connection):
            self._connection.execute("ALTER TABLE frames ADD COLUMN crc INTEGER")
        self._columns = columns(self._connection)
        self._insert = _INSERT.format("OR IGNORE" if derived else "")
        self._next = self.last_offset() + 1

    def append(
        self, frames: Sequence[Frame], also: Callable[[sqlite3.Connection], None] | None = None
    ) -> int:
        """Commits the Frames in order, with what `also` writes beside them; the last offset."""
        rows = [_row(offset, frame) for offset, frame in enumerate(frames, self._next)]
        with self._transaction():
            if rows:
                self._connection.executemany(self._insert, rows)
            if also is not None:
                also(self._connection)
        self._next += len(rows)
        return self._next - 1

    @property
    def next_offset(self) -> int:
        """The offset that the next Frame gets."""
        return self._next

    def trim(self, up_to: int, limit: int = TRIM_CHUNK) -> int:
        """Deletes at most `limit` of the oldest Frames, none above `up_to`; how many went."""
        with self._transaction():
            cursor = self._connection.execute(_TRIM, (up_to, limit))
            if cursor.rowcount:
                self._connection.execute(
                    "UPDATE trimmed SET up_to = max(up_to, ?)", (min(up_to, self._next - 1),)
                )
        return cursor.rowcount

    def size_bytes(self) -> int:
        """Size of the file's pages in use, without the write-ahead log."""
        return (self._pragma("page_count") - self._pragma("freelist_count")) * self._page_size

    def unused_bytes(self) -> int:
        """Size of the pages that trimming has freed, which are written into before it grows."""
        return self._pragma("freelist_count") * self._page_size

    @property
    def _page_size(self) -> int:
        return self._pragma("page_size")

    def _pragma(self, name: str) -> int:
        return int(self._connection.execute(f"PRAGMA {name}").fetchone()[0])

    def offset_received_before(self, recv_ns: int) -> int:
        """The highest offset whose Frame and all before it were received earlier, 0 for none.

        A search by halves: receive times grow with offsets but for steps of the machine's clock.
        """
        low, high = self.first_offset() - 1, self.last_offset()
        while low < high:
            middle = (low + high + 1) // 2
            found = self.read(middle - 1, 1)
            if found and found[0].recv_ns < recv_ns:
                low = middle
            else:
                high = middle - 1
        return low

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield
            self._connection.execute("COMMIT")
        except BaseException as error:
            if self._connection.in_transaction:  # some failures of SQLite roll back by themselves
                self._connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.OperationalError):
                raise NotWritten(f"{self.path}: {error}") from error
            raise


class SqliteLogReader(_Reading):
    """A reader with a connection of its own; one for each thread or process.

    The file is made with its tables when it is not there yet, so that a reader may start first.
    """

    def __init__(self, path: Path, *, derived: bool = False) -> None:
        if not path.exists():
            SqliteLog(path, derived=derived).close()
        self.path = path
        self._open()

    def _open(self) -> None:
        found = self.path.stat()
        self._file = found.st_dev, found.st_ino
        self._connection = sqlite3.connect(
            f"{self.path.resolve().as_uri()}?mode=ro",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=5.0,
        )
        self._connection.execute("PRAGMA query_only=1")
        _refuse_newer(self._connection, self.path, SCHEMA_VERSION)
        self._columns = columns(self._connection)

    def read(self, after: int, limit: int) -> list[Frame]:
        """At most `limit` Frames above `after`, in order.

        At the end of a file whose writer has put another in its place, it goes on in that one.
        """
        frames = super().read(after, limit)
        if not frames and self._replaced():
            self._connection.close()
            self._open()
            frames = super().read(after, limit)
        return frames

    def _replaced(self) -> bool:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return False
        return (found.st_dev, found.st_ino) != self._file


class SharedLogReader:
    """A tail that any thread may ask; each gets a connection of its own at its first question.

    A file that is not there holds nothing, and is not made: whoever only asks leaves no trace.
    """

    def __init__(self, path: Path, *, derived: bool = False) -> None:
        self._path = path
        self._derived = derived
        self._own = threading.local()

    def between(self, site: str, from_ns: int, to_ns: int, after: int) -> list[Frame]:
        """The reading and forecast Frames of a site with ts in [from, to) above an offset."""
        reader = self._reader()
        return [] if reader is None else reader.between(site, from_ns, to_ns, after)

    def sites(self) -> list[str]:
        """The sites of which reading or forecast Frames are held, sorted."""
        reader = self._reader()
        return [] if reader is None else reader.sites()

    def waiting(self, after: int) -> tuple[int, int | None]:
        """How many Frames lie above an offset, and when the first of them came."""
        reader = self._reader()
        first = [] if reader is None else reader.read(after, 1)
        if reader is None or not first:
            return 0, None
        return reader.last_offset() - first[0].offset + 1, first[0].recv_ns

    def _reader(self) -> SqliteLogReader | None:
        reader: SqliteLogReader | None = getattr(self._own, "reader", None)
        if reader is None and self._path.exists():
            reader = self._own.reader = SqliteLogReader(self._path, derived=self._derived)
        return reader
