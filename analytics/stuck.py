"""Stuck-at: does a sensor repeat its value while it should move?

A repeat is evidence only as far as it is unusual for the sensor: each counts the negative
logarithm of the share of repeats after a repeat, learnt in healthy time. A run of them adds up
to the logarithm of its own rarity, in nats. A point that always repeats (a set point, a full
battery) adds nothing, however long. Should the twin's own expectation move on from where it was
when the value came, by more than its standard deviation and a digit, that counts besides.

How fast a stuck sensor can be found is thus a property of the sensor: one whose healthy readings
repeat in 63 % of cases (a duct probe of 0.1 K, read each 10 s, before air that a controller holds
to 0.1 K) needs some 40 repeats, six minutes; a power meter in watts needs six steps.

The threshold: chance alone makes runs of x nats n exp(-x) times in n readings. Over three
simulated plants, 24 healthy hours each (30 probes of air, 259,000 readings), the longest had 13.6
nats, where one of 12.5 is to be expected; 18 nats is then, with that excess kept, one false alarm
in some 250 days of a site. Within a minute no threshold tells a stuck probe from a healthy one,
whose runs of six repeats come 100 to 200 times a day.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from analytics.detector import Array, Seen
from analytics.learning import FROZEN, LEARNING_S, Pace, learnt

_VALUE, _REPEATED, _NATS, _ONCE, _TWICE, _EXPECTED, _SIZE, _TIME_S = range(8)
_NEVER_READ = 1e300
_RAREST = 0.02  # at most 3.9 nats a repeat, however lively the sensor was
_MOST_NATS = 1_000.0
_MOST_MOVED = 4.5  # nats a reading from the twin's movement: three standard deviations
_OFF = 0.1  # of the usual size
# A sensor that repeats in fewer than this share of readings has too few repeats after repeats
# to learn from; there the plain share stands in.
_RARE = 0.05
_SAME = 0.05  # of a resolution: what rounding in a mean of equal readings leaves


@dataclass(frozen=True, slots=True)
class Stuck:
    """The chart.

    threshold : nats at which it alarms; see above.
    follow_s : how slowly the share of repeats is learnt.
    """

    threshold: float = 18.0
    follow_s: float = 6 * 3600.0

    name: ClassVar[str] = "stuck"
    width: ClassVar[int] = 8

    def initial(self, rows: int) -> Array:
        """Nothing read, and taken to repeat always."""
        state = np.zeros((rows, self.width))
        state[:, _VALUE] = _NEVER_READ
        state[:, _REPEATED] = state[:, _ONCE] = state[:, _TWICE] = 1.0
        return state

    def advance(self, state: Array, seen: Seen) -> tuple[Array, Array, Array, Array]:
        """No direction and no baseline."""
        time_s = state[:, _TIME_S]
        same = np.abs(seen.measured - state[:, _VALUE]) <= _SAME * seen.resolution
        # The first reading of all repeats nothing, and breaks nothing either.
        kept = same | (state[:, _VALUE] >= _NEVER_READ)
        again = kept & (state[:, _REPEATED] > 0.0)
        begun = np.where(same, state[:, _EXPECTED], seen.expected)
        scale = np.maximum(np.maximum(seen.sd, seen.resolution), 1e-9)
        moved = np.maximum(np.abs(seen.expected - begun) - seen.resolution, 0.0) / scale - 1.0
        moved_nats = np.minimum(0.5 * np.maximum(moved, 0.0) ** 2, _MOST_MOVED)
        # A machine that is off shows its standby power and nothing else, since a meter's scatter
        # goes with what it measures; whether it should be off is for `level` to say.
        size = np.abs(seen.measured)
        off = size <= np.maximum(seen.resolution, _OFF * state[:, _SIZE])
        usual = -np.log(np.minimum(np.maximum(_share(state), _RAREST), 1.0))
        nats = np.where(same & ~off, state[:, _NATS] + usual + moved_nats, 0.0)
        learning = time_s < LEARNING_S
        value = np.where(learning, 0.0, nats / self.threshold)
        follows = ~off & (learning | (value < FROZEN))
        # No prior: a point that never moved must count as one that always repeats.
        pace = Pace(seen.dt_s, time_s, self.follow_s, prior_s=0.0)
        after = np.empty_like(state)
        after[:, _VALUE] = np.where(same, state[:, _VALUE], seen.measured)
        after[:, _REPEATED] = kept
        after[:, _NATS] = np.minimum(nats, _MOST_NATS)
        for column, found in ((_ONCE, kept), (_TWICE, again)):
            repeats = found.astype(np.float64)
            after[:, column] = learnt(state[:, column], repeats, follows, pace)
        after[:, _EXPECTED] = begun
        after[:, _SIZE] = learnt(state[:, _SIZE], size, ~off, pace)
        after[:, _TIME_S] = time_s + seen.dt_s
        nothing = np.zeros_like(value)
        return after, value, nothing, nothing

    def with_threshold(self, threshold: float) -> Self:
        """The same with another number of nats."""
        return replace(self, threshold=threshold)


def _share(state: Array) -> Array:
    """How often the sensor repeats once it has repeated: more often than at any time."""
    once, twice = state[:, _ONCE], state[:, _TWICE]
    return (twice + _RARE * once) / (once + _RARE)
