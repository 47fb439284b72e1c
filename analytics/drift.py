"""Drift: has a slow state of the twin gone from where it used to be?

A slow fault is eaten by a slow state before it ever shows in a residual, so the states are
watched themselves: against their own long mean, in units of what they wander in health, and
never finer than the twin knows them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from analytics.detector import Array, Seen
from analytics.learning import FROZEN, Pace, learnt

_MEAN, _WANDER, _TIME_S = range(3)
# States come from a prior and take hours to settle; what they do meanwhile is no drift.
_SETTLING_S = 3600.0


@dataclass(frozen=True, slots=True)
class Drift:
    """The chart; `measured` is the estimate of the state, `sd` the twin's own for it.

    threshold : wanders, or standard deviations, at which it alarms; the highest score of three
        simulated plants over 24 healthy hours each was 0.43 with it, around ten trips 0.49.
    follow_s : how slowly mean and wander are learnt.
    """

    threshold: float = 5.0
    follow_s: float = 7 * 86_400.0

    name: ClassVar[str] = "drift"
    width: ClassVar[int] = 3

    def initial(self, rows: int) -> Array:
        """Nothing learnt."""
        return np.zeros((rows, self.width))

    def advance(self, state: Array, seen: Seen) -> tuple[Array, Array, Array, Array]:
        """Baseline: the long mean, in the point's unit."""
        time_s = state[:, _TIME_S]
        settling = time_s < _SETTLING_S
        # While settling the mean is simply the estimate, not an average of the way there.
        mean = np.where(settling, seen.measured, state[:, _MEAN])
        shift = seen.measured - mean
        spread = np.sqrt(seen.sd * seen.sd + state[:, _WANDER])
        off = shift / np.maximum(spread, np.maximum(seen.resolution, 1e-9))
        value = np.abs(off) / self.threshold
        follows = settling | (value < FROZEN)
        after = np.empty_like(state)
        pace = Pace(seen.dt_s, np.maximum(time_s - _SETTLING_S, 0.0), self.follow_s)
        after[:, _MEAN] = learnt(mean, seen.measured, follows, pace)
        # Held at what counts as ordinary now, or a drift would teach the row to bear it.
        ordinary = np.minimum(shift * shift, spread * spread)
        after[:, _WANDER] = learnt(state[:, _WANDER], ordinary, follows, pace)
        after[:, _TIME_S] = time_s + seen.dt_s
        return after, value, np.sign(shift), after[:, _MEAN]

    def with_threshold(self, threshold: float) -> Self:
        """The same with another threshold."""
        return replace(self, threshold=threshold)
