"""The thread "engine": reads the log, feeds the core, commits what comes out.

A round reads at most 2,000 Frames, calculates for at most 100 ms, commits derived.db and then
state.db. Two files never commit as one: what lies between is rewritten by the rerun from the
last checkpoint, under the same keys. Results depend on none of the numbers here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from podcore.errors import ConfigError, NotWritten
from podcore.ports import Checkpoint, Clock, Cursors, EngineStore, LogReader, LogWriter
from podcore.thread_role import ThreadRole
from podtwin.engine.engine import MAX_WAITING, Doubts, Engine
from podtwin.engine.judge import Judge
from podtwin.engine.outputs import Outputs, command_frame

NAME = "engine"
READ_LIMIT = 2_000  # Frames at once: 2.4 MB at 1.2 kB
BUDGET_S = 0.1  # array steps before the log is read again
RETRY_S = 1.0  # between two tries to write on a disk that refuses
POLL_S = 0.2  # how long a missed wake-up can delay a result
# Steps of the past that may wait while more of it comes, and how long a look at the log is put
# off for them: in a demo the broker and the senders need the processor more, and the present
# comes sooner. 2 h of 3 sites are 4,320 steps, of 500 B each.
MOST_GIVING_WAY = 6_000
GIVE_WAY_S = 0.05
# Derived Frames before they are committed, however long the budget: 5 MB at 500 B.
MAX_UNCOMMITTED = 10_000

_logger = structlog.get_logger(NAME)


def nothing_between() -> None:
    """What happens between the two commits of a round, outside of tests."""


def nothing_to_do() -> None:
    """What happens where nobody asked for more: no trimming, nobody told."""


@dataclass(frozen=True, slots=True)
class Lag:
    """How far the engine is behind: Frames of the log unread, closed steps uncalculated."""

    offset: int
    frames: int
    steps: int


@dataclass(frozen=True, slots=True)
class SiteView:
    """A site as the engine has it.

    watermark_ns : W, which pages take as now; 0 before the first reading.
    model, params_digest : empty without a twin.
    refused : why it has none although its type does, or empty.
    """

    site: str
    watermark_ns: int
    live: bool
    model: str
    params_digest: str
    refused: str


class EngineRunner(ThreadRole):
    """The role. A drain reads to the end; it leaves checkpoints of what is up to date.

    Parameters
    ----------
    log : the measured log, on a connection of this thread's own.
    derived : where twin Frames go; this thread is its writer.
    wake : set when the log has grown; cleared here, so no other reader may wait on it.
    between_commits : called after derived.db and before state.db has committed.
    trim : deletes what nobody needs of derived.db, a chunk at most; called when there is time.
    judge : detectors and rules; the shipped ones when None.
    told : called when there is something to be told, once it is committed.

    Raises
    ------
    ConfigError  When the checkpoints are of another log.
    """

    def __init__(  # noqa: PLR0913 - each is one thing that it is connected to
        self,
        log: LogReader,
        derived: LogWriter,
        store: EngineStore,
        cursors: Cursors,
        clock: Clock,
        wake: threading.Event,
        *,
        between_commits: Callable[[], None] = nothing_between,
        trim: Callable[[], None] = nothing_to_do,
        judge: Judge | None = None,
        told: Callable[[], object] = nothing_to_do,
        budget_s: float = BUDGET_S,
        poll_s: float = POLL_S,
        read_limit: int = READ_LIMIT,
    ) -> None:
        super().__init__(NAME, wake=wake, stop_s=None)
        self._log = log
        self._derived = derived
        self._store = store
        self._clock = clock
        self._between_commits = between_commits
        self._trim = trim
        self._told = told
        self._budget_s = budget_s
        self._poll_s = poll_s
        self._read_limit = read_limit
        after = cursors.get(NAME)
        _check_same_directory(after, log.last_offset())
        self.engine = Engine(store.checkpoints().values(), after, judge)
        self._lag = Lag(after, 0, 0)
        self._forgotten_before = 0
        self._stalled = ""

    def lag(self) -> Lag:
        """How far it was behind after its last round; for any thread."""
        return self._lag

    def doubts(self) -> Doubts:
        """What moved no twin, and what made one begin anew; for any thread, of about now."""
        return self.engine.doubts()

    def views(self) -> list[SiteView]:
        """Each site's time and what it runs; for any thread, of about now."""
        return [
            SiteView(
                name,
                site.time.watermark_ns,
                site.time.live,
                site.plan.model.name if site.plan else "",
                site.plan.digest if site.plan else "",
                site.refused,
            )
            for name, site in self.engine.sites.items()
        ]

    def round(self) -> bool:
        """One read, its steps within the budget, both commits; False when nothing was to do."""
        frames = []
        may_read = self.engine.waiting < MAX_WAITING
        if may_read:
            frames = self._log.read(self.engine.offset, self._read_limit)
            self.engine.take(frames)
        gives_way = bool(frames) and self._gives_way()
        outputs = self.engine.said() if gives_way else self._calculate()
        self._apply_commands(outputs)
        self._commit(outputs, due_only=True)
        at_end = may_read and len(frames) < self._read_limit
        unread = 0 if at_end else self._log.last_offset() - self.engine.offset
        self._lag = Lag(self.engine.offset, unread, self.engine.waiting)
        if gives_way:
            self._clock.wait(self._draining, GIVE_WAY_S)
        return bool(frames or outputs.steps)

    def checkpoint(self) -> None:
        """Checkpoints of all sites that are up to date, whether due or not."""
        self._commit(Outputs(), due_only=False)

    def _work(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()  # before the read: what comes during it wakes us again
            if self.round():
                continue
            if self._draining.is_set():
                break
            self._trim()
            self._clock.wait(self._wake, self._poll_s)
        self.checkpoint()

    def _gives_way(self) -> bool:
        """Whether all that waits is of the past, and of no such length that it must be done."""
        ends = self._draining.is_set() or self._stopping.is_set()
        few = self.engine.waiting < MOST_GIVING_WAY
        return few and not ends and not self.engine.has_live_steps

    def _calculate(self) -> Outputs:
        outputs = self.engine.said()
        until_s = self._clock.monotonic_s() + self._budget_s
        while self.engine.waiting and len(outputs.frames) < MAX_UNCOMMITTED:
            outputs.add(self.engine.advance())
            if self._clock.monotonic_s() >= until_s:
                break
        return outputs

    def _apply_commands(self, outputs: Outputs) -> None:
        """What people asked for, as Frames beside what it led to."""
        for command in self._store.pending_commands():
            frame = command_frame(command, self.engine.offset, self.engine.log_ns)
            if self.engine.command(frame):
                outputs.frames.append(frame)
        outputs.add(self.engine.said())

    def _commit(self, outputs: Outputs, *, due_only: bool) -> None:
        """Writes what came out; on a disk that refuses the same again, until it is taken.

        Nothing is read meanwhile, and a stop leaves it to the rerun from the last checkpoints.
        """
        checkpoints = self.engine.checkpoints(due_only=due_only)
        while not self._written(outputs, checkpoints):
            if self._clock.wait(self._stopping, RETRY_S):
                return

    def _written(self, outputs: Outputs, checkpoints: Sequence[Checkpoint]) -> bool:
        try:
            if outputs.frames:
                self._derived.append(outputs.frames)
            self._between_commits()
            if outputs.transitions or outputs.applied or checkpoints:
                self._store.commit(
                    outputs.transitions,
                    checkpoints,
                    self.engine.cursor,
                    outputs.notices,
                    outputs.applied,
                )
                if outputs.notices:
                    self._told()
                self._forget(self._log.first_offset())
        except NotWritten as error:
            if not self._stalled:
                _logger.error("engine_not_written", error=str(error), way_out="free disk space")
            self._stalled = str(error)
            return False
        if self._stalled:
            _logger.warning("engine_written_again", was=self._stalled)
            self._stalled = ""
        return True

    def _forget(self, first_offset: int) -> None:
        if first_offset > self._forgotten_before:
            self._store.forget_checkpoints(first_offset)
            self._forgotten_before = first_offset

    def _trouble(self) -> str:
        stalled = self._stalled
        return f"results cannot be written ({stalled}); the log keeps the rest" if stalled else ""

    def _log_failure(self, error: Exception) -> None:
        _logger.error("engine_failed", exc_info=error, offset=self.engine.offset)

    def _detail(self) -> str:
        refused = {name: s.refused for name, s in self.engine.sites.items() if s.refused}
        notes = [f"{site}: no twin, {reason}" for site, reason in sorted(refused.items())]
        lost = sorted(self.engine.lost().items())
        notes += [f"{site}: its twin lost it and began anew, {times} times" for site, times in lost]
        lag = self._lag
        if lag.steps >= MAX_WAITING:
            notes.append(f"{lag.steps} closed steps wait; the log is not read until they are done")
        return "; ".join(notes)


def _check_same_directory(cursor: int, last_offset: int) -> None:
    # Checkpoints beyond the log would make every site pass over what comes, without a word.
    if cursor > last_offset:
        rule = f"the engine has been further than log.db goes ({last_offset})"
        raise ConfigError("state.db", cursor, rule, "restore log.db, or remove state.db as well")
