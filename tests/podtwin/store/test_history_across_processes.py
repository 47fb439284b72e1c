"""The history as it is used: real logs, a process that writes and seals, another that reads."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.frames import MIDNIGHT_NS, NS

from ingest.log import SqliteLogReader
from podcore.ports import SeriesQuery
from podtwin.store.history import EmbeddedHistory

ROUNDS = 120
STEP_S = 150  # two and a half hours to each side of midnight: the first date is merged by the way
# Appends a frame a round with values that tell the round, around midnight; seals every third
# round, trims and merges what it may, and says each round once it is committed.
WRITER = f"""
import sys
from pathlib import Path
import structlog
from ingest.log import SqliteLog, SqliteLogReader
from podtwin.store.sealer import Sealer
from podtwin.store.state import StateStore
from support.frames import MIDNIGHT_NS, NS, reading

structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
data = Path(sys.argv[1])
log, derived = SqliteLog(data / "log.db"), SqliteLog(data / "derived.db", derived=True)
state = StateStore(data / "state.db")
sealer = Sealer(data, log, derived, state)
for k in range({ROUNDS}):
    at = MIDNIGHT_NS + (k - {ROUNDS} // 2) * {STEP_S} * NS
    log.append([reading({{"a/x": float(k), "a/y": float(-k)}}, at, seq=k)])
    if k % 3 == 0:
        sealer.run_once(force=True)
        log.trim(state.get("sealer/log"))
        sealer.tend()
    print(k, flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def rounds(tmp_path: Path) -> Iterator[Iterator[int]]:
    """The rounds of a writer in another process; the next begins when it is asked for."""
    tests = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={"PYTHONPATH": f"{tests.parent}:{tests}", "PATH": ""},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    stdin, stdout = process.stdin, process.stdout

    def each() -> Iterator[int]:
        for line in stdout:
            # The writer goes on at once, so that it writes and seals while the caller reads.
            stdin.write("\n")
            stdin.flush()
            yield int(line)

    yield each()
    process.kill()
    process.wait()
    stdin.close()
    stdout.close()


def test_a_reader_sees_every_row_once_while_another_process_writes_seals_and_trims(
    tmp_path: Path, rounds: Iterator[int]
) -> None:
    query = SeriesQuery("ams-03", (), 0, 2**62)
    history: EmbeddedHistory | None = None
    seen = 0
    for committed in rounds:
        history = history or EmbeddedHistory(
            tmp_path,
            SqliteLogReader(tmp_path / "log.db"),
            SqliteLogReader(tmp_path / "derived.db", derived=True),
        )
        found = {series.point: list(series.values) for series in history.series(query)}
        held = len(found["a/x"])
        assert found["a/x"] == [float(k) for k in range(held)]
        assert held > committed
        assert len(found["a/y"]) == held
        newest = {one.point: one.value for one in history.latest("ams-03")}
        assert newest["a/x"] >= found["a/x"][-1]
        seen += 1
    assert seen == ROUNDS
    assert history is not None
    assert history.extent("ams-03") == (
        MIDNIGHT_NS - ROUNDS // 2 * STEP_S * NS,
        MIDNIGHT_NS + (ROUNDS // 2 - 1) * STEP_S * NS,
    )
    assert len(list(tmp_path.glob("history/site=ams-03/date=2026-11-23/*.parquet"))) == 1
