"""Which history a process asks: Parquet in the data directory, or InfluxDB with the logs' ends."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ingest.forwarder import cursor_name
from ingest.log import SharedLogReader
from podtwin.pipeline.options import INFLUX
from podtwin.store.downsampling import marked_hours
from podtwin.store.history import EmbeddedHistory
from podtwin.store.influx_bins import RolledBins
from podtwin.store.influx_client import InfluxTarget, first_of
from podtwin.store.influx_history import InfluxHistory
from podtwin.store.influx_reader import FluxReader


@dataclass(frozen=True, slots=True)
class Stored:
    """A history, and up to which offsets (log, derived) it holds everything without the logs."""

    history: EmbeddedHistory | InfluxHistory
    done: Callable[[], tuple[int, int]]


def stored(
    kind: str, data_dir: Path, cursor: Callable[[str], int], sinks: Sequence[InfluxTarget]
) -> Stored:
    """The history of a data directory, asked from any thread, beside whoever writes it.

    Parameters
    ----------
    kind : the setting `history`; with `both` Parquet is read, which needs no network.
    cursor : how far a reader of the logs has come, by its name.
    sinks : what is forwarded to; the first is read.

    Raises
    ------
    ConfigError  When history is `influx` and InfluxDB is not named.
    """
    log = SharedLogReader(data_dir / "log.db")
    derived = SharedLogReader(data_dir / "derived.db", derived=True)
    if kind != INFLUX:
        history = EmbeddedHistory(data_dir, log, derived)
        return Stored(history, _offsets(cursor, "sealer/log", "sealer/derived"))
    sink = first_of(sinks, kind)
    done = _offsets(cursor, cursor_name(sink.name, "log"), cursor_name(sink.name, "derived"))
    reader = FluxReader(sink.address)
    rolled = _rolled(reader, sink, data_dir / "state.db")
    return Stored(InfluxHistory(reader, log, derived, done, rolled=rolled), done)


def _rolled(reader: FluxReader, sink: InfluxTarget, state: Path) -> RolledBins | None:
    if sink.downsampling is None:
        return None
    marked = partial(marked_hours, state, sink.name, sink.place)
    return RolledBins(reader, sink.downsampling.buckets(), marked)


def cursor_of(state: Path, reader: str) -> int:
    """How far a reader of a data directory has come, without a write; 0 where nothing says so."""
    if not state.exists():
        return 0
    with closing(sqlite3.connect(f"{state.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        found = connection.execute("SELECT offset FROM cursors WHERE reader = ?", (reader,))
        row = found.fetchone()
    return 0 if row is None else int(row[0])


def _offsets(cursor: Callable[[str], int], log: str, derived: str) -> Callable[[], tuple[int, int]]:
    return lambda: (cursor(log), cursor(derived))
