"""Waits between tries of what failed: doubled each time up to a longest, and spread."""

from __future__ import annotations

_MAX_DOUBLINGS = 30  # keeps 2**n a small number; every longest wait is reached long before


def backoff_s(failures: int, first_s: float, longest_s: float, chance: float) -> float:
    """Time to the next try after so many that failed, from 1. [s]

    chance : in [0, 1). The wait is between half of its ceiling and all of it: what failed
        together does not come back together, and nobody comes back at once.
    """
    ceiling_s = min(longest_s, first_s * 2.0 ** min(max(failures - 1, 0), _MAX_DOUBLINGS))
    return ceiling_s * (0.5 + 0.5 * chance)
