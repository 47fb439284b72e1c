"""What rows learn of their own health: averages that follow slowly and freeze."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from analytics.detector import Array, Flags

# A row learns for this long before its chart says anything, and whatever it sees.
LEARNING_S = 1800.0
# From this score on nothing is learnt: an excursion must not become the new normal. It is where
# an alert counts as gone, so that a baseline follows again exactly when nothing is alarming.
FROZEN = 0.7


def smoothing(dt_s: Array, average_s: float) -> Array:
    """Weight of a new value in an exponential average over `average_s`, irregular readings."""
    return -np.expm1(-dt_s / average_s)


class Pace(NamedTuple):
    """How fast an average follows.

    dt_s : (rows,)   What the new value stands for. [s]
    time_s : (rows,)   For how long the row has learnt. [s]
    follow_s : the longest memory. [s]
    prior_s : what the average began from counts as so long. [s]
    """

    dt_s: Array
    time_s: Array
    follow_s: float
    prior_s: float = 0.5 * LEARNING_S


def learnt(old: Array, new: Array, follows: Flags, pace: Pace) -> Array:
    """The slow average after one value; rows that do not follow keep the old.

    The mean of all so far while the row is younger than `follow_s`, an exponential average later.
    """
    dt_s, time_s, follow_s, prior_s = pace
    horizon_s = np.minimum(np.maximum(time_s + prior_s, dt_s), follow_s)
    weight = np.minimum(dt_s / np.maximum(horizon_s, 1e-9), 1.0)
    return np.where(follows, old + weight * (new - old), old)
