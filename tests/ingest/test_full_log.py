"""A log that is full because a reader stands still, at a real broker: nothing is lost by it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.live_ingest import LiveIngest, Publisher
from support.mosquitto import Mosquitto
from support.waiting import eventually

from ingest.inbox import Inbox
from ingest.log import SqliteLog, SqliteLogReader
from ingest.retention import LogRetention, Trimmer
from ingest.spool_quota import Disk, Gate, Limits, SpoolQuota
from podcore.clock import SystemClock
from podcore.frame import READING, Kind

pytestmark = [pytest.mark.system, pytest.mark.slow]

PATIENCE_S = 120.0


class StandingReader:
    """A reader of the log that reads only when it is told to; what it has read is remembered."""

    def __init__(self, path: Path) -> None:
        self._reader = SqliteLogReader(path)
        self.offset = 0
        self.values: list[int] = []

    def read(self) -> None:
        while frames := self._reader.read(self.offset, 2_000):
            self.offset = frames[-1].offset
            readings = [one for one in frames if one.kind is Kind.READING]
            self.values += [int(READING.decode(one.body).values[0]) for one in readings]


def test_a_full_log_leaves_all_else_with_the_broker_and_takes_it_once_there_is_room(
    tmp_path: Path,
) -> None:
    clock = SystemClock()
    log = SqliteLog(tmp_path / "log.db")
    reader = StandingReader(log.path)
    limits = Limits(max_bytes=400_000, reserve_bytes=0)
    quota = SpoolQuota(
        log, ("engine",), lambda: {"engine": reader.offset}, lambda: Disk(1, 1), clock, limits
    )
    gate = Gate(quota, clock)
    retention = LogRetention(log, lambda: reader.offset, scarce=quota.scarce)
    with Mosquitto(tmp_path) as broker:
        ingest = LiveIngest(
            tmp_path,
            broker.port,
            log=log,
            inbox=Inbox(max_messages=200),
            gate=lambda _: gate,
            trim=Trimmer(log, retention, clock, every_s=0.5),
        )
        ingest.start()
        eventually(lambda: ingest.subscriber.connected, "the connection")
        publisher = Publisher(broker.port)
        sent = 0
        while not gate.why:
            publisher.send(*range(sent + 1, sent + 201), boot="B")
            sent += 200
        publisher.send(*range(sent + 1, sent + 601), boot="B")
        sent += 600
        eventually(lambda: ingest.writer.ledger().pending == 200, "a full inbox", PATIENCE_S)
        eventually(lambda: ingest.inbox.overflowed > 0, "the overflow", PATIENCE_S)
        assert ingest.writer.ledger().stored < sent

        def all_taken() -> bool:
            reader.read()
            return ingest.writer.ledger().stored == sent

        eventually(all_taken, "all that was sent", PATIENCE_S)
        assert not gate.why
        ledger = ingest.stop()
        publisher.close()
    log_after = SqliteLogReader(log.path)
    first = log_after.first_offset()
    log_after.close()
    reader.read()
    assert sorted(reader.values) == list(range(1, sent + 1))
    assert first > 1  # room came from rows that went
    assert (ledger.dead, ledger.pending) == (0, 0)
    assert ledger.received == ledger.stored + ledger.duplicate
