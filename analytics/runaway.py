"""Time to limit: how long until a temperature passes what the equipment bears.

Always on: no score, no learning, no warm-up. The trend is the median of the slopes between all
pairs of the last steps (Theil 1950; Sen, J. Am. Stat. Assoc. 63, 1968,
doi:10.1080/01621459.1968.10480934), which one wrong reading of the seven cannot move, however
wrong. Rows are temperatures of any sites; elementwise over rows.

The air of an aisle is taken as the twin expects it, which knows of a stopped compressor before a
probe does; the inlet of a rack as it was measured, which holds whatever the twin believes. On the
three plants of the demo, 24 healthy hours each, the first never rose by more than 0.27 K/min over
seven values and the second by 0.40 K/min; the twin's inlets were tried and rise by 0.94 K/min
when its air balance turns from bypass to recirculation.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from analytics.detector import Array, Flags

# Seven values: 30 s of 5 s steps. Fewer mistake a control swing for a trend, more come late.
VALUES = 7
OLDEST_S = 150.0  # older values say nothing of a trend; still five readings of a 30 s step
FEWEST = 4  # values before there is a trend: 15 s of 5 s steps
WIDTH = 2 * VALUES
# Slower is the day's course, or a controller at work, and will bend.
FLOOR_K_S = 0.6 / 60.0
# The rule's default: at 1 K/min an inlet of 22 °C is 13 min from the 35 °C of class A2 and 18 min
# from the 40 °C of A3, and both must be told of at once.
NEAR_S = 1_200.0

_FIRST, _SECOND = (np.array(each) for each in np.triu_indices(VALUES, 1))
_HOTTEST_C = 1e4  # no temperature; also keeps NaN out
_SHORTEST_S = 0.1  # values closer together say nothing of a trend
_NONE = 1e9  # age of a place in the ring that holds nothing


def follows_twin(point: str) -> bool:
    """Whether a watched point's temperature is taken from the twin, or else as measured."""
    return point.endswith("/air_temp")


class TimeToLimit(NamedTuple):
    """What is ahead of each row.

    seconds : (rows,)   To the limit; 0 beyond it while it rises, inf when nothing leads there.
    rate_k_s : (rows,)   The trend; 0 when there is none yet. [K/s]
    known : (rows,)   False where there are too few values for a trend.
    """

    seconds: Array
    rate_k_s: Array
    known: Flags


def initial(rows: int) -> Array:
    """The state (rows, WIDTH) before any value: a ring of values and their ages."""
    state = np.zeros((rows, WIDTH))
    state[:, VALUES:] = _NONE
    return state


def update(
    state: Array, value_c: Array, limit_c: Array, dt_s: Array, floor_k_s: float = FLOOR_K_S
) -> tuple[Array, TimeToLimit]:
    """The state and the time to the limit after one step.

    value_c : (rows,)   The temperature, NaN where there is none now. [°C]
    dt_s : (rows,)   Site time since the step before. [s]
    """
    elapsed_s = np.where(np.isfinite(dt_s), dt_s, _NONE)
    elapsed_s = np.minimum(np.maximum(elapsed_s, 0.0), _NONE)
    values = state[:, :VALUES]
    ages = np.minimum(state[:, VALUES:] + elapsed_s[:, np.newaxis], _NONE)
    # A second value at the same instant (a clock that stood or went back) is no trend.
    taken = (np.abs(value_c) <= _HOTTEST_C) & (ages[:, -1] > 0.0)
    newest = np.where(taken, value_c, 0.0)[:, np.newaxis]
    moved = taken[:, np.newaxis]
    values = np.where(moved, np.concatenate([values[:, 1:], newest], axis=1), values)
    ages = np.where(moved, np.concatenate([ages[:, 1:], 0.0 * newest], axis=1), ages)
    rate_k_s, known = _trend(values, ages)
    left_k = np.maximum(limit_c - values[:, -1], 0.0)
    rises = known & (rate_k_s >= floor_k_s)
    seconds = np.where(rises, left_k / np.where(rises, rate_k_s, 1.0), np.inf)
    return np.concatenate([values, ages], axis=1), TimeToLimit(seconds, rate_k_s, known)


def _trend(values: Array, ages: Array) -> tuple[Array, Flags]:
    recent = ages <= OLDEST_S
    pair = recent[:, _FIRST] & recent[:, _SECOND]
    apart_s = ages[:, _FIRST] - ages[:, _SECOND]
    pair &= apart_s >= _SHORTEST_S
    slopes = (values[:, _SECOND] - values[:, _FIRST]) / np.where(pair, apart_s, 1.0)
    known = (recent.sum(axis=1) >= FEWEST) & (ages[:, -1] <= OLDEST_S) & pair.any(axis=1)
    # Sorted with those that do not count at the end, so that the median is found by counting.
    ordered = np.sort(np.where(pair, slopes, np.inf), axis=1)
    count = np.maximum(pair.sum(axis=1), 1)
    row = np.arange(len(values))
    low, high = ordered[row, (count - 1) // 2], ordered[row, count // 2]
    return np.where(known, 0.5 * (low + high), 0.0), known
