"""A run on real files, recorded from the beginning or a checkpoint, replays to its own digest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.engine_logs import START_NS, air_dx, configs, live
from support.frames import NS
from support.manual_clock import ManualClock

from ingest.log import SqliteLog
from podcore.ports import SeriesQuery
from podtwin.engine.digest import digest_log
from podtwin.engine.engine import Engine
from podtwin.engine.replay import replay
from podtwin.store.history import EmbeddedHistory
from podtwin.store.recording import Facts, Origin, Recording, write_recording
from podtwin.store.recording_machine import this_machine
from podtwin.store.sealer import Sealer
from podtwin.store.state import StateStore

SITES = ("ams-03", "cph-01")
SECONDS = 240


@dataclass
class Run:
    """A data directory that a whole run went into."""

    data_dir: Path
    log: SqliteLog
    derived: SqliteLog
    state: StateStore

    def go(self) -> None:
        engine = Engine()
        frames = [*configs(*map(air_dx, SITES)), *live(range(SECONDS), sites=SITES)]
        for begin in range(0, len(frames), 50):
            last = self.log.append(frames[begin : begin + 50])
            outputs = engine.feed(self.log.read(last - len(frames[begin : begin + 50]), 50))
            self.derived.append(outputs.frames)
            checkpoints = engine.checkpoints(due_only=False)
            self.state.commit(outputs.transitions, checkpoints, engine.cursor)

    def record(self, out: Path, from_ns: int | None) -> None:
        origin = Origin(self.log, self.derived, self.state, list(map(air_dx, SITES)))
        chosen = origin.choose(from_ns)
        after = {checkpoint.site: checkpoint.offset for checkpoint in chosen.checkpoints}
        decided = [change for site in SITES for change in self.state.transitions(site)]
        digest = digest_log(self.derived, decided, after, chosen.last)
        facts = Facts("0.1.0", START_NS, this_machine(), digest=digest)
        write_recording(origin, chosen, out, facts)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    data_dir = tmp_path / "data"
    run = Run(
        data_dir,
        SqliteLog(data_dir / "log.db"),
        SqliteLog(data_dir / "derived.db", derived=True),
        StateStore(data_dir / "state.db"),
    )
    run.go()
    yield run
    run.log.close()
    run.derived.close()
    run.state.close()


@pytest.mark.parametrize("from_s", (None, 130, 200))
@pytest.mark.parametrize("limit", (1, 7, 2_000))
def test_a_recording_replays_to_the_digest_of_the_run(
    run: Run, tmp_path: Path, from_s: int | None, limit: int
) -> None:
    run.record(tmp_path / "one.zip", None if from_s is None else START_NS + from_s * NS)
    with Recording(tmp_path / "one.zip") as opened:
        found = replay(opened, ManualClock(), opened.checkpoints(), limit=limit)
        assert bool(opened.checkpoints()) == (from_s is not None)
        assert found.frames == opened.manifest.frames
        assert found.steps > 0
        assert found.digest == opened.manifest.digest


def test_a_sealed_and_trimmed_run_is_recorded_from_its_first_checkpoint_on(
    run: Run, tmp_path: Path
) -> None:
    query = SeriesQuery("ams-03", (), 0, 2**62)
    history = EmbeddedHistory(run.data_dir, run.log, run.derived)
    before = history.series(query)
    Sealer(run.data_dir, run.log, run.derived, run.state).run_once(force=True)
    while run.log.trim(run.log.last_offset() * 3 // 4):
        pass
    assert history.series(query) == before
    run.record(tmp_path / "one", None)
    with Recording(tmp_path / "one") as opened:
        assert opened.first_offset() > 1
        found = replay(opened, ManualClock(), opened.checkpoints())
        assert found.digest == opened.manifest.digest
