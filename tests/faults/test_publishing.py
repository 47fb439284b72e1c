"""A table published while its receiver is killed, and while the broker forgets."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.fault_ledger import Cost, Tell
from support.mosquitto import Mosquitto
from support.program import Programs
from support.published import (
    assert_all_arrived_once,
    await_stored,
    frames,
    ledger,
    start_ingest,
    start_publishing,
)
from support.tables import write_rows

ROWS = 5_000  # some seconds of sending, so that every fault falls into them
KILLS = 3


def told(fault: str, data: Path) -> Cost:
    settled = ledger(data)
    assert settled is not None
    stored = len({frame.seq for frame in frames(data)})
    return Cost(fault, ROWS, stored, settled.duplicate, settled.dead)


def test_kills_of_ingest_lose_nothing_and_store_nothing_twice(
    programs: Programs, broker: Mosquitto, tmp_path: Path, tell: Tell
) -> None:
    rows, data = write_rows(tmp_path / "rows.parquet", ROWS, 2), tmp_path / "data"
    ingest = start_ingest(programs, broker)
    publishing = start_publishing(programs, broker, rows)
    for kill in range(1, KILLS + 1):
        await_stored(data, kill * ROWS // (KILLS + 2), publishing)
        ingest.kill()
        assert publishing.running
        ingest = start_ingest(programs, broker)
    finished = publishing.wait(within_s=100.0)
    tell(told(f"ingest killed {KILLS} times while a file is published", data))
    assert finished.code == 0, finished.err
    assert finished.summary["acked"] == ROWS
    assert_all_arrived_once(ingest, programs, rows, data)


@pytest.mark.parametrize("kill", (True, False), ids=("killed", "restarted"))
def test_a_broker_that_forgets_its_sessions_in_the_middle_loses_nothing(
    programs: Programs, broker: Mosquitto, tmp_path: Path, kill: bool, tell: Tell
) -> None:
    rows, data = write_rows(tmp_path / "rows.parquet", ROWS, 2), tmp_path / "data"
    ingest = start_ingest(programs, broker)
    publishing = start_publishing(programs, broker, rows)
    for part in (1, 2):
        await_stored(data, part * ROWS // 3, publishing)
        broker.stop(kill=kill)
        broker.start()
    finished = publishing.wait(within_s=100.0)
    tell(told(f"broker {'killed' if kill else 'restarted'} twice", data))
    assert finished.code == 0, finished.err
    assert finished.summary["acked"] == ROWS
    assert_all_arrived_once(ingest, programs, rows, data)
