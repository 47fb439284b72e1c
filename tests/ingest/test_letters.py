"""Dead letters are bounded by number and size; what went is counted."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from support.ingesting import NOON_NS, Ingest, topic

from ingest.inbox import MAX_BATCH_MESSAGES
from ingest.letters import (
    SCHEMA,
    LetterBound,
    Retried,
    read_letter,
    read_letters,
    read_retried,
    write_retried,
)
from ingest.reasons import Reason, reject
from ingest.registry_store import SCHEMA as REGISTRY
from ingest.registry_store import DeadLetter, write_dead_letters

TOPIC = len(topic())


def database() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(REGISTRY + SCHEMA)
    return connection


def letter(number: int, size: int = 10) -> DeadLetter:
    why = reject(Reason.NOT_JSON, "payload", "x")
    return DeadLetter(NOON_NS + number, topic(), size, b"x" * size, why)


@given(st.lists(st.lists(st.integers(0, 400), max_size=30), max_size=20))
def test_what_is_kept_is_the_newest_and_within_both_bounds(commits: list[list[int]]) -> None:
    connection = database()
    bound = LetterBound(connection, max_letters=20, max_bytes=2_000 + 20 * TOPIC)
    sent = trimmed = 0
    for sizes in commits:
        write_dead_letters(connection, [letter(sent + n, size) for n, size in enumerate(sizes)])
        sent += len(sizes)
        bound.added(len(sizes), sum(sizes) + len(sizes) * TOPIC)
        while bound.passed():
            gone, size = bound.trim(connection)
            bound.added(-gone, -size)
            trimmed += gone
    kept = read_letters(connection, [], [], 1_000)
    assert len(kept) + trimmed == sent
    assert len(kept) <= 20
    assert sum(len(each.payload) + TOPIC for each in kept) <= 2_000 + 20 * TOPIC
    assert [each.recv_ns - NOON_NS for each in kept] == list(range(sent - 1, trimmed - 1, -1))


def test_one_trim_takes_all_that_one_commit_can_bring_too_many() -> None:
    connection = database()
    write_dead_letters(connection, [letter(n) for n in range(MAX_BATCH_MESSAGES + 100)])
    bound = LetterBound(connection, max_letters=100)
    gone, size = bound.trim(connection)
    bound.added(-gone, -size)
    assert not bound.passed()


def test_how_much_there_is_is_known_from_the_start() -> None:
    connection = database()
    write_dead_letters(connection, [letter(n) for n in range(30)])
    assert LetterBound(connection, max_letters=29).passed()
    assert LetterBound(connection, max_bytes=299 + 30 * TOPIC).passed()
    assert not LetterBound(connection, max_letters=30, max_bytes=300 + 30 * TOPIC).passed()


def test_the_mark_of_a_letter_that_goes_goes_with_it() -> None:
    connection = database()
    write_dead_letters(connection, [letter(n) for n in range(10)])
    for number in (1, 10):
        write_retried(connection, Retried(number, "r", 1, stored=False, outcome="no"))
    LetterBound(connection, max_letters=5).trim(connection)
    assert (read_letter(connection, 1), list(read_retried(connection, range(20)))) == (None, [10])


def test_a_flood_is_trimmed_between_commits_and_counted(tmp_path: Path) -> None:
    ingest = Ingest(tmp_path)
    ingest.writer._letters = LetterBound(ingest.log.connection, max_letters=10)  # noqa: SLF001
    for _ in range(40):
        ingest.send(topic(), b"rubbish")
    ledger = ingest.finish()
    connection = sqlite3.connect(tmp_path / "log.db")
    kept = len(read_letters(connection, [], [], 100))
    connection.close()
    assert kept == 9
    assert (ledger.letters_trimmed, ledger.dead) == (31, 40)
    assert ledger.dead_by_reason == {"not_json": 40}


def test_a_log_without_letters_is_read_as_empty() -> None:
    connection = sqlite3.connect(":memory:")
    assert (read_letter(connection, 1), read_retried(connection, [1])) == (None, {})
