"""Disks that are full, read-only, or fail to sync, in the middle of a load."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support.failing_disk import FailingCalls, fill, small_disk
from support.fault_ledger import Cost, Tell
from support.mosquitto import Mosquitto
from support.program import Program, Programs
from support.published import (
    assert_all_arrived_once,
    await_stored,
    frames,
    ledger,
    start_ingest,
    start_publishing,
)
from support.tables import write_rows

ROWS = 5_000


def goes_through(
    fault: tuple[str, Callable[[], object], Callable[[], object]],
    programs: Programs,
    broker: Mosquitto,
    data: Path,
    tell: Tell,
) -> Program:
    """Publishes a table, and lets a fault begin and end in the middle of it."""
    name, begin, end = fault
    rows = write_rows(programs.folder / "rows.parquet", ROWS, 2)
    ingest = start_ingest(programs, broker, data)
    publishing = start_publishing(programs, broker, rows)
    await_stored(data, ROWS // 4, publishing)
    begin()
    ingest.logged("log_not_written")
    refused_at = ledger(data)
    assert ingest.running
    assert publishing.running  # it waits for acks that do not come
    end()
    ingest.logged("log_written_again")
    finished = publishing.wait(within_s=100.0)
    settled = ledger(data)
    assert settled is not None
    assert refused_at is not None
    stored = len({frame.seq for frame in frames(data)})
    tell(Cost(name, ROWS, stored, settled.duplicate, settled.dead))
    assert refused_at.stored < ROWS  # else the fault came too late to show anything
    assert (finished.code, finished.summary["acked"]) == (0, ROWS), finished.err
    assert_all_arrived_once(ingest, programs, rows, data)
    return ingest


def test_a_full_disk_stops_acknowledging_and_loses_nothing(
    programs: Programs, broker: Mosquitto, tmp_path: Path, tell: Tell
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        fault = ("disk full (tmpfs of 16 MiB)", lambda: fill(disk), (disk / "filler").unlink)
        goes_through(fault, programs, broker, disk / "data", tell)


@pytest.mark.parametrize(
    ("letter", "name"),
    (
        ("r", "disk turns read-only (EROFS injected)"),
        ("s", "sync fails (EIO of fsync and fdatasync injected)"),
        ("f", "log alone finds no room (ENOSPC injected)"),
    ),
)
def test_calls_that_fail_lose_nothing(
    programs: Programs,
    broker: Mosquitto,
    tmp_path: Path,
    letter: str,
    name: str,
    tell: Tell,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = FailingCalls(tmp_path, "/log.db")
    for variable, value in calls.environment.items():
        monkeypatch.setenv(variable, value)
    fault = (name, lambda: calls.begin(letter), calls.end)
    goes_through(fault, programs, broker, tmp_path / "data", tell)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_data_directory_on_a_read_only_disk_is_refused_by_its_name(
    programs: Programs, broker: Mosquitto, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        import subprocess

        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        finished = start_ingest(programs, broker, disk / "data").wait()
    assert finished.code == 2
    assert "--data-dir" in finished.err
    assert "Read-only" in finished.err
