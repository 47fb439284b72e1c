"""Data directories on disk, as a run leaves them: a log with its registry, a state, results."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path

from support.engine_logs import START_NS, air_dx, live
from support.frames import NS
from support.ingesting import HandClock, Ingest

from ingest.log import SqliteLog, SqliteLogReader
from podcore.frame import Frame
from podcore.site import Site
from podtwin.engine.runner import EngineRunner
from podtwin.pipeline import recordings
from podtwin.store.recording import Summary
from podtwin.store.state import StateStore


def filled(folder: Path, frames: Iterable[Frame], *sites: Site) -> Path:
    """A directory whose log holds the sites' configuration and then these Frames."""
    folder.mkdir(parents=True, exist_ok=True)
    Ingest(folder, *sites, clock=HandClock(START_NS - NS)).finish()
    log = SqliteLog(folder / "log.db")
    log.append(list(frames))
    log.close()
    return folder


def lived(folder: Path, seconds: int = 60) -> Path:
    """A directory of one site that the engine has come to the end of."""
    filled(folder, live(range(seconds)), air_dx())
    log, derived = (
        SqliteLogReader(folder / "log.db"),
        SqliteLog(folder / "derived.db", derived=True),
    )
    state = StateStore(folder / "state.db")
    runner = EngineRunner(log, derived, state, state, HandClock(), threading.Event())
    while runner.round():
        pass
    runner.checkpoint()
    for each in (log, derived, state):
        each.close()
    return folder


def recorded(data_dir: Path, out: Path) -> Summary:
    """All of it as a recording."""
    return recordings.record(data_dir, out, HandClock(), (None, None), lambda _done, _all: None)
