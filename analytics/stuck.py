"""Stuck-at: does a sensor repeat its value while it should move?

A repeat is evidence only as far as it is unusual for the sensor: each counts the negative
logarithm of the share of repeats after a repeat, learnt in healthy time. A run of them adds up
to the logarithm of its own rarity, in nats. A point that always repeats (a set point, a full
battery) adds nothing, however long. Should the twin's own expectation move on from where it was
when the value came, by more than its standard deviation and a digit, that counts besides.

How fast a stuck sensor can be found is thus a property of the sensor: one whose healthy readings
repeat in 63 % of cases (a duct probe of 0.1 K, read each 10 s, before air that a controller holds
to 0.1 K) needs 43 repeats, seven minutes; a power meter in watts needs six steps.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from analytics.detector import Array, Seen
from analytics.learning import FROZEN, LEARNING_S, learnt

_VALUE, _REPEATED, _NATS, _SHARE, _EXPECTED, _SIZE, _TIME_S = range(7)
_NEVER_READ = 1e300
_RAREST = 0.02  # at most 3.9 nats a repeat, however lively the sensor was
_MOST_NATS = 1_000.0
_MOST_MOVED = 4.5  # nats a reading from the twin's movement: three standard deviations
_OFF = 0.1  # of the usual size
_SAME = 0.05  # of a resolution: what rounding in a mean of equal readings leaves


@dataclass(frozen=True, slots=True)
class Stuck:
    """The chart.

    threshold : nats at which it alarms. follow_s : how slowly the share of repeats is learnt.
    """

    threshold: float = 20.0
    follow_s: float = 6 * 3600.0

    name: ClassVar[str] = "stuck"
    width: ClassVar[int] = 7

    def initial(self, rows: int) -> Array:
        """Nothing read, and half of all readings taken to repeat."""
        state = np.zeros((rows, self.width))
        state[:, _VALUE] = _NEVER_READ
        state[:, _SHARE] = 0.5
        return state

    def advance(self, state: Array, seen: Seen) -> tuple[Array, Array, Array, Array]:
        """No direction and no baseline."""
        share, time_s = state[:, _SHARE], state[:, _TIME_S]
        same = np.abs(seen.measured - state[:, _VALUE]) <= _SAME * seen.resolution
        again = same & (state[:, _REPEATED] > 0.0)
        begun = np.where(same, state[:, _EXPECTED], seen.expected)
        scale = np.maximum(np.maximum(seen.sd, seen.resolution), 1e-9)
        moved = np.maximum(np.abs(seen.expected - begun) - seen.resolution, 0.0) / scale - 1.0
        moved_nats = np.minimum(0.5 * np.maximum(moved, 0.0) ** 2, _MOST_MOVED)
        # A machine that is off shows its standby power and nothing else, since a meter's scatter
        # goes with what it measures; whether it should be off is for `level` to say.
        size = np.abs(seen.measured)
        off = size <= np.maximum(seen.resolution, _OFF * state[:, _SIZE])
        usual = -np.log(np.clip(share, _RAREST, 1.0))
        nats = np.where(same & ~off, state[:, _NATS] + usual + moved_nats, 0.0)
        learning = time_s < LEARNING_S
        value = np.where(learning, 0.0, nats / self.threshold)
        follows = (state[:, _REPEATED] > 0.0) & ~off & (learning | (value < FROZEN))
        after = np.empty_like(state)
        after[:, _VALUE] = np.where(same, state[:, _VALUE], seen.measured)
        after[:, _REPEATED] = same
        after[:, _NATS] = np.minimum(nats, _MOST_NATS)
        after[:, _SHARE] = learnt(
            share, again.astype(np.float64), follows, seen.dt_s, time_s, self.follow_s
        )
        after[:, _EXPECTED] = begun
        after[:, _SIZE] = learnt(state[:, _SIZE], size, ~off, seen.dt_s, time_s, self.follow_s)
        after[:, _TIME_S] = time_s + seen.dt_s
        nothing = np.zeros_like(value)
        return after, value, nothing, nothing

    def with_threshold(self, threshold: float) -> Self:
        """The same with another number of nats."""
        return replace(self, threshold=threshold)
