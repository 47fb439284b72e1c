from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.ingesting import Ingest, air_site, topic

from ingest.ledger import Ledger, LedgerBook, read_ledger, reason_counter, write_counts

FATES = ("stored", "duplicate", "dead")


@pytest.fixture
def connection() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", isolation_level=None)


def whole(ledger: Ledger) -> bool:
    messages, readings = ledger.messages(), ledger.readings()
    return (
        messages["received"] == sum(messages[fate] for fate in (*FATES, "pending"))
        and readings["offered"] == readings["stored"] + readings["dead"]
        and min(messages.values()) >= 0
    )


@given(st.lists(st.one_of(st.just("arrives"), st.just("forgot"), st.sampled_from(FATES))))
def test_the_equation_holds_after_every_step(steps: list[str]) -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    book = LedgerBook(connection)
    arrived = settled = forgotten = 0
    for step in steps:
        if step == "arrives":
            book.arrived()
            arrived += 1
        elif arrived == settled + forgotten:
            continue  # nothing is there to be settled
        elif step == "forgot":
            book.forgot(1)
            forgotten += 1
        else:
            change = Counter({step: 1})
            write_counts(connection, change)
            book.settle(change)
            settled += 1
        ledger = book.snapshot()
        assert whole(ledger)
        assert ledger.received == arrived - forgotten
        assert ledger.pending == arrived - forgotten - settled
        persisted = read_ledger(connection)
        assert [getattr(persisted, fate) for fate in FATES] == [
            getattr(ledger, fate) for fate in FATES
        ]
    connection.close()


def test_it_holds_at_any_moment_while_two_threads_write_and_one_looks() -> None:
    book = LedgerBook(sqlite3.connect(":memory:", check_same_thread=False))
    messages, batch = 5_000, 25
    arrived = threading.Semaphore(0)
    seen: list[Ledger] = []

    def network() -> None:
        for _ in range(messages):
            book.arrived()
            arrived.release()

    def writer() -> None:
        for number in range(messages // batch):
            for _ in range(batch):
                arrived.acquire()
            fate = FATES[number % 3]
            book.settle(Counter({fate: batch, "readings_stored": 50 * batch}))

    threads = [threading.Thread(target=network), threading.Thread(target=writer)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        seen.append(book.snapshot())
    assert all(whole(ledger) for ledger in seen)
    received = [ledger.received for ledger in seen]
    assert received == sorted(received)
    assert book.snapshot().received == messages
    assert book.snapshot().pending == 0


def test_counts_go_on_after_a_restart(connection: sqlite3.Connection) -> None:
    first = LedgerBook(connection)
    first.arrived()
    first.arrived()
    change = Counter({"stored": 1, "births": 2, reason_counter("not_json"): 3})
    write_counts(connection, change)
    first.settle(change)
    again = LedgerBook(connection).snapshot()
    assert (again.stored, again.pending, again.received, again.births) == (1, 0, 1, 2)
    assert again.dead_by_reason == {"not_json": 3}


def test_a_log_that_ingest_never_opened_has_an_empty_ledger(connection: sqlite3.Connection) -> None:
    assert read_ledger(connection).messages() == dict.fromkeys(("received", *FATES, "pending"), 0)


def test_the_names_of_both_ledgers_are_those_of_the_status_page(
    connection: sqlite3.Connection,
) -> None:
    ledger = LedgerBook(connection).snapshot()
    assert list(ledger.messages()) == ["received", "stored", "duplicate", "dead", "pending"]
    assert list(ledger.readings()) == ["offered", "stored", "dead"]


def test_what_the_log_holds_is_what_the_running_ingest_says(tmp_path: Path) -> None:
    ingest = Ingest(tmp_path, air_site())
    ingest.send(topic(), b'{"v":1,"m":{"rack-01/it_power":1,"no/point":2}}')
    ingest.send(topic(), b'{"v":1,"boot":"B","seq":1,"m":{}}')
    ingest.send(topic(), b'{"v":1,"boot":"B","seq":1,"m":{}}')
    ingest.send(topic(), b"nothing")
    ledger = ingest.finish()
    connection = sqlite3.connect(ingest.path)
    assert read_ledger(connection) == ledger
    connection.close()
    assert ledger.messages() == {
        "received": 4, "stored": 2, "duplicate": 1, "dead": 1, "pending": 0,
    }  # fmt: skip
    assert ledger.readings() == {"offered": 2, "stored": 1, "dead": 1}
