"""What the engine gives out: derived Frames, what was compared, transitions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from podcore.frame import Flag, Frame, Kind, ReadingBody, Source, encode_body
from podcore.ports import Applied, Command, Notice, Transition
from podtwin.engine.grid import ClosedStep

TWIN_NODE = "twin"
_DEGRADED, _RECORDED = int(Flag.SUBSTITUTED), int(Flag.RECORDED)


class StepResult(msgspec.Struct, frozen=True, gc=False):
    """A calculated step of one site; residual = measured - values.

    points, values, sd : (n,) what the derived Frame holds: priors beside sensors, then states.
    measured : (n,) mean of the readings in the step, NaN where there were none.
    gap : the first step after an hour or more without a reading.
    lost : what is shown is of a filter that had lost its site; it begins anew after this step.
    """

    site: str
    ts_ns: int
    cause: int
    points: list[str]
    values: list[float]
    sd: list[float]
    measured: list[float]
    degraded: bool
    recorded: bool
    gap: bool
    params_digest: str
    lost: bool = False

    def residuals(self) -> list[float]:
        """Measured less expected of each point, NaN where nothing was measured."""
        return [seen - value for seen, value in zip(self.measured, self.values, strict=True)]


@dataclass(slots=True)
class Outputs:
    """What one call of the engine gave, in the order in which it was calculated."""

    frames: list[Frame] = field(default_factory=list)
    steps: list[StepResult] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    applied: list[Applied] = field(default_factory=list)

    def add(self, other: Outputs) -> None:
        """Those of a later call."""
        self.frames += other.frames
        self.steps += other.steps
        self.transitions += other.transitions
        self.notices += other.notices
        self.applied += other.applied


def step_result(
    site: str, closed: ClosedStep, values: Sequence[float], sd: Sequence[float], *, lost: bool
) -> StepResult:
    """The result of a step from the rows [y | x] of means and standard deviations."""
    plan = closed.plan
    return StepResult(
        site,
        closed.ts_ns,
        closed.cause,
        plan.emitted,
        [values[column] for column in plan.columns],
        [sd[column] for column in plan.columns],
        closed.compared,
        closed.degraded,
        closed.recorded,
        closed.restart,
        plan.digest,
        lost,
    )


def twin_frame(result: StepResult, recv_ns: int) -> Frame:
    """The derived Frame of a step; it arrived when the Frame that closed it did."""
    flags = _DEGRADED if result.degraded or result.lost else 0
    flags |= _RECORDED if result.recorded else 0
    body = encode_body(ReadingBody(result.points, result.values, result.sd))
    return Frame(
        0,
        Kind.READING,
        result.site,
        TWIN_NODE,
        "",
        None,
        result.ts_ns,
        recv_ns,
        result.cause,
        Source.TWIN,
        flags,
        body,
    )


def command_frame(command: Command, cause: int, recv_ns: int) -> Frame:
    """What a person asked for, as the log and recordings hold it."""
    return Frame(
        cause,
        Kind.COMMAND,
        command.site,
        "",
        "",
        None,
        command.issued_ns,
        recv_ns,
        cause,
        Source.MEASURED,
        0,
        msgspec.msgpack.encode(command),
    )
