from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import msgspec
import pytest

from ingest.dedupe import Seen
from ingest.letters import SCHEMA as LETTER_SCHEMA
from ingest.letters import LetterBound
from ingest.reasons import Reason, Rejected, reject
from ingest.registry_store import (
    MAX_DEAD_READINGS,
    SCHEMA,
    DeadLetter,
    DeadReading,
    load_seen,
    load_sites,
    write_dead_letters,
    write_dead_readings,
    write_seen,
)

KEY = ("ams-03", "gw-1", "B")


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(SCHEMA + LETTER_SCHEMA)
    yield connection
    connection.close()


def refused(place: str, recv_ns: int = 1) -> DeadReading:
    return DeadReading(recv_ns, "ams-03", "gw-1", reject(Reason.NOT_FINITE, place, "nan"))


def test_the_numbers_seen_of_a_boot_come_back(connection: sqlite3.Connection) -> None:
    assert load_seen(connection, KEY) is None
    write_seen(connection, [(KEY, Seen([1, 9], [4, 9], 2))])
    write_seen(connection, [(KEY, Seen([1], [9], 2))])
    assert load_seen(connection, KEY) == Seen([1], [9], 2)


def test_a_log_that_ingest_never_opened_has_no_sites() -> None:
    connection = sqlite3.connect(":memory:")
    assert load_sites(connection) == []
    connection.close()


def test_a_dead_letter_keeps_the_payload_and_why(connection: sqlite3.Connection) -> None:
    why = reject(Reason.NOT_JSON, "payload", b"x")
    write_dead_letters(connection, [DeadLetter(5, "a/topic", 3, b"\xff\0x", why)])
    [row] = connection.execute(
        "SELECT recv_ns, topic, reason, size, payload, detail FROM dead_letters"
    )
    assert row[:5] == (5, "a/topic", "not_json", 3, b"\xff\0x")
    assert msgspec.msgpack.decode(row[5], type=Rejected) == why


def test_refused_readings_are_counted_by_their_place(connection: sqlite3.Connection) -> None:
    write_dead_readings(connection, [refused("a", 1), refused("b", 2), refused("a", 3)])
    write_dead_readings(connection, [refused("a", 4)])
    rows = connection.execute("SELECT place, count, first_ns, last_ns FROM dead_readings")
    assert rows.fetchall() == [("a", 3, 1, 4), ("b", 1, 2, 2)]


def test_past_the_bound_they_are_counted_together(connection: sqlite3.Connection) -> None:
    write_dead_readings(connection, [refused(f"p{n}") for n in range(MAX_DEAD_READINGS + 5)])
    count, total = connection.execute("SELECT count(*), sum(count) FROM dead_readings").fetchone()
    assert (count, total) == (MAX_DEAD_READINGS + 1, MAX_DEAD_READINGS + 5)


def test_ever_new_names_of_nodes_do_not_fill_the_file(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.registry_store.MAX_DEAD_READINGS", 10)
    why = reject(Reason.NOT_FINITE, "p", "nan")
    for number in range(100):
        write_dead_readings(connection, [DeadReading(1, f"s{number}", "gw-1", why)])
    count, total = connection.execute("SELECT count(*), sum(count) FROM dead_readings").fetchone()
    assert (count, total) == (21, 100)


def test_what_a_letter_takes_is_the_same_in_the_file(connection: sqlite3.Connection) -> None:
    letter = DeadLetter(1, "é/\0/x", 3, b"abc", reject(Reason.BAD_TOPIC, "topic", "x"))
    write_dead_letters(connection, [letter])
    bound = LetterBound(connection, max_letters=0, max_bytes=0)
    assert bound.trim(connection) == (1, letter.kept_bytes)
