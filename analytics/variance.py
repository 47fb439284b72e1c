"""Variance: does a sensor scatter more than it used to?

The squared second difference of successive residuals, over six, is their variance without their
level and slope (after von Neumann, Ann. Math. Statist. 12, 1941, doi:10.1214/aoms/1177731677). Its
short average over its learnt long one goes as chi-square over its degrees of freedom; the cube root
of that is nearly normal (Wilson and Hilferty, PNAS 17, 1931, doi:10.1073/pnas.17.12.684), and the
chart is of that. Upwards only: a sensor that scatters less is a matter for `stuck`.

First differences over three minutes were tried: each burst of load and each trip, which are
changes of level, then alarmed as scatter on half of the channels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from analytics.detector import HOLD_S, Array, Seen
from analytics.learning import FROZEN, LEARNING_S, Pace, learnt, smoothing

_LAST, _CHANGE, _RUN, _SHORT, _LONG, _TIME_S = range(6)
# A change counts as 12 usual variances at most, and one of more than 8 standard deviations as an
# ordinary one: a jump is a matter for `level`.
_LARGEST = 12.0
_JUMP = 64.0
# Second differences overlap: 1 + 2 (4/6)² + 2 (1/6)² of them say as much as one that does not.
_OVERLAP = 1.94
_ONE, _TWO = 2.0, 3.0  # residuals for one difference, and for two


@dataclass(frozen=True, slots=True)
class Variance:
    """The chart.

    threshold : standard deviations of the cube root; the highest score of three simulated plants
        over 24 healthy hours each was 0.61 with it, and 0.54 around ten compressor trips.
    average_s : how far back it looks.
    follow_s : how slowly the usual variance is learnt.
    """

    threshold: float = 10.0
    average_s: float = 600.0
    follow_s: float = 2 * 3600.0

    name: ClassVar[str] = "variance"
    width: ClassVar[int] = 6

    def initial(self, rows: int) -> Array:
        """Nothing learnt."""
        return np.zeros((rows, self.width))

    def advance(self, state: Array, seen: Seen) -> tuple[Array, Array, Array, Array]:
        """Baseline: the usual scatter as a standard deviation, in the point's unit."""
        time_s, long, short = state[:, _TIME_S], state[:, _LONG], state[:, _SHORT]
        # After a pause the differences are of another time.
        joined = seen.dt_s <= HOLD_S
        run = np.where(joined, np.minimum(state[:, _RUN] + 1.0, _TWO), 1.0)
        change = np.where(run >= _ONE, seen.residual - state[:, _LAST], 0.0)
        bend = change - state[:, _CHANGE]
        counts = run >= _TWO
        floor = seen.resolution * seen.resolution / 12.0  # what rounding alone scatters
        usual = np.maximum(np.maximum(long, floor), 1e-12)
        learning = time_s < LEARNING_S
        scatter = bend * bend / 6.0
        held = np.where(scatter > _JUMP * usual, usual, np.minimum(scatter, _LARGEST * usual))
        scatter = np.where(learning, scatter, held)
        weight = np.where(counts, smoothing(seen.dt_s, self.average_s), 0.0)
        short = short + weight * (scatter - short)
        value = np.where(learning, 0.0, self._score(short / usual, seen.dt_s))
        follows = counts & (learning | (value < FROZEN))
        after = np.empty_like(state)
        after[:, _LAST], after[:, _CHANGE], after[:, _RUN] = seen.residual, change, run
        after[:, _SHORT] = short
        after[:, _LONG] = learnt(long, scatter, follows, Pace(seen.dt_s, time_s, self.follow_s))
        after[:, _TIME_S] = time_s + seen.dt_s
        return after, value, (value > 0.0).astype(np.float64), np.sqrt(usual)

    def _score(self, ratio: Array, dt_s: Array) -> Array:
        freedom = np.maximum(2.0 * self.average_s / np.maximum(dt_s, 1.0) / _OVERLAP, 1.0)
        spread = 2.0 / (9.0 * freedom)
        off = (np.cbrt(ratio) - (1.0 - spread)) / np.sqrt(spread)
        return np.maximum(off, 0.0) / self.threshold

    def with_threshold(self, threshold: float) -> Self:
        """The same with another threshold."""
        return replace(self, threshold=threshold)
