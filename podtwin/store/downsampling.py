"""Which minutes and hours of a sink's downsampled buckets are to be made anew, in `state.db`.

A minute is marked in the transaction that moves the cursor past a Frame of it, and the mark goes
once its buckets are written: whatever ends the process in between, it is made again. A row is an
hour with a bit for each minute; while there is one, the hour itself is to be made too.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from podtwin.store.rollup import HOUR, MINUTE
from podtwin.store.state import StateStore

MINUTES: Final = HOUR.width_ns // MINUTE.width_ns
ALL: Final = (1 << MINUTES) - 1
Minute = tuple[str, int]  # a site, and minutes since 1970

_MARK: Final = """
INSERT INTO downsampling VALUES (?,?,?,?)
ON CONFLICT (sink, site, hour) DO UPDATE SET minutes = minutes | excluded.minutes
"""
_RIPE: Final = """
SELECT site, hour, minutes FROM downsampling WHERE sink = :sink
  AND (hour < :hour OR (hour = :hour AND minutes & :ended != 0)) ORDER BY hour, site LIMIT :limit
"""
_NEW: Final = """
SELECT DISTINCT site FROM downsampling WHERE sink = :sink
  AND site NOT IN (SELECT site FROM downsampled WHERE sink = :sink)
"""


@dataclass(frozen=True, slots=True)
class MarkedHour:
    """An hour since 1970 of a site. minutes : bits of those to be made, from the least."""

    site: str
    hour: int
    minutes: int

    def runs(self) -> list[tuple[int, int]]:
        """The marked minutes as half-open runs within the hour."""
        marked = [minute for minute in range(MINUTES) if self.minutes >> minute & 1]
        starts = [m for m in marked if m - 1 not in marked]
        ends = [m + 1 for m in marked if m + 1 not in marked]
        return list(zip(starts, ends, strict=True))


def mark(connection: sqlite3.Connection, sink: str, minutes: Collection[Minute]) -> None:
    """Marks minutes, in the caller's transaction."""
    hours: dict[tuple[str, int], int] = {}
    for site, minute in minutes:
        hour, within = divmod(minute, MINUTES)
        hours[site, hour] = hours.get((site, hour), 0) | 1 << within
    connection.executemany(_MARK, [(sink, *of, bits) for of, bits in hours.items()])


class Marks:
    """The marks of one sink; changed by the thread that forwards to it alone.

    Parameters
    ----------
    place : the buckets. What was made in others says nothing of these, and is begun again.
    """

    def __init__(self, store: StateStore, sink: str, place: str) -> None:
        self._store = store
        self._sink = sink
        self._place = place
        known = store.rows("SELECT DISTINCT place FROM downsampled WHERE sink = ?", (sink,))
        if known not in ([], [(place,)]):
            forget(store, sink)

    def ripe(self, until_ns: int, limit: int) -> list[MarkedHour]:
        """The oldest that have something to be made of times before `until_ns`."""
        hour, within_ns = divmod(until_ns, HOUR.width_ns)
        ended = (1 << within_ns // MINUTE.width_ns) - 1
        asked = {"sink": self._sink, "hour": hour, "ended": ended, "limit": limit}
        rows = self._store.rows(_RIPE, asked)
        return [
            MarkedHour(str(site), _int(of), _int(bits) & (ALL if _int(of) < hour else ended))
            for site, of, bits in rows
        ]

    def new_sites(self) -> list[str]:
        """Sites of which it is not known what their bucket held before."""
        return [str(site) for (site,) in self._store.rows(_NEW, {"sink": self._sink})]

    def begin(self, site: str, hours: Iterable[int]) -> None:
        """Marks all that a site's bucket holds; from then on marks are complete."""
        with self._store.transaction() as connection:
            connection.executemany(_MARK, [(self._sink, site, hour, ALL) for hour in hours])
            connection.execute(
                "INSERT OR REPLACE INTO downsampled VALUES (?,?,?)", (self._sink, site, self._place)
            )

    def made(self, hour: MarkedHour) -> None:
        """Takes the marks of these minutes away; the hour stays to be made."""
        with self._store.transaction() as connection:
            connection.execute(
                "UPDATE downsampling SET minutes = minutes & ~?"
                " WHERE sink = ? AND site = ? AND hour = ?",
                (hour.minutes, self._sink, hour.site, hour.hour),
            )

    def made_whole(self, hour: MarkedHour) -> None:
        """Takes an hour away of which nothing is left to be made."""
        with self._store.transaction() as connection:
            connection.execute(
                "DELETE FROM downsampling WHERE sink = ? AND site = ? AND hour = ? AND minutes = 0",
                (self._sink, hour.site, hour.hour),
            )


def forget(store: StateStore, sink: str) -> None:
    """Forgets a sink that is not downsampled, or into other buckets: nothing is known of it."""
    with store.transaction() as connection:
        for table in ("downsampling", "downsampled"):
            connection.execute(f"DELETE FROM {table} WHERE sink = ?", (sink,))  # noqa: S608 - ours


def marked_hours(state: Path, sink: str, place: str, site: str) -> frozenset[int] | None:
    """The hours of a site that are not made yet; None where nothing is known of it."""
    if not state.exists():
        return None
    with closing(sqlite3.connect(f"{state.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        try:
            known = connection.execute(
                "SELECT 1 FROM downsampled WHERE sink = ? AND site = ? AND place = ?",
                (sink, site, place),
            ).fetchone()
            rows = connection.execute(
                "SELECT hour FROM downsampling WHERE sink = ? AND site = ?", (sink, site)
            ).fetchall()
        except sqlite3.OperationalError:  # a file of before there were these tables
            return None
    return frozenset(int(hour) for (hour,) in rows) if known else None


def count_marked(state: Path, sink: str) -> int:
    """How many hours, of all sites, are not made yet."""
    with closing(sqlite3.connect(f"{state.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        query = "SELECT count(*) FROM downsampling WHERE sink = ?"
        try:
            return int(connection.execute(query, (sink,)).fetchone()[0])
        except sqlite3.OperationalError:
            return 0


def _int(value: object) -> int:
    assert isinstance(value, int)  # noqa: S101 - the column is one
    return value
