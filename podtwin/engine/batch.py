"""A batch: what is believed of all sites of one model, as rows of arrays, stepped together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from podcore.clock import NS
from podtwin.engine.grid import ClosedStep
from podtwin.engine.plan import Plan
from twin.estimator import Belief, Mask, Reading, begun, estimate, resumed, shown
from twin.model import Array, Model, Spread
from twin.offsets import Offsets, learned, unlearned

_FIRST_ROWS = 16
_FIRST_WIDTH = 16


class Stepped(NamedTuple):
    """One step of some rows: means and standard deviations as emitted.

    lost : whose filter had lost its site and began anew after this step.
    """

    means: list[list[float]]
    sds: list[list[float]]
    lost: list[bool]


class Batch:
    """Rows of beliefs, parameters and sensor offsets; a row belongs to one site.

    gated : readings that moved nothing since they lay beyond the gate, by row and channel.
    lost : how often a row's filter began anew because it had lost its site.
    gated_total, lost_total, gap_total : over all rows there ever were; the last, how often a
        filter began anew after a gap.
    """

    def __init__(self, model: Model, parameters: int) -> None:
        self.model = model
        first = begun(model, np.ones((1, parameters)))
        states = first.x.shape[1]
        self._x = np.zeros((_FIRST_ROWS, states))
        self._covariance = np.zeros((_FIRST_ROWS, states, states))
        self._health = np.zeros(_FIRST_ROWS)
        self._params = np.ones((_FIRST_ROWS, parameters))
        self._spread = model.spread(self._params)
        self._offsets = np.zeros((3, _FIRST_ROWS, _FIRST_WIDTH))
        self._columns = np.zeros((_FIRST_ROWS, _FIRST_WIDTH), dtype=np.intp)
        self._plans: dict[int, Plan] = {}
        self._kept: dict[int, list[float]] = {}  # offsets of a checkpoint, until its plan is seen
        self._free = list(range(_FIRST_ROWS))[::-1]
        self._lower = np.tril_indices(states)
        self.gated: Counter[tuple[int, int]] = Counter()
        self.lost: Counter[int] = Counter()
        self.gated_total = self.lost_total = self.gap_total = 0

    def add(self, params: Sequence[float]) -> int:
        """A row for a new site, at the model's initial state."""
        if not self._free:
            self._grow_rows()
        row = self._free.pop()
        self.set_params(row, params)
        first = begun(self.model, self._params[row : row + 1])
        self._x[row], self._covariance[row], self._health[row] = (each[0] for each in first)
        return row

    def remove(self, row: int) -> None:
        """Gives a row back."""
        self._plans.pop(row, None)
        self._kept.pop(row, None)
        self.lost.pop(row, None)
        for key in [key for key in self.gated if key[0] == row]:
            del self.gated[key]
        self._free.append(row)

    def set_params(self, row: int, params: Sequence[float]) -> None:
        """Other parameters for a site whose state goes on."""
        self._params[row] = params
        own = self.model.spread(self._params[row : row + 1])
        for whole, each in zip(self._spread, own, strict=True):
            whole[row] = each[0]

    def set_state(self, row: int, x: Sequence[float], variance: Sequence[float]) -> bool:
        """A state from a checkpoint; False when it is not one of this model."""
        states, packed = self._x.shape[1], len(self._lower[0])
        if len(x) != states + 1 or len(variance) < packed or (len(variance) - packed) % 3:
            return False
        self._x[row], self._health[row] = x[:-1], x[-1]
        covariance = np.zeros((states, states))
        covariance[self._lower] = variance[:packed]
        self._covariance[row] = np.where(np.tri(states, dtype=bool), covariance, covariance.T)
        self._kept[row] = list(variance[packed:])
        return True

    def state(self, row: int) -> tuple[list[float], list[float]]:
        """States and health of a row; its covariance's lower half with its sensors' offsets."""
        packed = self._covariance[row][self._lower].tolist()
        plan = self._plans.get(row)
        if plan is None:
            kept = self._kept.get(row, [])
        else:
            kept = self._offsets[:, row, : len(plan.shown)].ravel().tolist()
        return [*self._x[row].tolist(), float(self._health[row])], packed + kept

    def step(self, rows: Sequence[int], closed: Sequence[ClosedStep]) -> Stepped:
        """One closed step for each of some rows."""
        for row, step in zip(rows, closed, strict=True):
            if self._plans.get(row) is not step.plan:
                self._rebind(row, step.plan)
        index = np.array(rows)
        params = self._params[index]
        belief = Belief(self._x[index], self._covariance[index], self._health[index])
        belief = self._resumed(belief, closed, params)
        dt = np.array([step.plan.step_ns / NS for step in closed])
        found = estimate(
            self.model,
            belief,
            _array([step.u for step in closed]),
            Reading(_array([step.y for step in closed]), _array([step.number for step in closed])),
            params,
            dt,
            Spread(*(each[index] for each in self._spread)),
        )
        self._x[index], self._covariance[index], self._health[index] = found.belief
        self._count(rows, found.gated, found.lost)
        values, variances = shown(self.model, found.belief)
        means, sds = self._emitted(
            index,
            closed,
            np.concatenate([found.prior, values], axis=1),
            np.concatenate([found.innovation_variance, variances], axis=1),
            dt,
        )
        return Stepped(means, sds, found.lost.tolist())

    def _emitted(
        self,
        index: np.ndarray,
        closed: Sequence[ClosedStep],
        means: Array,
        variances: Array,
        dt: Array,
    ) -> tuple[list[list[float]], list[list[float]]]:
        """What is emitted: each point in its own sensor's place, and the place learned."""
        columns = self._columns[index]
        measured = np.full(columns.shape, np.nan)
        for place, step in enumerate(closed):
            measured[place, : len(step.compared)] = step.compared
        offsets = Offsets(*self._offsets[:, index])
        rows = np.arange(len(index))[:, np.newaxis]
        mean = means[rows, columns] + offsets.mean
        variance = variances[rows, columns]
        sd = np.sqrt(variance * offsets.spread)
        self._offsets[:, index] = learned(offsets, measured - mean, variance, dt)
        widths = [len(step.plan.shown) for step in closed]
        return _cut(mean, widths), _cut(sd, widths)

    def _resumed(self, belief: Belief, closed: Sequence[ClosedStep], params: Array) -> Belief:
        restart = np.array([step.restart for step in closed])
        if not restart.any():
            return belief
        self.gap_total += int(restart.sum())
        anew = resumed(self.model, belief, params)
        return Belief(
            np.where(restart[:, np.newaxis], anew.x, belief.x),
            np.where(restart[:, np.newaxis, np.newaxis], anew.covariance, belief.covariance),
            np.where(restart, anew.health, belief.health),
        )

    def _rebind(self, row: int, plan: Plan) -> None:
        """The offsets of the points that a row's plan emits: kept by name, others unlearned."""
        old, number = self._plans.get(row), len(plan.shown)
        while number > self._columns.shape[1]:
            self._grow_width()
        fresh = unlearned(number)
        kept = self._kept.pop(row, [])
        if len(kept) == 3 * number and old is None:
            fresh = np.array(kept).reshape(3, number)
        elif old is not None:
            where = {point: place for place, point in enumerate(old.emitted)}
            for place, point in enumerate(plan.emitted):
                if point in where:
                    fresh[:, place] = self._offsets[:, row, where[point]]
        self._offsets[:, row] = unlearned(self._columns.shape[1])
        self._offsets[:, row, :number] = fresh
        self._columns[row] = 0
        self._columns[row, :number] = plan.shown
        self._plans[row] = plan

    def _count(self, rows: Sequence[int], gated: Mask, lost: Mask) -> None:
        for row, channel in np.argwhere(gated).tolist():
            self.gated[rows[row], channel] += 1
            self.gated_total += 1
        for place in np.flatnonzero(lost).tolist():
            self.lost[rows[place]] += 1
            self.lost_total += 1

    def _grow_rows(self) -> None:
        rows = len(self._x)
        self._free = list(range(rows, 2 * rows))[::-1]
        for name in ("_x", "_covariance", "_health", "_columns"):
            old = getattr(self, name)
            setattr(self, name, np.concatenate([old, np.zeros_like(old)]))
        self._params = np.concatenate([self._params, np.ones_like(self._params)])
        self._spread = Spread(*(np.concatenate([each, each]) for each in self._spread))
        self._offsets = np.concatenate([self._offsets, np.zeros_like(self._offsets)], axis=1)

    def _grow_width(self) -> None:
        self._columns = np.concatenate([self._columns, np.zeros_like(self._columns)], axis=1)
        self._offsets = np.concatenate([self._offsets, np.zeros_like(self._offsets)], axis=2)


def _cut(values: Array, widths: Sequence[int]) -> list[list[float]]:
    return [row[:width] for row, width in zip(values.tolist(), widths, strict=True)]


def _array(rows: list[list[float]]) -> Array:
    return np.array(rows, dtype=np.float64).reshape(len(rows), -1)
