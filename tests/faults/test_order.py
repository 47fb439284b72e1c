"""Duplicates, reordering, two paths: the same table in the end, bit for bit.

Every message of a clean run is also sent twice at random, shuffled within a window, and over a
second path that is behind the first. What is then in the history is compared by its hash.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from support.fault_ledger import Cost, Tell
from support.ingesting import BOOT, NOON_NS, NS, Ingest, air_site, topic
from support.memory_cursors import MemoryCursors

from ingest.log import SqliteLog, SqliteLogReader
from ingest.native import encode_telemetry
from podcore.frame import Source
from podcore.ports import SeriesQuery
from podtwin.store.history import EmbeddedHistory
from podtwin.store.sealer import Sealer

COUNT = 6_000
WINDOW = 1_000
Fault = Callable[[random.Random], list[int]]
_CLEAN = range(1, COUNT + 1)


def payload(seq: int) -> bytes:
    values = {"rack-01/it_power": float(seq), "crac-1/supply_air_temp": 20.0 + seq / COUNT}
    return encode_telemetry(BOOT, seq, NOON_NS - (COUNT - seq) * NS, values)


def half_twice(chance: random.Random) -> list[int]:
    """Half of the messages come a second time, some time later."""
    again = [(seq + chance.randrange(WINDOW), seq) for seq in chance.sample(_CLEAN, COUNT // 2)]
    return [seq for _, seq in sorted([*((seq, seq) for seq in _CLEAN), *again])]


def reordered(chance: random.Random) -> list[int]:
    """Each message is up to a thousand places away from its own."""
    return sorted(_CLEAN, key=lambda seq: seq + chance.random() * WINDOW)


def two_paths(chance: random.Random) -> list[int]:
    """Two paths bring all, one of them late and in pieces."""
    late = [(seq + 300 + chance.randrange(50), seq) for seq in _CLEAN]
    return [seq for _, seq in sorted([*((seq, seq) for seq in _CLEAN), *late])]


def all_at_once(chance: random.Random) -> list[int]:
    """All of it, over two paths, shuffled."""
    return sorted(two_paths(chance), key=lambda _: chance.random())


def taken(folder: Path, order: Sequence[int], *, drop: int = 0) -> tuple[str, int, int]:
    """Hash of the history, rows in it, and duplicates, after messages came in an order."""
    folder.mkdir()
    ingest = Ingest(folder, air_site())
    for seq in order:
        if seq != drop:
            ingest.send(topic(), payload(seq))
    ledger = ingest.finish()
    log, derived = SqliteLogReader(ingest.path), SqliteLog(folder / "derived.db", derived=True)
    sealer = Sealer(folder, log, derived, MemoryCursors())
    sealer.run_once(force=True)
    query = SeriesQuery("ams-03", (), 0, 2**62, (Source.MEASURED,))
    rows = EmbeddedHistory(folder, log, derived).frame(query)
    rows = rows.sort("asset", "point", "ts").select("asset", "point", "ts", "value", "flags")
    log.close()
    derived.close()
    found = hashlib.sha256(rows.write_csv().encode()).hexdigest()
    assert ledger.received == ledger.stored + ledger.duplicate + ledger.dead
    return found, rows.height // 2, ledger.duplicate


@pytest.mark.parametrize("fault", (half_twice, reordered, two_paths, all_at_once))
def test_the_table_is_that_of_the_clean_run(tmp_path: Path, fault: Fault, tell: Tell) -> None:
    clean, rows, _ = taken(tmp_path / "clean", _CLEAN)
    assert rows == COUNT
    order = fault(random.Random(6))
    found, rows, duplicate = taken(tmp_path / "fault", order)
    tell(Cost(f"messages {fault.__name__.replace('_', ' ')}", COUNT, rows, duplicate))
    assert found == clean
    # Past a thousand gaps the oldest numbers are forgotten: the history then settles repeats.
    few_gaps = fault is not all_at_once
    assert not few_gaps or duplicate == len(order) - COUNT


def test_one_message_that_is_missing_is_another_table(tmp_path: Path) -> None:
    clean, _, _ = taken(tmp_path / "clean", _CLEAN)
    found, rows, _ = taken(tmp_path / "fault", reordered(random.Random(6)), drop=COUNT // 2)
    assert rows == COUNT - 1
    assert found != clean
