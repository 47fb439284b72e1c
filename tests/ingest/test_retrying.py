"""Dead letters that are tried again: stored once, counted apart, and only what may be."""

from __future__ import annotations

from collections.abc import Mapping as Map
from pathlib import Path

import msgspec
import pytest
from support.ingesting import BOOT, NOON, NOON_NS, NS, HandClock, Ingest, air_site, topic
from support.retrying import MemoryRetries

from ingest.foreign import ForeignSource
from ingest.ledger import Ledger, read_ledger
from ingest.letters import Retried, read_retried
from ingest.line_protocol import LineProtocol
from ingest.log import SqliteLogReader
from ingest.mapping import Mapping, Match, Place, Rule, Sent
from ingest.native import MAX_PAYLOAD
from ingest.subscriber import KEEP_OF_TOO_LARGE
from ingest.topic_filter import TopicFilter
from podcore.frame import READING, Flag, Frame, Kind
from podcore.site import Site

HOUR_S = 3_600.0


def payload(values: Map[str, object], **fields: object) -> bytes:
    return msgspec.json.encode({"v": 1, "ts": NOON, "m": values, **fields})


GOOD = payload({"rack-01/it_power": 5_000.0, "meter-1/power": 12.0}, boot=BOOT, seq=1)


class Life:
    """Runs of ingest on one folder, an hour apart."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = HandClock(NOON_NS + NS - 1)  # a tick is due at once: no round waits
        self.retries = MemoryRetries()
        self.sources: list[ForeignSource] = []

    def run(self, *sites: Site, send: Map[str, bytes] | None = None) -> Ledger:
        """One run: what is sent is decided, then what waits is tried."""
        ingest = Ingest(self.folder, *sites, clock=self.clock)
        ingest.writer.retry(self.retries)
        ingest.writer.add_sources(self.sources)
        for to, said in (send or {}).items():
            kept = said if len(said) <= MAX_PAYLOAD else said[:KEEP_OF_TOO_LARGE]
            ingest.send(to, kept, size=len(said))
        for _ in range(2):
            assert ingest.writer.round()
            self.clock.pass_s(1.0)
        ingest.log.close()
        ledger = ingest.writer.ledger()
        self.clock.pass_s(HOUR_S)
        return ledger

    def frames(self) -> list[Frame]:
        reader = SqliteLogReader(self.folder / "log.db")
        try:
            return [frame for frame in reader.read(0, 2_000) if frame.kind is Kind.READING]
        finally:
            reader.close()

    def outcome(self, letter: int) -> Retried | None:
        reader = SqliteLogReader(self.folder / "log.db")
        try:
            return read_retried(reader.connection, [letter]).get(letter)
        finally:
            reader.close()

    def settled(self) -> Ledger:
        reader = SqliteLogReader(self.folder / "log.db")
        try:
            return read_ledger(reader.connection)
        finally:
            reader.close()


@pytest.fixture
def life(tmp_path: Path) -> Life:
    return Life(tmp_path)


def test_a_letter_is_stored_once_its_site_is_known(life: Life) -> None:
    life.run(send={topic(): GOOD})
    life.retries.ask(1)
    life.run(air_site())
    frame = life.frames()[0]
    assert (frame.ts_ns, frame.recv_ns > NOON_NS + HOUR_S * NS) == (NOON_NS, True)
    assert (frame.boot, frame.seq, frame.flags) == (BOOT, 1, Flag.LATE)
    assert READING.decode(frame.body).values == [5_000.0, 12_000.0]
    told = life.outcome(1)
    assert told is not None
    assert (told.stored, told.outcome, told.request) == (True, "stored", "r1")
    assert life.retries.waiting == []


def test_the_ledger_of_what_came_is_as_it_was(life: Life) -> None:
    before = life.run(send={topic(): GOOD})
    life.retries.ask(1)
    after = life.run(air_site())
    assert (after.messages(), after.readings()) == (before.messages(), before.readings())
    assert (after.retries_stored, after.retries_dead, after.retried_readings) == (1, 0, 2)
    assert after.dead_by_reason == before.dead_by_reason
    assert life.settled() == after


def test_a_letter_that_is_refused_again_says_why_and_is_no_second_letter(life: Life) -> None:
    life.run(send={topic(): GOOD})
    life.retries.ask(1)
    ledger = life.run()
    told = life.outcome(1)
    assert told is not None
    assert not told.stored
    assert "site is 'ams-03': the site has a site file or was born" in told.outcome
    assert (ledger.retries_dead, ledger.dead) == (1, 1)
    assert life.outcome(2) is None
    life.retries.ask(1)
    assert life.run(air_site()).retries_stored == 1  # and it may be tried as often as one likes


def test_one_that_is_good_in_part_says_what_was_not(life: Life) -> None:
    life.run(send={topic(): payload({"rack-01/it_power": 1.0, "rack-1/it_powr": 1.0})})
    life.retries.ask(1)
    life.run(air_site())
    told = life.outcome(1)
    assert told is not None
    assert told.outcome.startswith("stored, but for 1 of its readings; the first: rack-1/it_powr")


def test_what_has_no_time_of_its_own_keeps_that_at_which_it_came(life: Life) -> None:
    life.run(send={topic(): msgspec.json.encode({"v": 1, "m": {"rack-01/it_power": 1.0}})})
    life.retries.ask(1)
    life.run(air_site())
    frame = life.frames()[0]
    assert (frame.ts_ns, frame.flags) == (NOON_NS + NS - 1, Flag.NO_SOURCE_TIME)


def test_a_request_that_was_done_before_a_crash_is_not_done_twice(life: Life) -> None:
    life.run(send={topic(): GOOD})
    life.retries.ask(1)
    life.retries.refusing = True  # as if the process ended between the two files
    life.run(air_site())
    assert (len(life.frames()), len(life.retries.waiting)) == (1, 1)
    life.retries.refusing = False
    ledger = life.run()
    assert (len(life.frames()), life.retries.waiting, ledger.retries_stored) == (1, [], 1)


def test_one_that_is_stored_is_not_stored_again(life: Life) -> None:
    life.run(send={topic(): GOOD})
    for _ in range(2):
        life.retries.ask(1)
        life.run(air_site())
    assert (len(life.frames()), life.settled().retries_stored) == (1, 1)


def test_a_compact_message_is_not_read_by_another_birth_than_its_own(life: Life) -> None:
    compact = {"v": 1, "boot": BOOT, "seq": 1, "ts": NOON, "a": [1.0, 2.0]}
    life.run(air_site(), send={topic(): msgspec.json.encode(compact)})
    life.retries.ask(1)
    points = [{"id": "meter-1/power"}, {"id": "rack-01/it_power"}]
    later = msgspec.json.encode({"v": 1, "boot": "01JE0000000000000000000000", "points": points})
    life.run(send={topic("birth"): later})
    told = life.outcome(1)
    assert told is not None
    assert "the order was that of boot 01JD0000000000000000000000" in told.outcome
    assert life.frames() == []


@pytest.mark.parametrize(
    ("kind", "said", "why"),
    (
        ("state", b'{"state":"online"}', "only readings are tried again"),
        ("birth", b'{"v":1', "only readings are tried again"),
        ("telemetry", b"x" * (MAX_PAYLOAD + 1), "bytes were kept; send it again in smaller"),
    ),
)
def test_what_cannot_be_tried_again_says_so(life: Life, kind: str, said: bytes, why: str) -> None:
    life.run(send={topic(kind): said})
    life.retries.ask(1)
    life.run(air_site())
    told = life.outcome(1)
    assert told is not None
    assert why in told.outcome
    assert not told.stored


def mapped(measurement: str) -> ForeignSource:
    place = Place.parse("ams-03", "gw-1", "meter-1/power")
    rule = Rule(Match(measurement, "p"), place, Sent("kW"))
    return ForeignSource(TopicFilter.parse("telegraf/#"), LineProtocol(), Mapping((rule,)))


def test_a_line_of_another_format_is_stored_once_its_mapping_is_put_right(life: Life) -> None:
    life.sources = [mapped("meters")]
    before = life.run(air_site(), send={"telegraf/n1": b"meter p=12 1795521600000000000"})
    assert (before.dead, before.dead_by_reason) == (1, {"unmapped": 1})
    life.sources = [mapped("meter")]
    life.retries.ask(1)
    after = life.run(air_site())
    frame = life.frames()[0]
    assert READING.decode(frame.body).values == [12_000.0]
    assert (frame.ts_ns, frame.flags) == (NOON_NS, Flag.LATE)
    assert after.messages() == before.messages()
    assert after.retries_stored == 1


def test_a_letter_that_is_gone_ends_its_request(life: Life) -> None:
    life.retries.ask(77)
    ledger = life.run()
    assert (life.retries.waiting, ledger.retries_stored + ledger.retries_dead) == ([], 0)
