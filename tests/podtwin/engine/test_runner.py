from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from support.engine_logs import START_NS, air_dx, configs, live, log_of, recorded
from support.frames import NS
from support.manual_clock import ManualClock
from support.memory_log import MemoryLog
from support.waiting import eventually

from podcore.clock import SystemClock
from podcore.errors import ConfigError, NotWritten
from podcore.frame import Frame
from podcore.ports import Clock, Transition
from podcore.role import RoleState
from podtwin.engine import runner as runner_module
from podtwin.engine.digest import Digest, digest_log
from podtwin.engine.engine import Engine
from podtwin.engine.runner import EngineRunner, nothing_between
from podtwin.store.state import StateStore

SITES = ("ams-03", "cph-01", "esp-07")
TESTS = Path(__file__).parents[2]


class Run:
    """A runner on fakes and a real state file, that can be begun again on the same files."""

    def __init__(self, tmp_path: Path, log: MemoryLog) -> None:
        self.log = log
        self.derived = MemoryLog(derived=True)
        self.store = StateStore(tmp_path / "state.db")
        self.wake = threading.Event()

    def runner(
        self,
        *,
        clock: Clock | None = None,
        read_limit: int = 2_000,
        poll_s: float = 0.01,
        between_commits: Callable[[], None] = nothing_between,
    ) -> EngineRunner:
        return EngineRunner(
            self.log,
            self.derived,
            self.store,
            self.store,
            clock or ManualClock(),
            self.wake,
            between_commits=between_commits,
            poll_s=poll_s,
            read_limit=read_limit,
        )

    def decided(self) -> list[Transition]:
        return [change for site in SITES for change in self.store.transitions(site)]

    def digest(self) -> str:
        return digest_log(self.derived, self.decided(), {}, self.log.last_offset())


def three_sites(seconds: int = 400) -> MemoryLog:
    return log_of(configs(*map(air_dx, SITES)), live(range(seconds), sites=SITES))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path, three_sites())


def to_the_end(runner: EngineRunner) -> None:
    while runner.round():
        pass


def expected(log: MemoryLog) -> list[tuple[str, int, bytes]]:
    return sorted((f.site, f.ts_ns, f.body) for f in Engine().feed(log.frames).frames)


def rows(derived: MemoryLog) -> list[tuple[str, int, bytes]]:
    return sorted((f.site, f.ts_ns, f.body) for f in derived.frames)


def test_it_reads_to_the_end_and_leaves_a_checkpoint_of_each_site(run: Run) -> None:
    runner = run.runner()
    runner.start()
    runner.drain(30)
    runner.stop()
    assert rows(run.derived) == expected(run.log)
    offsets = {site: c.offset for site, c in run.store.checkpoints().items()}
    assert offsets == dict.fromkeys(SITES, run.log.last_offset())
    assert run.store.get("engine") == run.log.last_offset()
    assert runner.health().state is RoleState.STOPPED


def test_what_is_appended_later_is_read_at_the_wake_up(tmp_path: Path) -> None:
    run = Run(tmp_path, MemoryLog())
    arrived = threading.Event()

    class Derived(MemoryLog):
        def append(self, frames: Sequence[Frame]) -> int:
            arrived.set()
            return super().append(frames)

    run.derived = Derived(derived=True)
    runner = run.runner(poll_s=60.0)
    runner.start()
    assert runner.health().state is RoleState.RUNNING
    run.log.append(three_sites(20).frames)
    run.wake.set()
    assert arrived.wait(30)
    runner.stop()


@pytest.mark.parametrize("read_limit", (1, 7, 2_000))
def test_the_size_of_a_read_does_not_show_in_what_is_kept(run: Run, read_limit: int) -> None:
    runner = run.runner(read_limit=read_limit)
    to_the_end(runner)
    assert rows(run.derived) == expected(run.log)


def test_a_runner_begun_again_goes_on_after_its_checkpoints(run: Run) -> None:
    first = run.runner(read_limit=100)
    for _ in range(7):
        first.round()
    first.checkpoint()
    again = run.runner()
    assert again.engine.offset == 700
    to_the_end(again)
    assert rows(run.derived) == expected(run.log)


class Killed(BaseException):
    """The end of the process, as a test sees it."""


@pytest.mark.parametrize("at_round", (1, 2, 5, 8))
def test_a_kill_between_the_two_commits_leaves_the_same_rows_once(run: Run, at_round: int) -> None:
    rounds = 0

    def killer() -> None:
        nonlocal rounds
        rounds += 1
        if rounds == at_round:
            raise Killed

    first = run.runner(between_commits=killer, read_limit=200)
    with pytest.raises(Killed):
        to_the_end(first)
    before = len(run.derived.frames)
    again = run.runner()
    to_the_end(again)
    assert len(run.derived.frames) >= before
    assert rows(run.derived) == expected(run.log)
    assert run.digest() == undisturbed(run.log)


def undisturbed(log: MemoryLog) -> str:
    digest = Digest()
    digest.add(Engine().feed(log.frames))
    return digest.hexdigest()


CHILD = """
import os, sys, threading
from pathlib import Path
from ingest.log import SqliteLog, SqliteLogReader
from podcore.clock import SystemClock
from podtwin.engine.runner import EngineRunner, nothing_between
from podtwin.store.state import StateStore

folder, kill_at = Path(sys.argv[1]), int(sys.argv[2])
rounds = 0

def hook():
    global rounds
    rounds += 1
    if rounds == kill_at:
        os._exit(9)

store = StateStore(folder / "state.db")
log = SqliteLogReader(folder / "log.db")
derived = SqliteLog(folder / "derived.db", derived=True)
wake = threading.Event()
runner = EngineRunner(
    log, derived, store, store, SystemClock(), wake, between_commits=hook, read_limit=200
)
while runner.round():
    pass
runner.checkpoint()
"""


@pytest.mark.parametrize("kill_at", (2, 6, 11))
def test_a_process_that_ends_between_the_commits_is_gone_on_with(
    tmp_path: Path, kill_at: int
) -> None:
    from ingest.log import SqliteLog, SqliteLogReader

    log = three_sites()
    SqliteLog(tmp_path / "log.db").append(log.frames)
    assert child(tmp_path, kill_at) == 9
    assert child(tmp_path, 0) == 0
    derived = SqliteLogReader(tmp_path / "derived.db", derived=True)
    found = sorted((f.site, f.ts_ns, f.body) for f in derived.read(0, 2_000))
    derived.close()
    assert found == expected(log)


def child(folder: Path, kill_at: int) -> int:
    environment = {**os.environ, "PYTHONPATH": str(TESTS.parent), "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", CHILD, str(folder), str(kill_at)]
    return subprocess.run(command, env=environment, check=False, timeout=60).returncode


def test_a_dead_thread_is_seen_with_the_words_of_its_failure(tmp_path: Path) -> None:
    class Broken(MemoryLog):
        def read(self, after: int, limit: int) -> list[Frame]:
            raise OSError("disk went away")

    runner = Run(tmp_path, Broken()).runner()
    runner.start()
    runner.drain(30)
    health = runner.health()
    assert (health.state, health.ready) == (RoleState.FAILED, False)
    assert health.detail == "OSError: disk went away"
    runner.stop()


def test_a_round_ends_when_its_budget_is_spent(run: Run) -> None:
    past = list(recorded(range(0, 400, 5), recv_ns=10**18 * 2, sites=SITES))
    run.log = log_of(configs(*map(air_dx, SITES)), past)
    runner = run.runner(clock=ManualClock(each_s=0.03))
    runner.round()  # reads, and gives way
    runner.round()
    assert runner.lag().steps == 3 * (80 - 4)
    to_the_end(runner)
    assert runner.lag().steps == 0
    assert rows(run.derived) == expected(run.log)


def test_past_the_bound_of_waiting_steps_the_log_is_read_no_further(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "MAX_WAITING", 10)
    runner = run.runner(clock=ManualClock(each_s=1.0), read_limit=100)
    while runner.lag().steps < 10:
        runner.round()
    offset = runner.lag().offset
    runner.round()
    assert runner.lag().offset == offset
    assert runner.lag().frames == run.log.last_offset() - offset
    to_the_end(runner)
    assert rows(run.derived) == expected(run.log)


def past(seconds: int) -> MemoryLog:
    return log_of(
        configs(*map(air_dx, SITES)),
        recorded(range(0, seconds, 5), recv_ns=START_NS + seconds * NS, sites=SITES),
    )


def test_the_past_gives_way_while_more_of_it_comes(tmp_path: Path) -> None:
    run = Run(tmp_path, past(200))
    runner = run.runner(read_limit=60)
    runner.round()
    assert (len(run.derived.frames), runner.lag().steps) == (0, runner.engine.waiting)
    to_the_end(runner)
    assert rows(run.derived) == expected(run.log)


def test_the_present_does_not_give_way(run: Run) -> None:
    runner = run.runner(read_limit=60)
    runner.round()
    assert run.derived.frames


def test_a_past_of_some_length_gives_way_no_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "MOST_GIVING_WAY", 10)
    run = Run(tmp_path, past(200))
    run.runner(read_limit=60).round()
    assert run.derived.frames


def test_a_site_whose_twin_is_refused_is_named(tmp_path: Path) -> None:
    run = Run(tmp_path, log_of(configs(air_dx(nonsense=1.0))))
    runner = run.runner()
    runner.start()
    runner.drain(30)
    runner.stop()
    assert "nonsense" in runner.views()[0].refused


def test_checkpoints_that_the_log_does_not_reach_any_more_are_forgotten(run: Run) -> None:
    runner = run.runner(read_limit=600)
    runner.round()
    oldest = min(c.offset for c in run.store.checkpoints().values())
    run.log.trim(oldest)
    to_the_end(runner)
    assert run.store.checkpoint_before("ams-03", oldest) is None


def test_a_site_can_be_looked_at(run: Run) -> None:
    runner = run.runner()
    to_the_end(runner)
    view = runner.views()[0]
    assert (view.site, view.live, view.model, view.refused) == ("ams-03", True, "air-dx/1", "")
    assert view.watermark_ns == START_NS + (399 - 2) * NS
    assert len(view.params_digest) == 64


def test_checkpoints_beyond_the_log_are_refused_with_the_way_out(run: Run) -> None:
    to_the_end(run.runner())
    run.log = MemoryLog()
    with pytest.raises(ConfigError, match="restore log"):
        run.runner()


def test_a_stop_before_the_start_is_a_stop(run: Run) -> None:
    runner = run.runner()
    runner.drain(1)
    runner.stop()
    assert runner.health().state is RoleState.STARTING


class NoWait(ManualClock):
    """A clock that waits for nobody."""

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        return event.is_set()


class RefusingOnce(MemoryLog):
    """A log on a disk that refuses the first few times."""

    def __init__(self, times: int) -> None:
        super().__init__(derived=True)
        self.left = times

    def append(self, frames: Sequence[Frame]) -> int:
        if self.left:
            self.left -= 1
            raise NotWritten("derived.db: database or disk is full")
        return super().append(frames)


def test_a_disk_that_refuses_is_waited_for_and_nothing_is_lost(run: Run) -> None:
    run.derived = RefusingOnce(3)
    to_the_end(run.runner(clock=NoWait()))
    assert rows(run.derived) == expected(run.log)


def test_while_the_disk_refuses_the_engine_is_alive_and_not_ready(run: Run) -> None:
    run.derived = RefusingOnce(2**31)
    runner = run.runner(clock=SystemClock())
    runner.start()
    eventually(lambda: not runner.health().ready, "a disk that refuses is seen")
    assert runner.health().state is RoleState.RUNNING
    assert "disk is full" in runner.health().detail
    runner.stop()
    assert runner.health().state is RoleState.STOPPED
