from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.ingesting import BOOT, NOON_NS, NS, HandClock, Ingest, Told, air_site, arrival, topic

from ingest.inbox import MAX_BATCH_MESSAGES, Inbox
from ingest.ledger import read_ledger
from ingest.log import SqliteLog, SqliteLogReader
from ingest.retention import EVERY_S, Trimmer
from ingest.spool_quota import Disk, Gate, Limits, SpoolQuota
from ingest.writer import Writer
from podcore.errors import NotWritten
from podcore.frame import READING, Frame, Kind

POINT = "rack-01/it_power"
FULL = NotWritten("log.db: database or disk is full")


def telemetry(seq: int) -> bytes:
    return msgspec.json.encode({"v": 1, "boot": BOOT, "seq": seq, "m": {POINT: seq}})


def birth(first: int = 1) -> bytes:
    return msgspec.json.encode({"v": 1, "boot": BOOT, "first": first, "points": [{"id": POINT}]})


def stored(ingest: Ingest) -> list[float]:
    values: list[float] = []
    after = 0
    reader = SqliteLogReader(ingest.path)
    while frames := reader.read(after, 2_000):
        after = frames[-1].offset
        readings = [frame for frame in frames if frame.kind is Kind.READING]
        values += [READING.decode(frame.body).values[0] for frame in readings]
    reader.close()
    return values


class RefusingLog(SqliteLog):
    """A log on a disk that refuses as often as it is told; `watch` is called at each refusal."""

    def __init__(self, path: Path, error: Exception, times: int = 2**31) -> None:
        super().__init__(path)
        self.error = error
        self.left = 0
        self._times = times
        self.tried: list[list[Frame]] = []
        self.watch: Callable[[], None] = lambda: None

    def refuse(self) -> None:
        """From now on."""
        self.left = self._times

    def append(
        self, frames: Sequence[Frame], also: Callable[[sqlite3.Connection], None] | None = None
    ) -> int:
        if self.left == 0:
            return super().append(frames, also)
        self.left -= 1
        self.tried.append(list(frames))

        def refused(connection: sqlite3.Connection) -> None:
            if also is not None:
                also(connection)
            raise self.error

        self.watch()
        return super().append(frames, refused)


class StoppedClock(HandClock):
    """A clock at which every wait ends because the process stops."""

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        super().wait(event, timeout_s)
        return True


class UnstoppedClock(HandClock):
    """A clock at which every wait ends because its time is up, also while the process stops."""

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        super().wait(event, timeout_s)
        return False


def test_what_arrives_is_committed_acknowledged_and_announced(tmp_path: Path) -> None:
    ingest = Ingest(tmp_path, air_site())
    packets = [ingest.send(topic(), telemetry(seq)) for seq in (1, 2, 3)]
    ledger = ingest.finish()
    assert ledger.messages() == {
        "received": 3, "stored": 3, "duplicate": 0, "dead": 0, "pending": 0,
    }  # fmt: skip
    assert ingest.told.acknowledged == packets
    assert stored(ingest) == [1, 2, 3]
    assert ingest.woken[-1] == ingest.frames()[-1].offset


def test_a_birth_is_answered_and_at_the_end_the_last_ack_goes(tmp_path: Path) -> None:
    ingest = Ingest(tmp_path, air_site())
    ingest.send(topic("birth"), birth(first=4))
    for seq in range(4, MAX_BATCH_MESSAGES + 10):
        ingest.send(topic(), telemetry(seq))
    ingest.finish()
    assert ingest.told.acks[-1].seq == MAX_BATCH_MESSAGES + 9
    assert [ack.boot for ack in ingest.told.acks] == [BOOT] * len(ingest.told.acks)


def test_draining_commits_all_that_the_inbox_holds(tmp_path: Path) -> None:
    ingest = Ingest(tmp_path, air_site())
    count = 2 * MAX_BATCH_MESSAGES + 7
    for seq in range(1, count + 1):
        ingest.send(topic(), telemetry(seq))
    assert ingest.finish().stored == count
    assert len(ingest.told.acknowledged) == count
    assert stored(ingest) == list(range(1, count + 1))


class TestARefusingDisk:
    def ingest(self, folder: Path, *, times: int, clock: HandClock) -> tuple[Ingest, RefusingLog]:
        log = RefusingLog(folder / "log.db", FULL, times)
        ingest = Ingest(folder, air_site(), log=log, clock=clock)
        log.refuse()
        return ingest, log

    def test_nothing_is_acknowledged_before_the_commit_succeeds(self, tmp_path: Path) -> None:
        ingest, log = self.ingest(tmp_path, times=5, clock=UnstoppedClock())
        meanwhile: list[tuple[int, int, str | None]] = []
        log.watch = lambda: meanwhile.append(
            (len(ingest.told.acknowledged), len(ingest.told.acks), ingest.writer.stalled)
        )
        ingest.send(topic("birth"), birth())
        ingest.send(topic(), telemetry(1))
        assert ingest.writer.ledger().pending == 1
        ledger = ingest.finish()
        assert [(packets, acks) for packets, acks, _ in meanwhile] == [(0, 0)] * 5
        assert [stalled for _, _, stalled in meanwhile] == [None, *[str(FULL)] * 4]
        assert ingest.told.acknowledged == [1, 2]
        assert (ledger.stored, ledger.pending, ingest.writer.stalled) == (1, 0, None)

    def test_the_same_rows_are_tried_again_and_are_there_once(self, tmp_path: Path) -> None:
        ingest, log = self.ingest(tmp_path, times=3, clock=UnstoppedClock())
        for seq in (1, 2, 2, 3):
            ingest.send(topic(), telemetry(seq))
        ledger = ingest.finish()
        assert log.tried[0] == log.tried[1] == log.tried[2]
        assert stored(ingest) == [1, 2, 3]
        assert (ledger.stored, ledger.duplicate) == (3, 1)
        connection = sqlite3.connect(ingest.path)
        assert read_ledger(connection) == ledger
        connection.close()

    def test_stopped_meanwhile_nothing_later_is_committed_or_confirmed(
        self, tmp_path: Path
    ) -> None:
        """What follows would confirm the numbers of the batch that was given up."""
        ingest, _ = self.ingest(tmp_path, times=1, clock=StoppedClock())
        ingest.send(topic("birth"), birth())
        for seq in range(1, MAX_BATCH_MESSAGES + 50):  # two batches; the second could be written
            ingest.send(topic(), telemetry(seq))
        ledger = ingest.finish()
        assert (ingest.told.acknowledged, ingest.told.acks) == ([], [])
        assert ledger.stored == 0
        assert stored(ingest) == []

    def test_after_that_the_next_start_stores_all_of_it_once(self, tmp_path: Path) -> None:
        first, _ = self.ingest(tmp_path, times=1, clock=StoppedClock())
        for seq in range(1, MAX_BATCH_MESSAGES + 50):
            first.send(topic(), telemetry(seq))
        first.finish()
        again = Ingest(tmp_path, air_site())
        for seq in range(1, MAX_BATCH_MESSAGES + 50):
            again.send(topic(), telemetry(seq))
        assert again.finish().duplicate == 0
        assert stored(again) == list(range(1, MAX_BATCH_MESSAGES + 50))


def test_a_failure_that_nobody_foresaw_ends_the_thread_and_is_named(tmp_path: Path) -> None:
    log = RefusingLog(tmp_path / "log.db", ValueError("unforeseen"))
    ingest = Ingest(tmp_path, air_site(), log=log)
    log.refuse()
    ingest.send(topic(), telemetry(1))
    ingest.writer.start()
    ingest.writer.drain(10.0)
    assert not ingest.writer.alive()
    assert ingest.writer.failure == "ValueError: unforeseen"
    assert ingest.told.acknowledged == []
    log.close()


def test_a_restart_knows_what_was_stored(tmp_path: Path) -> None:
    first = Ingest(tmp_path, air_site())
    first.send(topic("birth"), birth())
    first.send(topic(), telemetry(1))
    first.finish()
    again = Ingest(tmp_path, air_site())
    again.send(topic(), telemetry(1))
    again.send(topic(), telemetry(2))
    ledger = again.finish()
    assert (ledger.stored, ledger.duplicate) == (2, 1)
    assert again.told.acks[-1].seq == 2


def test_a_restart_in_the_same_second_writes_no_second_tick_and_no_second_config(
    tmp_path: Path,
) -> None:
    first = Ingest(tmp_path, air_site())
    first.send(topic(), telemetry(1))
    first.finish()
    ingest = Ingest(tmp_path, air_site())
    ingest.send(topic(), telemetry(2))
    ingest.finish()
    assert [frame.ts_ns for frame in ingest.frames(Kind.TICK)] == [NOON_NS]
    assert len(ingest.frames(Kind.CONFIG)) == 1


def test_ticks_come_by_themselves_and_what_arrives_ends_the_wait(tmp_path: Path) -> None:
    ingest = Ingest(tmp_path, air_site())
    committed = threading.Event()

    def woken(_offset: int) -> None:
        committed.set()

    writer = Writer(ingest.log, ingest.inbox, ingest.clock, discover=False, wake=woken)
    writer.connect(Told())
    writer.start()
    assert committed.wait(10.0)  # the tick of the first second, with nothing there
    writer.drain(10.0)
    ingest.log.close()
    assert [frame.ts_ns for frame in ingest.frames(Kind.TICK)] == [NOON_NS]


class KeepLast:
    """Lets all rows go but the newest few."""

    def __init__(self, log: SqliteLog, keep: int) -> None:
        self._log = log
        self._keep = keep

    def trim_to(self, _now_ns: int) -> int:
        return self._log.last_offset() - self._keep


@pytest.mark.parametrize(("waited_s", "held"), ((EVERY_S, 3), (EVERY_S / 2, 11)))
def test_the_log_is_trimmed_now_and_then(tmp_path: Path, waited_s: float, held: int) -> None:
    log, clock, inbox = SqliteLog(tmp_path / "log.db"), HandClock(), Inbox()
    trim = Trimmer(log, KeepLast(log, 3), clock)
    writer = Writer(log, inbox, clock, discover=False, wake=lambda _: None, trim=trim)
    writer.adopt([air_site()])
    for seq in range(1, 10):
        inbox.put(arrival(topic(), telemetry(seq), recv_ns=NOON_NS + NS))
    clock.pass_s(waited_s)
    writer.start()
    writer.drain(10.0)
    assert len(log.read(0, 100)) == held
    log.close()


topics = st.sampled_from(
    [
        topic(),
        topic("birth"),
        topic("state"),
        topic(site="lab"),
        topic("birth", site="lab"),
        "podtwin/v1/x/telemetry",
        "podtwin/v1/\0/a/telemetry",
    ]
)
texts = st.text(max_size=5) | st.sampled_from(["a/b", POINT, "B", "W", "power", "\ud800", "\0"])
scalars = st.none() | st.booleans() | st.floats() | texts
numbers = st.sampled_from([-1, 0, 1, 2, 2**53, 2**63 - 1, 2**63, 2**64, 10**400])
any_value = st.recursive(
    scalars | numbers,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
sent_points = st.fixed_dictionaries(
    {"id": texts},
    optional={"unit": texts, "quantity": texts, "period_s": st.floats(-1.0, 1e300)},
)
births = st.fixed_dictionaries(
    {"v": st.just(1), "points": st.lists(sent_points, max_size=3)},
    optional={"boot": texts, "first": numbers, "started": any_value},
)
messages = st.fixed_dictionaries(
    {"v": st.just(1)},
    optional={
        "boot": texts,
        "seq": numbers,
        "ts": any_value,
        "m": st.dictionaries(texts, any_value, max_size=3),
        "a": st.lists(any_value, max_size=3),
    },
)


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()


payloads = st.one_of(st.binary(max_size=20), (births | messages).map(as_json))


@settings(max_examples=40)
@given(st.lists(st.tuples(topics, payloads), min_size=1, max_size=25))
def test_nothing_that_arrives_can_stop_the_writer_or_unbalance_the_ledger(
    tmp_path_factory: pytest.TempPathFactory, sent: list[tuple[str, bytes]]
) -> None:
    ingest = Ingest(tmp_path_factory.mktemp("ingest"), air_site(), discover=True)
    for to, payload in sent:
        ingest.send(to, payload)
    ledger = ingest.finish()
    assert ledger.pending == 0
    assert ledger.received == sum(to.endswith("/telemetry") for to, _ in sent)
    assert len(ingest.told.acknowledged) == len(sent)
    connection = sqlite3.connect(ingest.path)
    assert read_ledger(connection) == ledger
    connection.close()
    again = Ingest(ingest.path.parent, air_site(), discover=True)  # and all of it can be read back
    assert again.finish().received == ledger.received


class HeldReader:
    """A reader of the log that stands still until it is let go; past a second of lag it is full."""

    def __init__(self) -> None:
        self.offset = 0

    def gate(self, log: SqliteLog, clock: HandClock) -> Gate:
        limits, disk = Limits(max_age_ns=NS), Disk(2**40, 2**39)
        quota = SpoolQuota(
            log, ("engine",), lambda: {"engine": self.offset}, lambda: disk, clock, limits
        )
        return Gate(quota, clock)


def full(folder: Path) -> tuple[Ingest, HeldReader]:
    """An ingest whose log is full, with one message committed and one in the inbox."""
    reader = HeldReader()
    ingest = Ingest(folder, air_site(), gate=reader.gate)
    ingest.send(topic(), telemetry(1))
    assert ingest.writer.round()
    ingest.clock.pass_s(5.0)
    ingest.send(topic(), telemetry(2))
    assert ingest.writer.round()
    return ingest, reader


def test_a_full_log_takes_nothing_acknowledges_nothing_and_time_goes_on_in_it(
    tmp_path: Path,
) -> None:
    ingest, _ = full(tmp_path)
    for _ in range(20):
        assert ingest.writer.round()
    assert stored(ingest) == [1]
    assert ingest.told.acknowledged == [1]
    assert ingest.inbox.size()[0] == 1
    ticks = [frame.ts_ns for frame in ingest.frames(Kind.TICK)]
    assert len(ticks) == len(set(ticks)) >= 4


def test_a_log_with_room_again_goes_on_by_itself(tmp_path: Path) -> None:
    ingest, reader = full(tmp_path)
    reader.offset = 2**31
    ingest.clock.pass_s(1.0)
    assert ingest.writer.round()
    assert stored(ingest) == [1, 2]
    assert ingest.told.acknowledged == [1, 2]


def test_a_stop_while_the_log_is_full_leaves_the_inbox_unacknowledged(tmp_path: Path) -> None:
    ingest, _ = full(tmp_path)
    ledger = ingest.finish()
    assert stored(ingest) == [1]
    assert ingest.told.acknowledged == [1]
    assert ledger.messages()["pending"] == 1
