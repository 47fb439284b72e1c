"""A batch: the states of all sites of one model as rows of arrays, stepped together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from podcore.clock import NS
from podtwin.engine.grid import ClosedStep
from twin.estimator import Reading, estimate, restarted, started
from twin.model import Array, Model

_FIRST_ROWS = 16


class Batch:
    """Rows of states, variances and parameters; a row belongs to one site."""

    def __init__(self, model: Model, parameters: int) -> None:
        self.model = model
        x, variance = started(model, np.ones((1, parameters)))
        self._x = np.zeros((_FIRST_ROWS, x.shape[1]))
        self._variance = np.zeros((_FIRST_ROWS, variance.shape[1]))
        self._params = np.ones((_FIRST_ROWS, parameters))
        self._free = list(range(_FIRST_ROWS))[::-1]

    def add(self, params: Sequence[float]) -> int:
        """A row for a new site, at the model's initial state."""
        if not self._free:
            self._grow()
        row = self._free.pop()
        self._params[row] = params
        x, variance = started(self.model, self._params[row : row + 1])
        self._x[row], self._variance[row] = x[0], variance[0]
        return row

    def remove(self, row: int) -> None:
        """Gives a row back."""
        self._free.append(row)

    def set_params(self, row: int, params: Sequence[float]) -> None:
        """Other parameters for a site whose state goes on."""
        self._params[row] = params

    def set_state(self, row: int, x: Sequence[float], variance: Sequence[float]) -> bool:
        """A state from a checkpoint; False when it is not one of this model."""
        if len(x) != self._x.shape[1] or len(variance) != self._variance.shape[1]:
            return False
        self._x[row], self._variance[row] = x, variance
        return True

    def state(self, row: int) -> tuple[list[float], list[float]]:
        """State and variances of a row."""
        return self._x[row].tolist(), self._variance[row].tolist()

    def step(
        self, rows: Sequence[int], closed: Sequence[ClosedStep]
    ) -> tuple[list[list[float]], list[list[float]]]:
        """One closed step for each of some rows: their [y | x] as means and standard deviations."""
        index = np.array(rows)
        x, variance, params = self._x[index], self._variance[index], self._params[index]
        restart = [step.restart for step in closed]
        if any(restart):
            anew = np.array(restart)[:, np.newaxis]
            fresh_x, fresh_variance = restarted(self.model, x, variance, params)
            x, variance = np.where(anew, fresh_x, x), np.where(anew, fresh_variance, variance)
        found = estimate(
            self.model,
            x,
            variance,
            _array([step.u for step in closed]),
            Reading(_array([step.y for step in closed]), _array([step.number for step in closed])),
            params,
            np.array([step.plan.step_ns / NS for step in closed]),
        )
        self._x[index], self._variance[index] = found.x, found.variance
        means = np.concatenate([found.prior, found.x], axis=1)
        sds = np.concatenate([found.innovation_sd, np.sqrt(found.variance)], axis=1)
        return means.tolist(), sds.tolist()

    def _grow(self) -> None:
        rows = len(self._x)
        self._free = list(range(rows, 2 * rows))[::-1]
        self._x = np.concatenate([self._x, np.zeros_like(self._x)])
        self._variance = np.concatenate([self._variance, np.zeros_like(self._variance)])
        self._params = np.concatenate([self._params, np.ones_like(self._params)])


def _array(rows: list[list[float]]) -> Array:
    return np.array(rows, dtype=np.float64).reshape(len(rows), -1)
