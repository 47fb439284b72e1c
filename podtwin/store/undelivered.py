"""What a sink refused, in `state.db`: rows to look at and to try again, and exact counts.

Rows and cursor move in one transaction, so a refusal is there once whatever ends the process.
The newest rows stay, up to a bound; the counts by reason go on.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from podcore.ports import Clock
from podcore.undelivered import Undelivered
from podtwin.store.downsampling import Minute, mark
from podtwin.store.state import StateStore, set_cursor

KEPT: Final = 20_000  # rows; 12 MB at 600 B, 100 MB with the longest lines and words
_INSERT: Final = """
INSERT INTO undelivered (at_ns, sink, log, offset, site, node, ts_ns, reason, detail, line, size)
VALUES (?,?,?,?,?,?,?,?,?,?,?)
"""
_COUNT: Final = """
INSERT INTO undelivered_counts VALUES (?,?,?)
ON CONFLICT (sink, reason) DO UPDATE SET count = count + excluded.count
"""
_TRIM: Final = "DELETE FROM undelivered WHERE id <= (SELECT max(id) FROM undelivered) - ?"
_COLUMNS: Final = (
    "id, at_ns, sink, log, offset, site, node, ts_ns, reason, detail, line, size,"
    " request, retried_ns, stored, outcome"
)


@dataclass(frozen=True, slots=True)
class KeptUndelivered:
    """A refusal as it is kept.

    at_ns : when it was refused.
    request, retried_ns, stored, outcome : what came of it when it was tried again; empty and
        None before.
    """

    id: int
    at_ns: int
    what: Undelivered
    request: str = ""
    retried_ns: int | None = None
    stored: bool = False
    outcome: str = ""


class UndeliveredRows:
    """The refusals that are kept."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    def page(
        self, limit: int, before: int | None = None, *, site: str = "", reason: str = ""
    ) -> list[KeptUndelivered]:
        """The newest, or those older than an id."""
        terms = [("id < ?", before), ("site = ?", site or None), ("reason = ?", reason or None)]
        held = [(term, value) for term, value in terms if value is not None]
        where = " AND ".join(term for term, _ in held) or "1"
        query = f"SELECT {_COLUMNS} FROM undelivered WHERE {where} ORDER BY id DESC LIMIT ?"  # noqa: S608 - terms are ours
        return [_kept(row) for row in self._store.rows(query, (*(v for _, v in held), limit))]

    def get(self, number: int) -> KeptUndelivered | None:
        """One of them, or None."""
        query = f"SELECT {_COLUMNS} FROM undelivered WHERE id = ?"  # noqa: S608 - constant text
        rows = self._store.rows(query, (number,))
        return _kept(rows[0]) if rows else None

    def counts(self) -> Mapping[tuple[str, str], int]:
        """All that were ever refused, by (sink, reason), whether still kept or not."""
        rows = self._store.rows("SELECT sink, reason, count FROM undelivered_counts")
        return {(str(sink), str(reason)): int(str(count)) for sink, reason, count in rows}

    def by_sink(self) -> Mapping[str, Mapping[str, int]]:
        """As `counts`, the reasons of each sink."""
        counts: dict[str, dict[str, int]] = {}
        for (sink, reason), count in self.counts().items():
            counts.setdefault(sink, {})[reason] = count
        return counts

    def mark(self, number: int, request: str, at_ns: int, *, stored: bool, outcome: str) -> None:
        """Writes beside a refusal what came of it when it was tried again."""
        with self._store.transaction() as connection:
            connection.execute(
                "UPDATE undelivered SET request = ?, retried_ns = ?, stored = ?, outcome = ?"
                " WHERE id = ?",
                (request, at_ns, stored, outcome, number),
            )


class SqliteForwardBook:
    """Cursors and refusals of the forwarders; implements `podcore.undelivered.ForwardBook`.

    Parameters
    ----------
    downsampled : the sink of which changed minutes are marked, or none.
    """

    def __init__(
        self, store: StateStore, clock: Clock, kept: int = KEPT, *, downsampled: str = ""
    ) -> None:
        self._store = store
        self._clock = clock
        self._kept = kept
        self._downsampled = downsampled

    def get(self, reader: str) -> int:
        """The last offset done, 0 for a reader never seen."""
        return self._store.get(reader)

    def settle(
        self,
        reader: str,
        offset: int,
        refused: Sequence[Undelivered],
        minutes: Collection[Minute] = (),
    ) -> None:
        """Keeps the refused, marks the minutes and moves the cursor, in one transaction."""
        with self._store.transaction() as connection:
            if self._downsampled:
                mark(connection, self._downsampled, minutes)
            if refused:
                self._keep(connection, refused)
            set_cursor(connection, reader, offset)

    def _keep(self, connection: sqlite3.Connection, refused: Sequence[Undelivered]) -> None:
        now_ns = self._clock.now_ns()
        connection.executemany(_INSERT, [(now_ns, *_row(each)) for each in refused[-self._kept :]])
        connection.execute(_TRIM, (self._kept,))
        counted = Counter((each.sink, each.reason) for each in refused)
        connection.executemany(_COUNT, [(*key, count) for key, count in counted.items()])


def _row(each: Undelivered) -> tuple[object, ...]:
    return (
        each.sink, each.log, each.offset, each.site, each.node, each.ts_ns,
        each.reason, each.detail, each.line, each.size,
    )  # fmt: skip


def _kept(row: tuple[object, ...]) -> KeptUndelivered:
    number, at_ns, sink, log, offset, site, node, ts_ns, reason, detail, line, size = row[:12]
    request, retried_ns, stored, outcome = row[12:]
    what = Undelivered(
        str(sink), str(log), _int(offset), str(site), str(node), _int(ts_ns),
        str(reason), str(detail), str(line), _int(size),
    )  # fmt: skip
    return KeptUndelivered(
        _int(number),
        _int(at_ns),
        what,
        str(request),
        None if retried_ns is None else _int(retried_ns),
        bool(stored),
        str(outcome),
    )


def _int(value: object) -> int:
    assert isinstance(value, int)  # noqa: S101 - the column is one
    return value
