"""The step grid of a site: readings gathered by step, inputs held, steps frozen when they close.

Step k covers ((k-1) step, k step]. A point's value in a step is the mean of its readings there.
An input without a reading is held up to its `max_age`; past that its last value stands in, or
the channel's fallback before there was any, and the step is degraded. A measurement without a
reading is masked. What comes after its step has closed is never part of a step, but it is the
newest that is known of a held input.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from podcore.frame import Flag
from podtwin.engine.plan import InputPlan, Layout, MeasurementPlan, Plan, RawReading

_OUT_OF_RANGE = int(Flag.OUT_OF_RANGE)


class Slot(msgspec.Struct, array_like=True):
    """An open step: sum and number of the readings of each point."""

    sums: list[float]
    counts: list[int]


class ClosedStep(msgspec.Struct, frozen=True, gc=False):
    """A step whose inputs are frozen, waiting to be calculated.

    cause, recv_ns : offset and arrival of the Frame that closed it.
    u, y, number : columns of the model's arrays; y is 0 where number is 0.
    compared : what was measured of each emitted point, NaN for nothing.
    restart : the first one after a gap.
    """

    plan: Plan
    ts_ns: int
    cause: int
    recv_ns: int
    u: list[float]
    y: list[float]
    number: list[float]
    compared: list[float]
    degraded: bool
    recorded: bool
    restart: bool


class Grid(msgspec.Struct, array_like=True):
    """What is gathered and held; goes into a checkpoint as it is.

    points : what the positions of the lists stand for.
    next_step : the first step that has not closed, 0 before the first reading.
    held, held_ns : the last value of each point and its time, 0 for never.
    """

    step_ns: int
    points: list[str]
    held: list[float]
    held_ns: list[int]
    next_step: int = 0
    slots: dict[int, Slot] = {}
    restart: bool = False

    @classmethod
    def of(cls, plan: Plan) -> Grid:
        """An empty grid."""
        number = len(plan.points)
        return cls(plan.step_ns, list(plan.points), [0.0] * number, [0] * number)

    def step_of(self, ts_ns: int) -> int:
        """The step that an instant belongs to."""
        return -(-ts_ns // self.step_ns)

    def put(self, ts_ns: int, body: RawReading, layout: Layout) -> bool:
        """A reading's values into their step; False when that step has closed."""
        step = self.step_of(ts_ns)
        pairs = layout.pairs if body.flags is None else _in_range(layout, body.flags)
        values = body.values
        if step < self.next_step:
            for place, position in pairs:
                if ts_ns > self.held_ns[position]:
                    self.held[position] = values[place]
                    self.held_ns[position] = ts_ns
            return False
        slot = self.slots.get(step)
        if slot is None:
            number = len(self.points)
            slot = self.slots[step] = Slot([0.0] * number, [0] * number)
        sums, counts = slot.sums, slot.counts
        for place, position in pairs:
            sums[position] += values[place]
            counts[position] += 1
        return True

    def freeze(self, plan: Plan, cause: int, recv_ns: int, *, recorded: bool) -> ClosedStep:
        """Closes the next step."""
        step = self.next_step
        ts_ns = step * self.step_ns
        slot = self.slots.pop(step, None)
        counts = slot.counts if slot else [0] * len(self.points)
        means = self._means(slot, ts_ns)
        inputs = [self._input(channel, ts_ns) for channel in plan.inputs]
        measured = [_measured(channel, means, counts) for channel in plan.measurements]
        restart = self.restart
        self.next_step = step + 1
        self.restart = False
        return ClosedStep(
            plan,
            ts_ns,
            cause,
            recv_ns,
            u=[value for value, _ in inputs],
            y=[value if number else 0.0 for value, number in measured],
            number=[float(number) for _, number in measured],
            compared=[_measured(channel, means, counts)[0] for channel in plan.compared],
            degraded=restart
            or any(
                stale and channel.needed
                for channel, (_, stale) in zip(plan.inputs, inputs, strict=True)
            ),
            recorded=recorded,
            restart=restart,
        )

    def moved_to(self, plan: Plan) -> Grid:
        """The same for another plan: held values by name, open steps when the grid is the same."""
        known = {point: position for position, point in enumerate(self.points)}
        old = [known.get(point, -1) for point in plan.points]
        grid = Grid(
            plan.step_ns,
            list(plan.points),
            [self.held[position] if position >= 0 else 0.0 for position in old],
            [self.held_ns[position] if position >= 0 else 0 for position in old],
            restart=self.restart,
        )
        if plan.step_ns == self.step_ns:
            grid.next_step = self.next_step
            grid.slots = {step: _picked(slot, old) for step, slot in self.slots.items()}
        elif self.next_step:
            closed_ns = (self.next_step - 1) * self.step_ns
            grid.next_step = closed_ns // plan.step_ns + 1
        return grid

    def _means(self, slot: Slot | None, ts_ns: int) -> list[float]:
        if slot is None:
            return []
        means = slot.sums
        for position, count in enumerate(slot.counts):
            if count:
                means[position] /= count
                self.held[position] = means[position]
                self.held_ns[position] = ts_ns
        return means

    def _input(self, channel: InputPlan, ts_ns: int) -> tuple[float, bool]:
        """An input's value, and whether it is on its fallback."""
        oldest_ns = ts_ns - channel.max_age_ns
        held_ns = self.held_ns
        fresh = [p for p in channel.positions if held_ns[p] and held_ns[p] >= oldest_ns]
        used = fresh or [p for p in channel.positions if held_ns[p]]
        if not used:
            return channel.fallback, True
        total = sum([self.held[position] for position in used])
        number = len(channel.positions)
        if not channel.is_sum:
            return total / len(used), not fresh
        # A unit that is not heard of is taken to do as the others do.
        return total * (number / len(used)), len(fresh) < number


def _measured(
    channel: MeasurementPlan, means: Sequence[float], counts: Sequence[int]
) -> tuple[float, int]:
    """A channel's measured value and its number of readings; NaN and 0 when it is masked."""
    if len(channel.positions) == 1:  # as most are
        (only,) = channel.positions
        return (means[only], counts[only]) if counts[only] else (math.nan, 0)
    seen = [position for position in channel.positions if counts[position]]
    if not seen or (channel.is_sum and len(seen) < len(channel.positions)):
        return math.nan, 0
    total = sum([means[position] for position in seen])
    number = min(counts[position] for position in seen)
    if channel.is_sum:
        return total, number
    return total / len(seen), sum(counts[position] for position in seen)


def _in_range(layout: Layout, flags: Sequence[int]) -> list[tuple[int, int]]:
    return [pair for pair in layout.pairs if not flags[pair[0]] & _OUT_OF_RANGE]


def _picked(slot: Slot, positions: Sequence[int]) -> Slot:
    return Slot(
        [slot.sums[position] if position >= 0 else 0.0 for position in positions],
        [slot.counts[position] if position >= 0 else 0 for position in positions],
    )
