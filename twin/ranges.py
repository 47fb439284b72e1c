"""A value held within the range its equation was made for, and where that was needed.

Every curve and correlation here is good between bounds that its source states. Outside them it is
not extrapolated: the input is held at the nearest bound and the answer says so.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twin.model import Array, held

Flags = NDArray[np.bool_]


class Ranged(NamedTuple):
    """A result and where an input of it had to be held.

    value : (...)   The result, with the inputs held.
    outside : (...)   True where at least one input lay outside the range of validity.
    """

    value: Array
    outside: Flags


def within(value: Array | float, low: Array | float, high: Array | float) -> Ranged:
    """The value held between bounds, flagged where it lay outside; NaN is outside, held low."""
    given = np.asarray(value, dtype=np.float64)
    inside = (given >= low) & (given <= high)
    known = np.where(np.isnan(given), low, given)
    return Ranged(held(known, np.asarray(low), np.asarray(high)), ~inside)


def anywhere(*flags: Flags | bool) -> Flags:
    """Where at least one of several results was flagged."""
    joined = np.asarray(flags[0], dtype=np.bool_)
    for each in flags[1:]:
        joined = joined | each
    return joined
