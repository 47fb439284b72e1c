from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from podcore.errors import ConfigError
from podcore.ports import Checkpoint, Cursors, EngineStore, Transition
from podtwin.store.state import StateStore
from podtwin.store.state_schema import MIGRATIONS

MINUTE_NS = 60_000_000_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[StateStore]:
    opened = StateStore(tmp_path / "state.db")
    yield opened
    opened.close()


def checkpoint(
    offset: int, minute: int = 0, site: str = "ams-03", state: bytes = b"x"
) -> Checkpoint:
    return Checkpoint(site, offset, minute * MINUTE_NS, state)


def transition(key: str = "k1", after: str = "firing", ts_ns: int = 5) -> Transition:
    return Transition(key, "ams-03", "f1", "pending", after, 7, ts_ns, b"evidence")


def test_it_is_what_the_engine_and_the_readers_ask_for(store: StateStore) -> None:
    as_engine_store: EngineStore = store
    as_cursors: Cursors = store
    assert as_engine_store.checkpoints() == {}
    assert as_cursors.all() == {}


def test_what_was_committed_is_there_after_a_restart(tmp_path: Path) -> None:
    store = StateStore(tmp_path / "state.db")
    store.commit([transition()], [checkpoint(10), checkpoint(20, site="cph-01")], cursor=10)
    store.close()
    again = StateStore(tmp_path / "state.db")
    assert again.checkpoints() == {
        "ams-03": checkpoint(10),
        "cph-01": checkpoint(20, site="cph-01"),
    }
    assert again.transitions("ams-03") == [transition()]
    assert again.get("engine") == 10
    again.close()


def test_a_rerun_writes_nothing_twice_and_changes_nothing(store: StateStore) -> None:
    store.commit([transition()], [checkpoint(10)], cursor=10)
    store.commit([transition(after="resolved")], [checkpoint(10, state=b"other")], cursor=10)
    assert store.transitions("ams-03") == [transition()]
    assert store.checkpoints()["ams-03"].state == b"x"


def test_the_newest_checkpoint_of_each_site_is_given(store: StateStore) -> None:
    store.commit([], [checkpoint(10), checkpoint(30), checkpoint(20)], cursor=10)
    assert store.checkpoints()["ams-03"].offset == 30


@pytest.mark.parametrize(("offset", "found"), ((9, None), (10, 10), (19, 10), (25, 20)))
def test_the_checkpoint_before_an_offset_is_found(
    store: StateStore, offset: int, found: int | None
) -> None:
    store.commit([], [checkpoint(10), checkpoint(20), checkpoint(5, site="cph-01")], cursor=5)
    before = store.checkpoint_before("ams-03", offset)
    assert (before.offset if before else None) == found


def test_ten_checkpoints_are_kept_and_then_one_an_hour(store: StateStore) -> None:
    for minute in range(200):
        store.commit([], [checkpoint(minute, minute)], cursor=minute)
    kept = [n for n in range(200) if store.checkpoint_before("ams-03", n) == checkpoint(n, n)]
    assert kept == [0, 60, 120, 180, *range(190, 200)]


def test_checkpoints_that_the_log_does_not_reach_are_forgotten_but_never_the_newest(
    store: StateStore,
) -> None:
    store.commit([], [checkpoint(10), checkpoint(20), checkpoint(5, site="cph-01")], cursor=5)
    assert store.forget_checkpoints(15) == 1
    assert store.checkpoint_before("ams-03", 15) is None
    assert store.checkpoints().keys() == {"ams-03", "cph-01"}


def test_a_commit_that_fails_leaves_nothing_of_it(store: StateStore) -> None:
    with pytest.raises(OverflowError):
        store.commit([transition()], [checkpoint(2**63)], cursor=9)
    assert store.transitions("ams-03") == []
    assert store.get("engine") == 0
    store.commit([transition()], [], cursor=9)  # and the next one goes through


def test_cursors_are_remembered_moved_and_dropped(store: StateStore) -> None:
    assert store.get("sealer") == 0
    store.set("sealer", 5)
    store.set("sealer", 9)
    store.set("forward-influx", 2)
    assert store.all() == {"sealer": 9, "forward-influx": 2}
    store.drop("sealer")
    assert store.get("sealer") == 0


def test_two_processes_write_the_same_file(tmp_path: Path, store: StateStore) -> None:
    other = StateStore(tmp_path / "state.db")
    store.set("a", 1)
    other.set("b", 2)
    assert store.all() == other.all() == {"a": 1, "b": 2}
    other.close()


def test_threads_share_one_store(store: StateStore) -> None:
    def work(number: int) -> None:
        for offset in range(1, 21):
            store.set(f"reader-{number}", offset)
            store.commit([], [checkpoint(offset, site=f"site-{number}")], cursor=offset)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {name: store.get(name) for name in store.all() if name != "engine"} == {
        f"reader-{number}": 20 for number in range(4)
    }
    assert {c.offset for c in store.checkpoints().values()} == {20}


def test_a_commit_survives_a_power_cut(store: StateStore) -> None:
    with sqlite3.connect(store.path) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()
    version = len(MIGRATIONS)
    assert store.settings() == {"synchronous": 2, "busy_timeout": 5_000, "user_version": version}


def test_a_file_of_a_newer_version_is_refused_with_the_way_out(tmp_path: Path) -> None:
    StateStore(tmp_path / "state.db").close()
    with sqlite3.connect(tmp_path / "state.db") as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(ConfigError, match="newer PodTwin"):
        StateStore(tmp_path / "state.db")


@pytest.mark.parametrize("content", (b"no database of ours " * 500, None))
def test_a_damaged_file_is_refused_with_a_way_out(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "state.db"
    StateStore(path).close()
    path.write_bytes(content or path.read_bytes()[:5_000])
    with pytest.raises(ConfigError, match=r"is damaged.*backup"):
        StateStore(path)
