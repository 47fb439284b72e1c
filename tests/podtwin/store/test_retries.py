from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from podcore.errors import ConfigError, NotWritten
from podcore.retry import FORWARD, INTAKE, RetryRequest
from podtwin.store import retries as module
from podtwin.store.audit import AuditLog, AuditQuery
from podtwin.store.retries import Retries
from podtwin.store.state import StateStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[StateStore]:
    opened = StateStore(tmp_path / "state.db")
    yield opened
    opened.close()


def request(letter: int, asked_ns: int = 1, name: str = "") -> RetryRequest:
    return RetryRequest(name or f"r{letter}", letter, "kl", asked_ns)


def test_what_waits_comes_in_the_order_in_which_it_was_asked_for(store: StateStore) -> None:
    retries = Retries(store, INTAKE)
    for letter, asked_ns in ((7, 3), (5, 1), (9, 1)):
        retries.ask(request(letter, asked_ns), f"deadletter/i{letter}")
    assert [each.letter for each in retries.pending(10)] == [5, 9, 7]
    assert [each.letter for each in retries.pending(2)] == [5, 9]
    assert retries.waiting() == {5, 7, 9}
    assert retries.pending(1) == [request(5)]


def test_a_letter_waits_once_whoever_asks_and_is_audited_once(store: StateStore) -> None:
    retries = Retries(store, INTAKE)
    assert retries.ask(request(5), "deadletter/i5") == "r5"
    assert retries.ask(request(5, name="other"), "deadletter/i5") == "r5"
    retries.done("r5")
    assert retries.pending(10) == []
    assert retries.ask(request(5, name="other"), "deadletter/i5") == "other"
    assert len(AuditLog(store).page(AuditQuery(what="deadletter_retried"))) == 2


def test_stages_keep_apart(store: StateStore) -> None:
    intake, forward = Retries(store, INTAKE), Retries(store, FORWARD)
    intake.ask(request(5), "deadletter/i5")
    forward.ask(request(5, name="line"), "deadletter/f5")
    assert (intake.pending(9)[0].id, forward.pending(9)[0].id) == ("r5", "line")


def test_too_many_are_refused(store: StateStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 2)
    retries = Retries(store, INTAKE)
    for letter in (1, 2):
        retries.ask(request(letter), "x")
    with pytest.raises(ConfigError, match="2 letters wait to be tried again; wait until"):
        retries.ask(request(3), "x")


def test_a_file_that_cannot_be_read_now_does_not_end_who_asks(store: StateStore) -> None:
    with store.transaction() as connection:
        connection.execute("DROP TABLE retries")
    with pytest.raises(NotWritten, match="no such table"):
        Retries(store, INTAKE).pending(1)
