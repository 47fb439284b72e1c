"""Offsets: what a single sensor shows beside the model's lump, learned outside the filter.

Each rack breathes its own air, each probe has its own bias and place. The model knows one inlet;
a sensor's prior is that and its offset, its band the filter's, scaled by how wide its residuals
have been against it. Both are means over hours that follow no faster however large a residual:
a lasting fault of many sd shifts an offset by some tenths of an sd in ten minutes, and opens the
band by as little.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from twin.model import Array, held

MEMORY_S = 4.0 * 3600.0  # long against a fault, short against a day
_YOUNG_S = 300.0  # what the prior counts for
_HELD_SD = 3.0  # residuals count up to here for the offset,
_SPREAD_HELD_SD = 2.0  # and to here for the spread, which else would open the band to a fault
_HELD_VARIANCE = 0.92  # what is left of a normal residual's variance when it is held there
_LEAST_SPREAD = 0.02


class Offsets(NamedTuple):
    """Of each point, all of one shape.

    mean : Offset from the lump, in the point's unit.
    spread : Variance of the residuals as a share of the filter's. age_s : Time learned.
    """

    mean: Array
    spread: Array
    age_s: Array


def unlearned(points: int) -> Array:
    """Offsets of points nothing is known of, (3, points)."""
    return np.array([np.zeros(points), np.ones(points), np.zeros(points)])


def learned(offsets: Offsets, residual: Array, variance: Array, dt: Array) -> Array:
    """Offsets (3, sites, points) after a step's residuals; NaN teaches nothing.

    Parameters
    ----------
    residual : Measured less expected, the offset taken off already.
    variance : The filter's variance of the innovation.
    dt : (sites,)   Length of the step. [s]
    """
    seen = ~np.isnan(residual)
    age_s = offsets.age_s + np.where(seen, dt[:, np.newaxis], 0.0)
    # A mean over half its age: while the filter settles its residuals are not the sensors' own,
    # and a memory that grows with the age forgets them with the square of time.
    share = dt[:, np.newaxis] / (_YOUNG_S + np.minimum(0.5 * age_s, MEMORY_S))
    share = np.where(seen, np.minimum(share, 1.0), 0.0)
    sd = np.sqrt(offsets.spread * variance)
    shift = held(np.where(seen, residual, 0.0), -_HELD_SD * sd, _HELD_SD * sd)
    counted = held(shift, -_SPREAD_HELD_SD * sd, _SPREAD_HELD_SD * sd)
    found = counted * counted / np.where(seen, _HELD_VARIANCE * variance, 1.0)
    spread = offsets.spread + share * (found - offsets.spread)
    return np.array([offsets.mean + share * shift, np.maximum(spread, _LEAST_SPREAD), age_s])
