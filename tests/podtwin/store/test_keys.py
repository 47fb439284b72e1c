from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from podcore.access import Key, Scope, Session, SiteFilter, digest_of, key_token, session_token
from podcore.errors import ConfigError
from podtwin.store import keys as module
from podtwin.store.audit import AuditEntry, AuditLog, AuditQuery
from podtwin.store.keys import Keys
from podtwin.store.state import StateStore

TOKEN = key_token(b"\1" * 8, b"\2" * 32)
COOKIE = digest_of(session_token(b"\3" * 32))


def made(name: str = "wall", **changed: object) -> Key:
    plain = {
        "id": "01" * 8, "name": name, "digest": digest_of(TOKEN), "scope": Scope.READ,
        "sites": SiteFilter(("ams-*", "osl-01")), "created_ns": 10, "created_by": "kim",
    }  # fmt: skip
    return Key(**{**plain, **changed})  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[StateStore]:
    opened = StateStore(tmp_path / "state.db")
    yield opened
    opened.close()


@pytest.fixture
def keys(store: StateStore) -> Keys:
    return Keys(store)


def audited(store: StateStore) -> list[tuple[str, str, str]]:
    return [(e.by, e.what, e.target) for e in AuditLog(store).page(AuditQuery())]


def test_a_key_comes_back_as_it_was(keys: Keys) -> None:
    keys.add(made())
    assert keys.get("01" * 8) == made()
    assert keys.all() == [made()]
    assert keys.find("wall") == keys.find("01" * 8) == made()


def test_no_secret_is_in_the_file(keys: Keys, tmp_path: Path) -> None:
    keys.add(made())
    keys.start_session(Session(COOKIE, "01" * 8, 20, 90), "wall")
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert TOKEN.encode() not in kept
    assert TOKEN.rpartition("_")[2].encode() not in kept
    assert session_token(b"\3" * 32).encode() not in kept


def test_a_name_is_free_again_once_its_key_is_revoked(keys: Keys) -> None:
    keys.add(made())
    with pytest.raises(ConfigError, match=r"already the name .* podtwin keys revoke wall"):
        keys.add(made(id="02" * 8))
    assert keys.revoke("01" * 8, "kim", 20)
    keys.add(made(id="02" * 8))
    assert keys.find("wall").id == "02" * 8


def test_an_unknown_name_is_answered_with_the_nearest(keys: Keys) -> None:
    keys.add(made())
    with pytest.raises(ConfigError, match="wall"):
        keys.find("wal")


def test_there_are_so_many_keys_at_most(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_KEYS", 1)
    keys.add(made())
    with pytest.raises(ConfigError, match="revoke one that nobody uses"):
        keys.add(made("other", id="02" * 8))


def test_a_revoked_key_stays_revoked(keys: Keys) -> None:
    keys.add(made())
    assert keys.revoke("01" * 8, "kim", 20)
    assert not keys.revoke("01" * 8, "kim", 30)
    found = keys.get("01" * 8)
    assert found is not None
    assert found.revoked_ns == 20


def test_use_is_noted(keys: Keys) -> None:
    keys.add(made())
    keys.used("01" * 8, 77)
    found = keys.get("01" * 8)
    assert found is not None
    assert found.used_ns == 77


def test_an_admin_for_some_sites_or_without_time_is_no_admin(keys: Keys) -> None:
    keys.add(made("some", id="02" * 8, scope=Scope.ADMIN))
    keys.add(made("past", id="03" * 8, scope=Scope.ADMIN, sites=SiteFilter(), expires_ns=50))
    assert keys.any_admin(49)
    assert not keys.any_admin(50)


def test_a_session_is_found_with_its_key(keys: Keys) -> None:
    keys.add(made())
    session = Session(COOKIE, "01" * 8, 20, 90)
    keys.start_session(session, "wall")
    assert keys.session(COOKIE) == (session, made())
    assert keys.session(b"other") is None


def test_a_session_ends_by_itself_or_with_its_key(keys: Keys) -> None:
    keys.add(made())
    keys.start_session(Session(COOKIE, "01" * 8, 20, 90), "wall")
    keys.end_session(COOKIE, "wall", 30)
    assert keys.session(COOKIE) is None
    keys.start_session(Session(COOKIE, "01" * 8, 40, 90), "wall")
    keys.revoke("01" * 8, "kim", 50)
    assert keys.session(COOKIE) is None


def test_sessions_that_are_over_or_too_many_are_forgotten(
    keys: Keys, store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_SESSIONS", 2)
    keys.add(made())
    for number in range(4):
        keys.start_session(Session(bytes([number]), "01" * 8, number, 90), "wall")
    assert [row[0] for row in store.rows("SELECT digest FROM sessions")] == [b"\2", b"\3"]
    keys.start_session(Session(b"\4", "01" * 8, 90, 200), "wall")
    assert [row[0] for row in store.rows("SELECT digest FROM sessions")] == [b"\4"]


def test_every_change_is_in_the_audit(keys: Keys, store: StateStore) -> None:
    keys.add(made())
    keys.start_session(Session(COOKIE, "01" * 8, 20, 90), "wall")
    keys.end_session(COOKIE, "wall", 30)
    keys.end_session(COOKIE, "wall", 31)
    keys.revoke("01" * 8, "kim", 40)
    assert audited(store) == [
        ("kim", "key_revoked", "01" * 8),
        ("wall", "session_ended", "01" * 8),
        ("wall", "session_started", "01" * 8),
        ("kim", "key_added", "01" * 8),
    ]


def test_the_audit_is_read_in_pages_and_by_who_and_what(store: StateStore) -> None:
    log = AuditLog(store)
    for number in range(5):
        log.add(number, "kim" if number % 2 else "lee", "acknowledge", f"a{number}", "why")
    first = log.page(AuditQuery(limit=2))
    assert [entry.target for entry in first] == ["a4", "a3"]
    following = log.page(AuditQuery(limit=9, before=first[-1].position))
    assert [entry.target for entry in following] == ["a2", "a1", "a0"]
    assert log.page(AuditQuery(by="kim", target="a1")) == [
        AuditEntry(2, 1, "kim", "acknowledge", "a1", "why")
    ]
    assert log.page(AuditQuery(what="shelve")) == []
