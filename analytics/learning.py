"""What rows learn of their own health: averages that follow slowly and freeze."""

from __future__ import annotations

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


def learnt(
    old: Array, new: Array, follows: Flags, dt_s: Array, time_s: Array, follow_s: float
) -> Array:
    """The slow average after one value.

    The mean of all so far while the row is younger than `follow_s`, with what it started from
    counted as `LEARNING_S / 2`; an exponential average later.

    follows : (rows,)   False keeps the old.
    time_s : (rows,)   For how long the row has learnt. [s]
    """
    horizon_s = np.minimum(time_s + 0.5 * LEARNING_S, follow_s)
    weight = np.minimum(dt_s / np.maximum(horizon_s, 1e-9), 1.0)
    return np.where(follows, old + weight * (new - old), old)
