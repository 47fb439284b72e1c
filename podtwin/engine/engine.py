"""The engine's core: Frames one by one in offset order, then array steps over what has closed.

No thread, no clock, no file. `take` fills slots, moves site time and freezes the inputs of
every step at the very Frame that closes it; `advance` calculates one closed step of each site
that has one, all sites of a model in one array step. Hence neither the size of a read nor which
sites share a batch can change a result, and a replay gives the bytes of the live run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from podcore.clock import NS
from podcore.frame import Frame, Kind
from podcore.ports import Checkpoint, Command
from podtwin.engine.batch import Batch
from podtwin.engine.checkpoint import NOTHING, Estimated, read, write
from podtwin.engine.grid import ClosedStep
from podtwin.engine.judge import Judge
from podtwin.engine.outputs import Outputs, StepResult, step_result, twin_frame
from podtwin.engine.plan import Plan
from podtwin.engine.site import Asked, Heard, ModelChange, SiteState, Skipped
from podtwin.engine.telling import Verdict
from podtwin.engine.watching import Watch
from podtwin.engine.withdrawing import withdraw

# Closed steps of all sites: about 500 B each with their lists, so 100 MB; the log keeps the rest.
MAX_WAITING = 200_000
# Sites in an array step: a column of their fourteen cases is 14 kB, so that a step's arrays stay in
# a core's cache; a thousand at once cost a fifth more a site.
MOST_AT_ONCE = 128
COMMANDS = msgspec.msgpack.Decoder(Command)
CHECKPOINT_NS = 60 * NS  # of log time; a restart reruns at most about this much


class Doubts(NamedTuple):
    """What the twins did not believe, counted.

    unused : by reason, readings that moved no twin: those that are in no step, and those that a
        filter gated. resets : by reason, how often a filter began anew.
    """

    unused: dict[str, int]
    resets: dict[str, int]


class _Member:
    """A site with its row in a batch."""

    __slots__ = ("batch", "checkpoint_ns", "row", "safe", "state", "watch")

    def __init__(self, state: SiteState, watch: Watch, safe: int, checkpoint_ns: int = 0) -> None:
        self.state = state
        self.watch = watch
        self.safe = safe  # the log is needed from here on, were the process to end now
        self.checkpoint_ns = checkpoint_ns
        self.batch: Batch | None = None
        self.row = 0


class Engine:
    """All sites, from their checkpoints on.

    Parameters
    ----------
    checkpoints : the newest of each site, or the one that each is to go on from.
    after : the last offset that every site has done; the smallest of the checkpoints when None.
    judge : detectors and rules; the shipped ones when None.
    """

    def __init__(
        self,
        checkpoints: Iterable[Checkpoint] = (),
        after: int | None = None,
        judge: Judge | None = None,
    ) -> None:
        self._judge = judge or Judge()
        self._said = Outputs()
        self.offset = 0
        self.log_ns = 0
        self.waiting = 0
        self.latest: dict[str, StepResult] = {}
        self.skipped: Counter[Skipped] = Counter()
        self._members: dict[str, _Member] = {}
        self._busy: dict[str, _Member] = {}
        self._batches: dict[str, Batch] = {}
        kept = list(checkpoints)
        for checkpoint in kept:
            self._restore(checkpoint)
        offsets = [checkpoint.offset for checkpoint in kept]
        self.offset = min(offsets, default=0) if after is None else after

    @property
    def cursor(self) -> int:
        """The last offset that no site needs any more, were the process to end now."""
        return min((member.safe for member in self._members.values()), default=self.offset)

    @property
    def has_live_steps(self) -> bool:
        """Whether a step of a site that is live waits."""
        return any(member.state.time.live for member in self._busy.values())

    @property
    def sites(self) -> Mapping[str, SiteState]:
        """The state of each site, for looking at."""
        return {name: member.state for name, member in list(self._members.items())}

    def skipped_total(self) -> Counter[Skipped]:
        """How many readings are in no step, by reason, since this engine began."""
        total = Counter(self.skipped)
        for state in self.sites.values():
            total.update(state.skipped)
        return total

    def doubts(self) -> Doubts:
        """What moved no twin and what made one begin anew, since this engine began."""
        batches = list(self._batches.values())
        skipped = self.skipped_total()
        unused = {reason.value: skipped[reason] for reason in Skipped}
        return Doubts(
            {**unused, "gated": sum(batch.gated_total for batch in batches)},
            {
                "gap": sum(batch.gap_total for batch in batches),
                "lost": sum(batch.lost_total for batch in batches),
            },
        )

    def lost(self) -> dict[str, int]:
        """The sites that a filter has lost since this engine began, and how often."""
        return {
            name: member.batch.lost[member.row]
            for name, member in list(self._members.items())
            if member.batch is not None and member.batch.lost[member.row]
        }

    def feed(self, frames: Iterable[Frame]) -> Outputs:
        """Takes the Frames and calculates all that closed."""
        self.take(frames)
        outputs = self.said()
        while self.waiting:
            outputs.add(self.advance())
        return outputs

    def said(self) -> Outputs:
        """What came of ticks and commands, where no step stood before it in line."""
        said, self._said = self._said, Outputs()
        return said

    def command(self, frame: Frame) -> bool:
        """Applies a command Frame if it can be applied where a replay will do it; whether it was.

        A checkpoint must come with it, and there is one an offset: so not right after one.
        """
        member = self._members.get(frame.site)
        if member is None or member.state.waiting or self.offset <= member.safe:
            return False
        self._rare(frame)
        member.checkpoint_ns = 0
        return True

    def take(self, frames: Iterable[Frame]) -> None:
        """Takes Frames in offset order; closed steps wait for `advance`."""
        for frame in frames:
            self.offset = frame.offset
            self.log_ns = max(self.log_ns, frame.recv_ns)
            kind = frame.kind
            if kind is Kind.READING:
                member = self._members.get(frame.site)
                if member is None:
                    self.skipped[Skipped.UNKNOWN_SITE] += 1
                elif frame.offset > member.state.seen:
                    self._closed(member, member.state.reading(frame))
            elif kind is Kind.TICK:
                self._tick(frame)
            else:
                self._rare(frame)

    def advance(self) -> Outputs:
        """One closed step of each site that has one; only of live sites while they have any."""
        live = [member for member in self._busy.values() if member.state.time.live]
        groups: dict[str, list[_Member]] = {}
        for member in live or list(self._busy.values()):
            if member.batch is not None:
                groups.setdefault(member.batch.model.name, []).append(member)
        outputs = Outputs()
        for group in groups.values():
            for begin in range(0, len(group), MOST_AT_ONCE):
                self._step(group[begin : begin + MOST_AT_ONCE], outputs)
        return outputs

    def checkpoints(self, *, due_only: bool = True) -> list[Checkpoint]:
        """The sites with no closed step waiting, after the last Frame taken.

        due_only : those whose last checkpoint is a minute of log time old; all of them at a stop.
        """
        made = []
        for member in self._members.values():
            due = self.log_ns - member.checkpoint_ns >= CHECKPOINT_NS or not due_only
            if due and not member.state.waiting and self.offset > member.safe:
                judged = member.watch.remembered()
                estimated = _estimated(member)
                made.append(write(member.state, estimated, judged, self.offset, self.log_ns))
                member.safe, member.checkpoint_ns = self.offset, self.log_ns
        return made

    def _tick(self, frame: Frame) -> None:
        for member in self._members.values():
            state = member.state
            if state.time.live and frame.offset > state.seen:
                self._closed(member, state.tick(frame))
                self._listen(member, frame)

    def _listen(self, member: _Member, tick: Frame) -> None:
        """Whether the site is silent, its messages have gaps, or a clock of it is off."""
        said = self._judge.heard(member.watch, member.state.time.nodes, tick)
        if said.transitions:
            member.state.waiting.append(Heard(said))
            self._settle(member)

    def _rare(self, frame: Frame) -> None:
        member = self._members.get(frame.site)
        if frame.kind is Kind.CONFIG:
            self._configure(member, frame)
        elif member is None or frame.offset <= member.state.seen:
            return
        elif frame.kind is Kind.BIRTH:
            self._closed(member, member.state.born(frame))
        elif frame.kind is Kind.STATE:
            self._closed(member, member.state.node_state(frame))
        elif frame.kind is Kind.COMMAND:
            member.state.waiting.append(Asked(COMMANDS.decode(frame.body), frame.cause))
            self._settle(member)

    def _configure(self, member: _Member | None, frame: Frame) -> None:
        if member is None:
            member = _Member(SiteState(frame.body), self._judge.watch(), frame.offset - 1)
            self._members[frame.site] = member
        elif frame.offset <= member.state.seen:
            return
        else:
            member.state.configure(frame.body, frame.offset)
        self._settle(member)

    def _settle(self, member: _Member) -> None:
        """What stands in line before the next closed step."""
        self._apply(member, self._said)

    def _closed(self, member: _Member, number: int) -> None:
        if number:
            self.waiting += number
            self._busy[member.state.site.id] = member

    def _step(self, group: list[_Member], outputs: Outputs) -> None:
        closed = [_next_step(member) for member in group]
        batch = group[0].batch
        assert batch is not None  # noqa: S101 - `advance` groups by it
        stepped = batch.step([member.row for member in group], closed)
        self.waiting -= len(group)
        results = [
            step_result(member.state.site.id, step, mean, sd, lost=lost)
            for member, step, mean, sd, lost in zip(group, closed, *stepped, strict=True)
        ]
        verdicts = self._judge.steps(results, [member.watch for member in group])
        for member, step, result, verdict in zip(group, closed, results, verdicts, strict=True):
            self.latest[result.site] = result
            outputs.steps.append(result)
            outputs.frames.append(twin_frame(result, step.recv_ns))
            _say(outputs, verdict)
            self._apply(member, outputs)

    def _apply(self, member: _Member, outputs: Outputs) -> None:
        """What stands next in line; the steps before it are done, those behind it come after."""
        queue = member.state.waiting
        while queue and not isinstance(queue[0], ClosedStep):
            match queue[0]:
                case ModelChange(site, plan, cause):
                    member.watch.configure(site, [] if plan is None else plan.emitted)
                    _say(outputs, withdraw(member.watch, cause))
                    self._change(member, plan)
                case Asked(command, cause):
                    outputs.applied.append(self._judge.command(member.watch, command, cause))
                case Heard(verdict):
                    _say(outputs, verdict)
            queue.popleft()
        if not queue:
            self._busy.pop(member.state.site.id, None)

    def _change(self, member: _Member, plan: Plan | None) -> None:
        old = member.batch
        new = None if plan is None else self._batch(plan)
        if old is not None and old is new and plan is not None:
            old.set_params(member.row, plan.params)
            return
        if old is not None:
            old.remove(member.row)
        member.batch = new
        if new is not None and plan is not None:
            member.row = new.add(plan.params)

    def _batch(self, plan: Plan) -> Batch:
        batch = self._batches.get(plan.model.name)
        if batch is None:
            batch = self._batches[plan.model.name] = Batch(plan.model, len(plan.params))
        return batch

    def _restore(self, checkpoint: Checkpoint) -> None:
        state, estimated, judged = read(checkpoint)
        member = _Member(state, self._judge.watch(), checkpoint.offset, checkpoint.ts_ns)
        self._members[checkpoint.site] = member
        self.log_ns = max(self.log_ns, checkpoint.ts_ns)
        self._settle(member)
        member.watch.restore(judged)
        _say(self._said, withdraw(member.watch, checkpoint.offset))  # the rules may be others now
        if member.batch is not None and member.batch.model.name == estimated.model:
            member.batch.set_state(member.row, estimated.x, estimated.variance)


def _say(outputs: Outputs, verdict: Verdict) -> None:
    outputs.transitions += verdict.transitions
    outputs.notices += verdict.notices


def _next_step(member: _Member) -> ClosedStep:
    step = member.state.waiting.popleft()
    assert isinstance(step, ClosedStep)  # noqa: S101 - changes are applied as they come up
    return step


def _estimated(member: _Member) -> Estimated:
    if member.batch is None:
        return NOTHING
    return Estimated(member.batch.model.name, *member.batch.state(member.row))
