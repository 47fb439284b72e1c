"""Replay: the same engine over any log, to its end, with a digest at the end.

Pure but for the clock that times it: outputs go to the caller, never to the live run's files.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from podcore.clock import NS
from podcore.ports import Checkpoint, Clock, LogReader
from podtwin.engine.digest import Digest
from podtwin.engine.engine import Engine
from podtwin.engine.outputs import Outputs

READ_LIMIT = 2_000  # Frames at once, as the live engine reads


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """How a replay went.

    frames : Frames read. steps : site-steps calculated.
    log_s : time that passed in the log. wall_s : time it took.
    """

    frames: int
    steps: int
    digest: str
    log_s: float
    wall_s: float

    @property
    def speed(self) -> float:
        """How many times faster than the log's own time; 0 when it took none."""
        return self.log_s / self.wall_s if self.wall_s > 0.0 else 0.0


class Replay:
    """A replay that its caller drives, one read at a time; pace and pause are the caller's."""

    def __init__(self, log: LogReader, checkpoints: Iterable[Checkpoint] = ()) -> None:
        self._log = log
        self.engine = Engine(checkpoints, after=log.first_offset() - 1)
        self._digest = Digest()
        self.frames = 0
        self.steps = 0
        self.first_ns = 0
        self.last_ns = 0

    def read_next(self, limit: int = READ_LIMIT) -> Outputs | None:
        """What the next Frames give; None at the end."""
        frames = self._log.read(self.engine.offset, limit)
        if not frames:
            return None
        self.first_ns = self.first_ns or frames[0].recv_ns
        self.last_ns = max(self.last_ns, frames[-1].recv_ns)
        outputs = self.engine.feed(frames)
        self._digest.add(outputs)
        self.frames += len(frames)
        self.steps += len(outputs.steps)
        return outputs

    def digest(self) -> str:
        """The digest of what it gave so far."""
        return self._digest.hexdigest()


def replay(
    log: LogReader,
    clock: Clock,
    checkpoints: Iterable[Checkpoint] = (),
    *,
    limit: int = READ_LIMIT,
) -> ReplayResult:
    """The whole log at once."""
    began_s = clock.monotonic_s()
    run = Replay(log, checkpoints)
    while run.read_next(limit) is not None:
        pass
    wall_s = clock.monotonic_s() - began_s
    return ReplayResult(
        run.frames, run.steps, run.digest(), (run.last_ns - run.first_ns) / NS, wall_s
    )
