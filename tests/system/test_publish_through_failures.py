"""A table published while its receiver is killed, the broker forgets, and the disk refuses."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import pytest
from support.history import assert_holds, query
from support.mosquitto import Mosquitto
from support.program import PATIENCE_S, Program, Programs, eventually
from support.tables import Rows, write_rows

from ingest.ledger import Ledger, read_ledger
from ingest.log import SqliteLogReader
from podcore.frame import Frame, Kind

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ROWS = 12_000  # some seconds of sending, so that every kill falls into them
KILLS = 5
# No file may grow past it: what a full disk does to a log, and can be undone.
FULL_BYTES = 32_768
UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


def test_five_kills_of_ingest_lose_nothing_and_store_nothing_twice(
    programs: Programs, broker: Mosquitto, tmp_path: Path
) -> None:
    rows = write_rows(tmp_path / "rows.parquet", ROWS, 2)
    ingest = start_ingest(programs, broker)
    publishing = start_publishing(programs, broker, rows)
    for kill in range(1, KILLS + 1):
        await_stored(tmp_path, kill * ROWS // (KILLS + 2), publishing)
        ingest.kill()
        assert publishing.running
        ingest = start_ingest(programs, broker)
    finished = publishing.wait(within_s=100.0)
    assert finished.code == 0, finished.err
    assert finished.summary["acked"] == ROWS
    assert_all_arrived_once(ingest, programs, rows)


def test_a_broker_that_forgets_its_sessions_in_the_middle_loses_nothing(
    programs: Programs, broker: Mosquitto, tmp_path: Path
) -> None:
    rows = write_rows(tmp_path / "rows.parquet", ROWS, 2)
    ingest = start_ingest(programs, broker)
    publishing = start_publishing(programs, broker, rows)
    for part in (1, 2):
        await_stored(tmp_path, part * ROWS // 3, publishing)
        broker.stop(kill=True)
        broker.start()
    finished = publishing.wait(within_s=100.0)
    assert finished.code == 0, finished.err
    assert finished.summary["acked"] == ROWS
    assert_all_arrived_once(ingest, programs, rows)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux sets another process's limits")
def test_a_disk_that_refuses_in_the_middle_loses_nothing(
    programs: Programs, broker: Mosquitto, tmp_path: Path
) -> None:
    rows = write_rows(tmp_path / "rows.parquet", ROWS, 2)
    ingest = start_ingest(programs, broker)
    publishing = start_publishing(programs, broker, rows)
    await_stored(tmp_path, ROWS // 4, publishing)
    resource.prlimit(ingest.pid, resource.RLIMIT_FSIZE, (FULL_BYTES, resource.RLIM_INFINITY))
    ingest.logged("log_not_written")
    refused_at = ledger(tmp_path)
    assert ingest.running
    assert publishing.running  # it waits for the acks that do not come
    resource.prlimit(ingest.pid, resource.RLIMIT_FSIZE, UNLIMITED)
    ingest.logged("log_written_again")
    finished = publishing.wait(within_s=100.0)
    assert refused_at is not None
    assert refused_at.messages()["stored"] < ROWS
    assert (finished.code, finished.summary["acked"]) == (0, ROWS), finished.err
    assert_all_arrived_once(ingest, programs, rows)


def start_ingest(programs: Programs, broker: Mosquitto) -> Program:
    arguments = ("--roles", "ingest", "--broker", broker.url, "--data-dir", "data", "-o", "json")
    return programs.start("run", *arguments)


def start_publishing(programs: Programs, broker: Mosquitto, rows: Rows) -> Program:
    where = ("--site", "lab-01", "--node", "gw-1", "--broker", broker.url, "-o", "json")
    return programs.start("publish", *rows.arguments, *where)


def ledger(folder: Path) -> Ledger | None:
    """What the log says is settled, read beside the process that writes it."""
    if not (folder / "data" / "log.db").exists():
        return None
    reader = SqliteLogReader(folder / "data" / "log.db")
    try:
        return read_ledger(reader.connection)
    finally:
        reader.close()


def await_stored(folder: Path, messages: int, publishing: Program) -> None:
    def reached() -> bool:
        assert publishing.running, publishing.err
        found = ledger(folder)
        return found is not None and found.messages()["stored"] >= messages

    eventually(reached, f"{messages} messages stored", within_s=PATIENCE_S)


def assert_all_arrived_once(ingest: Program, programs: Programs, rows: Rows) -> None:
    folder = programs.folder
    finished = ingest.interrupt()
    assert finished.code == 0, finished.err
    said, settled = finished.summary["ledger"], ledger(folder)
    assert settled is not None
    assert said == settled.messages()
    parts = ("stored", "duplicate", "dead", "pending")
    assert said["received"] == sum(said[part] for part in parts)
    assert (said["stored"], said["dead"], said["pending"]) == (rows.frame.height, 0, 0)
    readings = finished.summary["readings"]
    assert readings["stored"] == readings["offered"] == rows.values
    found = frames(folder)
    assert len(found) == len({frame.seq for frame in found}) == rows.frame.height
    queried = query(programs, "data", "lab-01/*/air_temp")
    assert_holds(queried, rows)


def frames(folder: Path) -> list[Frame]:
    """Every Frame of readings in the log: here nothing that is there twice could hide."""
    reader, found, after = SqliteLogReader(folder / "data" / "log.db"), [], 0
    try:
        while read := reader.read(after, 2_000):
            after = read[-1].offset
            found += [frame for frame in read if frame.kind is Kind.READING]
    finally:
        reader.close()
    return found
