"""Recording a data directory and replaying a recording: the shell around store and engine."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace
from ulid import ULID

from ingest.log import SqliteLog, SqliteLogReader
from ingest.registry_store import load_sites
from podcore.clock import NS
from podcore.errors import ConfigError
from podcore.ports import Clock
from podtwin import __version__
from podtwin.engine.digest import digest_log
from podtwin.engine.replay import READ_LIMIT, Replay
from podtwin.engine.runner import NAME as ENGINE
from podtwin.pipeline.catalog import ReplayNote, write_replay_note
from podtwin.pipeline.datadir import DataDir
from podtwin.store.recording import Facts, Origin, Recording, Summary, write_recording
from podtwin.store.recording_machine import this_machine
from podtwin.store.state import StateStore

Progress = Callable[[int, int], None]
PACED_READ = 50  # Frames between two looks at the pace, so that a slow replay moves smoothly


def record(
    path: Path, out: Path, clock: Clock, span: tuple[int | None, int | None], progress: Progress
) -> Summary:
    """Records receive times [from, to) of a data directory, whether a process runs on it or not.

    The digest of the live run is stored when the engine is known to have done all of the range:
    after a stop, or a minute later.

    Raises
    ------
    ConfigError  When there is no log, or it does not hold the range.
    """
    if not (path / "log.db").exists():
        way_out = "name the --data-dir of a run"
        raise ConfigError("--data-dir", str(path), "holds no log.db", way_out)
    data_dir = DataDir(path)
    log, derived = SqliteLogReader(data_dir.log), SqliteLogReader(data_dir.derived, derived=True)
    state = StateStore(data_dir.state)
    try:
        sites = load_sites(log.connection)
        origin = Origin(log, derived, state, sites)
        chosen = origin.choose(*span)
        after = {checkpoint.site: checkpoint.offset for checkpoint in chosen.checkpoints}
        done = state.get(ENGINE) >= chosen.last
        decided = [change for site in sites for change in state.transitions(site.id)]
        digest = digest_log(derived, decided, after, chosen.last) if done else None
        facts = Facts(__version__, clock.now_ns(), this_machine(), digest=digest)
        return write_recording(origin, chosen, out, facts, progress)
    finally:
        state.close()
        log.close()
        derived.close()


@dataclass(frozen=True, slots=True)
class Replayed:
    """A finished replay; `recorded_digest` is the live run's, None when it was not known."""

    id: str
    frames: int
    steps: int
    digest: str
    recorded_digest: str | None
    wall_s: float
    speed: float

    @property
    def same(self) -> bool | None:
        """Whether it gave what the live run gave; None when that is not known."""
        return None if self.recorded_digest is None else self.digest == self.recorded_digest


def replay(
    recording: Recording,
    data_dir: Path,
    clock: Clock,
    *,
    speed: float | None = None,
    progress: Progress = lambda _done, _total: None,
    stop: threading.Event | None = None,
) -> Replayed:
    """Runs a recording through the engine into a directory of its own below `replays/`.

    speed : times the recording's own pace; None for as fast as possible.
    """
    root = DataDir(data_dir).replays / str(ULID())
    started_ns, began_s = clock.now_ns(), clock.monotonic_s()
    note = ReplayNote(str(recording.path), "running", speed=speed, started_ns=started_ns)
    write_replay_note(root, note)
    derived = SqliteLog(root / "derived.db", derived=True)
    run = Replay(recording, recording.checkpoints())
    pace = _Pace(clock, speed, stop or threading.Event())
    try:
        while (outputs := run.read_next(READ_LIMIT if speed is None else PACED_READ)) is not None:
            if outputs.frames:
                derived.append(outputs.frames)
            progress(run.frames, recording.manifest.frames)
            if not pace.keep(run.last_ns - run.first_ns):
                break
    except BaseException:
        write_replay_note(root, replace(note, state="failed", frames=run.frames))
        raise
    finally:
        derived.close()
    wall_s = clock.monotonic_s() - began_s
    reached = (run.last_ns - run.first_ns) / NS / wall_s if wall_s > 0 else 0.0
    digest = run.digest()
    write_replay_note(root, replace(note, state="done", frames=run.frames, digest=digest))
    recorded = recording.manifest.digest
    return Replayed(root.name, run.frames, run.steps, digest, recorded, wall_s, reached)


class _Pace:
    """Holds a replay back to so many times real time."""

    def __init__(self, clock: Clock, speed: float | None, stop: threading.Event) -> None:
        self._clock = clock
        self._speed = speed
        self._stop = stop
        self._began_s = clock.monotonic_s()

    def keep(self, passed_ns: int) -> bool:
        """Waits until that much of the recording is due; False when told to stop."""
        if self._speed is None:
            return not self._stop.is_set()
        due_s = self._began_s + passed_ns / NS / self._speed
        wait_s = due_s - self._clock.monotonic_s()
        return not (self._stop.is_set() or (wait_s > 0 and self._clock.wait(self._stop, wait_s)))
