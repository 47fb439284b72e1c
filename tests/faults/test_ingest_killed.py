"""Ingest killed without warning at moments that nobody chose, while a sender sends."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.backlogs import ReadingBacklog
from support.fault_ledger import Cost, Tell
from support.killing import KillableIngest, ledger_of, sender_of
from support.live_ingest import stored
from support.mosquitto import Mosquitto
from support.waiting import eventually

BOOT = "01JD0000000000000000000000"
COUNT = 12_000
KILLS = 10  # at each of two brokers


@pytest.fixture(params=(True, False), ids=("broker with a memory", "broker without"))
def broker(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path, persistence=request.param) as running:
        yield running


def test_nothing_is_lost_nothing_is_there_twice_and_the_ledger_is_exact(
    broker: Mosquitto, tmp_path: Path, tell: Tell, request: pytest.FixtureRequest
) -> None:
    with_memory = request.node.callspec.params["broker"]
    moments = random.Random(f"kills, {with_memory}").sample(range(COUNT * 9 // 10), KILLS)
    sender = sender_of(broker.port, ReadingBacklog(BOOT, COUNT))
    ingest = KillableIngest(tmp_path, broker.port)
    sender.start()
    try:
        for moment in sorted(moments):
            eventually(lambda goal=moment: ledger_of(ingest.log).stored >= goal, "progress", 60.0)  # type: ignore[misc]
            ingest.kill()
            ingest.start()
        assert sender.flush(60.0), sender.status()
    finally:
        sender.stop()
        ingest.kill()
    found, ledger = stored(ingest.log), ledger_of(ingest.log)
    name = f"ingest killed {KILLS} times, {request.node.callspec.id}"
    tell(Cost(name, COUNT, len(set(found)), ledger.duplicate, ledger.dead))
    # What was sent before ingest listened comes again later: all, once, in any order.
    assert sorted(found) == [float(number) for number in range(1, COUNT + 1)]
    assert (ledger.stored, ledger.dead, ledger.given_up) == (COUNT, 0, 0)
    assert ledger.received == ledger.stored + ledger.duplicate
    assert ledger.readings() == {"offered": COUNT, "stored": COUNT, "dead": 0}
