"""Level: has what is measured moved away from what the twin expects?

A combined chart of the standardised residual: an exponentially weighted average for small
lasting shifts [1]_ [2]_ and the single reading for large sudden ones (the Shewhart part of [2]_).
Both are held against spreads that the row has shown in its own healthy time, so that neither a
twin whose standard deviation is off by a factor nor residuals that hang together in time move the
false-alarm rate; the twin's own number only bounds the spread from below. A page test [3]_ on
the same residuals was tried: it sums a twin's small lasting bias up to an alarm.

.. [1] S. W. Roberts, Technometrics 1(3), 1959, 239-250, doi:10.1080/00401706.1959.10489860.
.. [2] J. M. Lucas and M. S. Saccucci, Technometrics 32(1), 1990, 1-12,
   doi:10.1080/00401706.1990.10484583.
.. [3] E. S. Page, Biometrika 41(1/2), 1954, 100-115, doi:10.1093/biomet/41.1-2.100.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from analytics.detector import Array, Seen
from analytics.learning import FROZEN, LEARNING_S, Pace, learnt, smoothing

_MEAN, _BASE, _SPREAD, _SINGLE, _TIME_S = range(5)
_LEAST = 1e-6  # of a spread's square, where no time has passed
_LARGEST_Z = 50.0  # a broken sensor's 1e6 must not fill the average for an hour


@dataclass(frozen=True, slots=True)
class Level:
    """The chart.

    threshold : spreads of the average at which it alarms. single : the same of one reading. On
        three simulated plants, 24 healthy hours each, the highest score with these was 0.50 with
        the `air-dx` twin and 0.70 with a twin that merely followed each sensor; a tripped
        compressor scores 3.3 and more.
    average_s : how far back the average looks. follow_s : how slowly the baseline follows.
    """

    threshold: float = 12.0
    single: float = 18.0
    average_s: float = 45.0
    follow_s: float = 4 * 3600.0

    name: ClassVar[str] = "level"
    width: ClassVar[int] = 5

    def initial(self, rows: int) -> Array:
        """No bias, and the spread of a twin whose standard deviation is right."""
        state = np.zeros((rows, self.width))
        state[:, _SPREAD] = 0.1  # the variance of the average of white noise read each 10 s
        state[:, _SINGLE] = 1.0
        return state

    def advance(self, state: Array, seen: Seen) -> tuple[Array, Array, Array, Array]:
        """Baseline in the unit of the residual."""
        scale = np.maximum(np.maximum(seen.sd, 0.5 * seen.resolution), 1e-9)
        z = np.minimum(np.maximum(seen.residual / scale, -_LARGEST_Z), _LARGEST_Z)
        weight = smoothing(seen.dt_s, self.average_s)
        mean = state[:, _MEAN] + weight * (z - state[:, _MEAN])
        base, time_s = state[:, _BASE], state[:, _TIME_S]
        shift, jump = mean - base, z - base
        # Half of what a perfect twin would show: its standard deviation may be twice too large.
        least = 0.25 * weight / (2.0 - weight)
        spread = np.sqrt(np.maximum(state[:, _SPREAD], np.maximum(least, _LEAST)))
        single = np.sqrt(np.maximum(state[:, _SINGLE], 0.25))
        lasting = np.abs(shift) / (self.threshold * spread)
        sudden = np.abs(jump) / (self.single * single)
        value = np.maximum(lasting, sudden)
        learning = time_s < LEARNING_S
        follows = learning | (value < FROZEN)
        pace = Pace(seen.dt_s, time_s, self.follow_s)
        after = np.empty_like(state)
        after[:, _MEAN] = mean
        after[:, _BASE] = learnt(base, mean, follows, pace)
        for column, squared in ((_SPREAD, shift * shift), (_SINGLE, jump * jump)):
            after[:, column] = learnt(state[:, column], squared, follows, pace)
        after[:, _TIME_S] = time_s + seen.dt_s
        direction = np.sign(np.where(lasting >= sudden, shift, jump))
        return after, np.where(learning, 0.0, value), direction, after[:, _BASE] * scale

    def with_threshold(self, threshold: float) -> Self:
        """The same, both parts moved alike."""
        return replace(self, threshold=threshold, single=self.single * threshold / self.threshold)
