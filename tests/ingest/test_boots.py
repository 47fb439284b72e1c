from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from support.ingesting import Ingest, air_site, topic

from ingest.boots import SCHEMA, forget, too_old, write_heard
from ingest.bounds import MAX_BOOTS
from ingest.dedupe import Seen
from ingest.registry_store import SCHEMA as REGISTRY_SCHEMA
from ingest.registry_store import load_seen, write_seen

AIR = "crac-1/supply_air_temp"


def key(boot: str, node: str = "gw-1") -> tuple[str, str, str]:
    return ("ams-03", node, boot)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(REGISTRY_SCHEMA + SCHEMA)
    yield connection
    connection.close()


def heard(connection: sqlite3.Connection, boot: str, at_ns: int, node: str = "gw-1") -> None:
    write_seen(connection, [(key(boot, node), Seen([1], [1]))])
    write_heard(connection, [key(boot, node)], at_ns)


def test_the_boot_not_heard_of_for_the_longest_is_past_the_bound(
    connection: sqlite3.Connection,
) -> None:
    for at_ns, boot in enumerate(("C", "A", "B", "C"), 1):
        heard(connection, boot, at_ns)
    assert too_old(connection, [key("C")], 2) == [key("A")]
    assert too_old(connection, [key("C")], 3) == []


def test_a_boot_without_a_time_goes_first(connection: sqlite3.Connection) -> None:
    write_seen(connection, [(key("Z"), Seen([1], [1]))])
    heard(connection, "A", 1)
    assert too_old(connection, [key("A")], 1) == [key("Z")]


def test_other_nodes_keep_theirs(connection: sqlite3.Connection) -> None:
    heard(connection, "A", 1, "gw-2")
    heard(connection, "B", 2)
    assert too_old(connection, [key("B")], 1) == []


def test_nothing_is_left_of_a_forgotten_boot(connection: sqlite3.Connection) -> None:
    heard(connection, "A", 1)
    forget(connection, [key("A")])
    assert load_seen(connection, key("A")) is None
    assert connection.execute("SELECT count(*) FROM boots").fetchone() == (0,)


def test_a_boot_with_every_message_leaves_the_bound_and_is_counted(tmp_path: Path) -> None:
    ingest = Ingest(tmp_path, air_site())
    for number in range(MAX_BOOTS + 30):
        payload = {"v": 1, "boot": f"B{number}", "seq": 1, "m": {AIR: 20.0}}
        ingest.send(topic(), msgspec.json.encode(payload))
    ledger = ingest.finish()
    assert (ledger.stored, ledger.boots_forgotten) == (MAX_BOOTS + 30, 30)
    database = sqlite3.connect(tmp_path / "log.db")
    assert database.execute("SELECT count(*) FROM seen").fetchone() == (MAX_BOOTS,)
    database.close()
