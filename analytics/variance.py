"""Variance: does a sensor scatter more than it used to?

The squared difference of successive residuals, halved, is their variance without their level
(von Neumann, Ann. Math. Statist. 12, 1941, doi:10.1214/aoms/1177731677). Its short average over
its learnt long one goes as chi-square over its degrees of freedom; the cube root of that is
nearly normal (Wilson and Hilferty, PNAS 17, 1931, doi:10.1073/pnas.17.12.684), and the chart is
of that. Upwards only: a sensor that scatters less is a matter for `stuck`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from analytics.detector import HOLD_S, Array, Seen
from analytics.learning import FROZEN, LEARNING_S, learnt, smoothing

_LAST, _SHORT, _LONG, _TIME_S, _WEIGHT = range(5)
# One change of any size counts as 12 usual variances: a single jump is a matter for `level`.
_LARGEST = 12.0


@dataclass(frozen=True, slots=True)
class Variance:
    """The chart.

    threshold : standard deviations of the cube root. average_s : how far back it looks.
    follow_s : how slowly the usual variance is learnt.
    """

    threshold: float = 8.0
    average_s: float = 180.0
    follow_s: float = 6 * 3600.0

    name: ClassVar[str] = "variance"
    width: ClassVar[int] = 5

    def initial(self, rows: int) -> Array:
        """Nothing learnt."""
        return np.zeros((rows, self.width))

    def advance(self, state: Array, seen: Seen) -> tuple[Array, Array, Array, Array]:
        """Baseline: the usual scatter as a standard deviation, in the point's unit."""
        time_s, long = state[:, _TIME_S], state[:, _LONG]
        # No difference is known at the first reading, nor one worth comparing after a pause.
        pair = (time_s > 0.0) & (seen.dt_s <= HOLD_S)
        change = seen.residual - state[:, _LAST]
        half = np.where(pair, 0.5 * change * change, 0.0)
        floor = seen.resolution * seen.resolution / 6.0  # of rounding, in a difference
        usual = np.maximum(np.maximum(long, floor), 1e-12)
        learning = time_s < LEARNING_S
        held = np.where(learning, half, np.minimum(half, _LARGEST * usual))
        weight = np.where(pair, smoothing(seen.dt_s, self.average_s), 0.0)
        short = state[:, _SHORT] + weight * (held - state[:, _SHORT])
        typical = np.maximum(state[:, _WEIGHT], 1e-3)
        freedom = (2.0 - typical) / typical / 1.5  # successive differences share a residual
        root = np.cbrt(np.maximum(short, 0.0) / usual)
        off = (root - (1.0 - 2.0 / (9.0 * freedom))) / np.sqrt(2.0 / (9.0 * freedom))
        value = np.where(learning, 0.0, np.maximum(off, 0.0) / self.threshold)
        follows = pair & (learning | (value < FROZEN))
        after = np.empty_like(state)
        after[:, _LAST] = seen.residual
        after[:, _SHORT] = short
        after[:, _LONG] = learnt(long, held, follows, seen.dt_s, time_s, self.follow_s)
        after[:, _TIME_S] = time_s + seen.dt_s
        after[:, _WEIGHT] = np.where(pair, weight, state[:, _WEIGHT])
        return after, value, (value > 0.0).astype(np.float64), np.sqrt(usual)

    def with_threshold(self, threshold: float) -> Self:
        """The same with another threshold."""
        return replace(self, threshold=threshold)
