"""The book of keys in memory and in the database answer alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.memory_keys import MemoryKeys, made_key

from podcore.access import Scope, Session
from podcore.errors import ConfigError
from podtwin.api.deps import AuditBook, KeyBook
from podtwin.store.audit import AuditLog, AuditQuery
from podtwin.store.keys import Keys
from podtwin.store.state import StateStore


@dataclass(frozen=True)
class Books:
    keys: KeyBook
    audit: AuditBook

    def changes(self) -> list[tuple[int, str, str, str]]:
        found = self.audit.page(AuditQuery())
        return [(each.at_ns, each.by, each.what, each.target) for each in found]


@pytest.fixture(params=("memory", "database"))
def books(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Books]:
    if request.param == "memory":
        memory = MemoryKeys()
        yield Books(memory, memory.audit)
        return
    store = StateStore(tmp_path / "state.db")
    yield Books(Keys(store), AuditLog(store))
    store.close()


def test_keys_are_kept_in_the_order_in_which_they_were_made(books: Books) -> None:
    made = [made_key(name, Scope.OPERATE, "ams-*", expires_ns=99)[0] for name in "cab"]
    for key in made:
        books.keys.add(key)
    assert books.keys.all() == made
    assert books.keys.get(made[1].id) == made[1]
    assert books.keys.get("nobody") is None


def test_a_name_is_taken_until_its_key_is_revoked(books: Books) -> None:
    first, second = made_key()[0], made_key()[0]
    books.keys.add(first)
    with pytest.raises(ConfigError, match="already the name of a key"):
        books.keys.add(second)
    assert books.keys.revoke(first.id, "ada", 5)
    assert not books.keys.revoke(first.id, "ada", 6)
    books.keys.add(second)
    assert [key.revoked_ns for key in books.keys.all()] == [5, None]


def test_a_session_ends_by_itself_and_with_its_key(books: Books) -> None:
    key = made_key()[0]
    books.keys.add(key)
    session = Session(b"one", key.id, 1, 90)
    books.keys.start_session(session, "wall")
    assert books.keys.session(b"one") == (session, key)
    books.keys.end_session(b"one", "wall", 2)
    assert books.keys.session(b"one") is None
    books.keys.start_session(Session(b"two", key.id, 3, 90), "wall")
    books.keys.revoke(key.id, "ada", 4)
    assert books.keys.session(b"two") is None


def test_changes_are_audited_and_uses_are_not(books: Books) -> None:
    key = made_key()[0]
    books.keys.add(key)
    books.keys.used(key.id, 7)
    books.keys.start_session(Session(b"one", key.id, 8, 90), "wall")
    books.keys.end_session(b"one", "wall", 9)
    books.keys.end_session(b"one", "wall", 10)
    books.keys.revoke(key.id, "ada", 11)
    books.audit.add(12, "ada", "endpoint_tested", "ep_1")
    assert books.changes() == [
        (12, "ada", "endpoint_tested", "ep_1"),
        (11, "ada", "key_revoked", key.id),
        (9, "wall", "session_ended", key.id),
        (8, "wall", "session_started", key.id),
        (0, "kim", "key_added", key.id),
    ]
