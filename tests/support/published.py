"""A table published to an ingest of its own process, and what of it has come to be held."""

from __future__ import annotations

from pathlib import Path

from support.history import assert_holds, query
from support.mosquitto import Mosquitto
from support.program import PATIENCE_S, Program, Programs, eventually
from support.tables import Rows

from ingest.ledger import Ledger, read_ledger
from ingest.log import SqliteLogReader
from podcore.frame import Frame, Kind


def start_ingest(programs: Programs, broker: Mosquitto, data_dir: str | Path = "data") -> Program:
    """The role `ingest` alone."""
    where = ("--broker", broker.url, "--data-dir", data_dir, "-o", "json")
    return programs.start("run", "--roles", "ingest", *where)


def start_publishing(
    programs: Programs, broker: Mosquitto, rows: Rows, *, site: str = "lab-01"
) -> Program:
    """`podtwin publish` of a table, which ends once all of it is acknowledged by ingest."""
    where = ("--site", site, "--node", "gw-1", "--broker", broker.url, "-o", "json")
    return programs.start("publish", *rows.arguments, *where)


def ledger(data_dir: Path) -> Ledger | None:
    """What the log says is settled, read beside the process that writes it."""
    if not (data_dir / "log.db").exists():
        return None
    reader = SqliteLogReader(data_dir / "log.db")
    try:
        return read_ledger(reader.connection)
    finally:
        reader.close()


def await_stored(data_dir: Path, messages: int, publishing: Program) -> None:
    """Until so many messages are committed."""

    def reached() -> bool:
        assert publishing.running, publishing.err
        found = ledger(data_dir)
        return found is not None and found.messages()["stored"] >= messages

    eventually(reached, f"{messages} messages stored", within_s=PATIENCE_S)


def frames(data_dir: Path) -> list[Frame]:
    """Every Frame of readings in the log: here nothing that is there twice could hide."""
    reader, found, after = SqliteLogReader(data_dir / "log.db"), [], 0
    try:
        while read := reader.read(after, 2_000):
            after = read[-1].offset
            found += [frame for frame in read if frame.kind is Kind.READING]
    finally:
        reader.close()
    return found


def assert_all_arrived_once(
    ingest: Program, programs: Programs, rows: Rows, data_dir: Path
) -> None:
    """Ends ingest; its ledger, the log and the history then hold the table, once."""
    finished = ingest.interrupt()
    assert finished.code == 0, finished.err
    said, settled = finished.summary["ledger"], ledger(data_dir)
    assert settled is not None
    assert said == settled.messages()
    parts = ("stored", "duplicate", "dead", "pending")
    assert said["received"] == sum(said[part] for part in parts)
    assert (said["stored"], said["dead"], said["pending"]) == (rows.frame.height, 0, 0)
    readings = finished.summary["readings"]
    assert readings["stored"] == readings["offered"] == rows.values
    found = frames(data_dir)
    assert len(found) == len({frame.seq for frame in found}) == rows.frame.height
    assert_holds(query(programs, str(data_dir), "lab-01/*/air_temp"), rows)
