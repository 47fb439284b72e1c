"""Data directories with dead letters of every stage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from support.ingesting import NOON, NOON_NS, NS, HandClock, Ingest
from support.manual_clock import ManualClock

from podcore.retry import INTAKE
from podcore.site import Site
from podcore.undelivered import Undelivered
from podtwin.pipeline.letters import DeadLetters
from podtwin.store.retries import Retries
from podtwin.store.state import StateStore
from podtwin.store.undelivered import SqliteForwardBook

POWER = msgspec.json.encode({"v": 1, "ts": NOON, "m": {"rack-01/it_power": 5_000.0}})
PARTLY = msgspec.json.encode({"v": 1, "ts": NOON, "m": {"rack-01/it_power": 5e3, "fan/x": 1.0}})
LINE = "rack,site=ams-03,asset=rack-01 it_power=1 1"


@contextmanager
def letters_of(folder: Path) -> Iterator[DeadLetters]:
    store = StateStore(folder / "state.db")
    try:
        yield DeadLetters(folder / "log.db", store)
    finally:
        store.close()


def run(
    folder: Path, *sites: Site, send: tuple[tuple[str, bytes], ...] = (), hour: int = 0
) -> None:
    """A run of ingest: what is sent, a second apart, then what was asked to be tried again."""
    clock = HandClock(NOON_NS + hour * 3_600 * NS + NS - 1)
    store = StateStore(folder / "state.db")
    ingest = Ingest(folder, *sites, clock=clock)
    ingest.writer.retry(Retries(store, INTAKE))
    for said in (*send, None, None):
        if said is not None:
            ingest.send(*said)
        assert ingest.writer.round()
        clock.pass_s(1.0)
    ingest.log.close()
    store.close()


def undelivered(
    folder: Path, line: str = LINE, *, site: str = "ams-03", whole: bool = True
) -> None:
    """A line that InfluxDB refused, an hour after noon."""
    store = StateStore(folder / "state.db")
    clock = ManualClock(NOON_NS + 3_600 * NS)
    size = len(line) if whole else len(line) + 1
    what = Undelivered(
        "influx", "log", 7, site, "gw-1", NOON_NS, "bucket retention", "too old", line, size
    )
    SqliteForwardBook(store, clock).settle("forward/influx/log", 7, [what])
    store.close()
