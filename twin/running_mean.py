"""Exponentially weighted mean of what was seen so far."""

from __future__ import annotations

import numpy as np

from twin.model import Array


def running_mean(values: Array, step_s: float, over_s: float) -> Array:
    """Mean of the values up to each step, weighted by exp(-age / `over_s`).

    Weights are those of the values alone: the first value is the first mean, and a NaN is passed
    over. NaN until there is a value.

    Parameters
    ----------
    values : (steps,)   On a grid of `step_s`.
    over_s : Time constant; 0 gives the newest value.
    """
    kept = float(np.exp(-step_s / over_s)) if over_s > 0.0 else 0.0
    total, weight, mean = 0.0, 0.0, np.nan
    found = np.empty(len(values))
    for step, value in enumerate(values.tolist()):
        if value == value:  # noqa: PLR0124 - of a float the fastest question for a number
            total, weight = kept * total + value, kept * weight + 1.0
            mean = total / weight
        found[step] = mean
    return found
