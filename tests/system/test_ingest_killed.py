"""Ingest killed without warning while a sender sends, and started again."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import live_ingest
from support.backlogs import MemoryBacklog
from support.live_ingest import POINT, stored
from support.mosquitto import Mosquitto
from support.waiting import eventually

from ingest.address import BrokerAddress
from ingest.ledger import Ledger, read_ledger
from ingest.log import SqliteLogReader
from ingest.native import encode_birth, encode_telemetry
from ingest.sender import Patience, Sender
from podcore.clock import SystemClock
from podcore.frame import BirthPoint
from podcore.ports import Message

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(300)]

BOOT = "01JD0000000000000000000000"
COUNT = 12_000
KILLS = 5
START_NS = 1_795_521_600_000_000_000


class DatedBacklog(MemoryBacklog):
    """A backlog of readings of one point, a second apart, whose value is their number."""

    def read(self, after: int, limit: int) -> list[Message]:
        return [
            Message(
                one.seq,
                encode_telemetry(
                    BOOT, one.seq, START_NS - one.seq * 10**9, {POINT: float(one.seq)}
                ),
            )
            for one in super().read(after, limit)
        ]


@pytest.fixture(params=(True, False), ids=("broker with a memory", "broker without"))
def broker(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path, persistence=request.param)
    broker.start()
    yield broker
    broker.stop()


def started(folder: Path, port: int) -> subprocess.Popen[bytes]:
    script = Path(live_ingest.__file__ or "")
    environment = os.environ | {"PYTHONPATH": f"{script.parents[1]}:{script.parents[2]}"}
    command = [sys.executable, "-P", str(script), str(folder), str(port)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)


def ledger_of(path: Path) -> Ledger:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return read_ledger(connection)
    finally:
        connection.close()


def test_nothing_is_lost_nothing_is_there_twice_and_the_ledger_is_exact(
    broker: Mosquitto, tmp_path: Path
) -> None:
    path = tmp_path / "log.db"
    SqliteLogReader(path).close()
    backlog = DatedBacklog(BOOT, COUNT)
    points = (BirthPoint(POINT, "power", "W", 1.0),)
    sender = Sender(
        BrokerAddress("127.0.0.1", broker.port),
        "lab",
        "gw-1",
        backlog,
        lambda: encode_birth(BOOT, START_NS, backlog.first(), recorded=True, points=points),
        clock=SystemClock(),
        patience=Patience(resend_s=1.0, ack_wait_s=1.0),
    )
    ingest = started(tmp_path, broker.port)
    sender.start()
    try:
        for kill in range(1, KILLS + 1):
            reached = kill * COUNT // (KILLS + 2)
            eventually(lambda goal=reached: ledger_of(path).stored >= goal, "progress", 60.0)  # type: ignore[misc]
            ingest.kill()
            ingest.wait(10.0)
            ingest = started(tmp_path, broker.port)
        assert sender.flush(60.0), sender.status()
    finally:
        sender.stop()
        ingest.kill()
        ingest.wait(10.0)
    # What was sent before ingest listened comes again later: all, once, in any order.
    assert sorted(stored(path)) == [float(number) for number in range(1, COUNT + 1)]
    ledger = ledger_of(path)
    assert (ledger.stored, ledger.dead, ledger.given_up) == (COUNT, 0, 0)
    assert ledger.received == ledger.stored + ledger.duplicate
    assert ledger.readings() == {"offered": COUNT, "stored": COUNT, "dead": 0}
