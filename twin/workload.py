"""Workload some time ahead: tasks that run, and the sums of their utilisation.

How many tasks run changes by leaps that nothing announces, so that the newest number is the best
guess of the next hours. What share of them is busy does return to what is usual: of jobs that wait
for data some begin, of those that compute some end. So tasks move from u = 0 to u = 1, or back,
which changes all sums alike; their fourth powers sum to about the number of busy ones.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.model import Array, held
from twin.running_mean import running_mean

USUAL_S = 86_400.0  # what is usual of a task: a day, so that no hour of it counts more
REVERTS_S = 4.0 * 3_600.0  # chosen; on the days of benchmarks/surf.py 2 and 5 h did as well


def expected(workload: Array, step_s: float, lead_steps: int) -> Array:
    """Workload at each step, as the newest rows at least `lead_steps` before it let expect.

    With a lead of 0 that is the row itself, and in a gap what the row before it lets expect.

    Parameters
    ----------
    workload : (steps, k)   Tasks, then sums over them; NaN where nothing is known.

    Returns
    -------
    Array
        (steps, k), NaN before the first row that may be used.
    """
    origin = newest(known_rows(workload), lead_steps)
    ahead = np.full(workload.shape, np.nan)
    known = origin >= 0
    over_s = smoothed_s(lead_steps * step_s)
    smooth = np.column_stack([running_mean(column, step_s, over_s) for column in workload.T])
    row = smooth[origin[known]]
    age_s = (np.arange(len(workload)) - origin)[known] * step_s
    usual = usual_busy_share(workload, step_s)[origin[known]]
    begin = -np.expm1(-age_s / REVERTS_S) * (row[:, 0] * usual - row[:, -1])
    ahead[known, 0] = row[:, 0]
    # A sum of shares is no less than 0, and no more than the tasks or than it was.
    most = np.maximum(row[:, 1:], row[:, :1])
    ahead[known, 1:] = held(row[:, 1:] + begin[:, np.newaxis], 0.0, most)
    return ahead


def smoothed_s(ahead_s: float) -> float:
    """Time over which the newest values are averaged for what is so far ahead. [s]

    An hour for a day, since leaps of the last hour may have passed by then; 6 s for an hour,
    where following a leap late costs more than noise. Chosen.
    """
    return ahead_s * ahead_s / (24.0 * 86_400.0)


def usual_busy_share(workload: Array, step_s: float) -> Array:
    """Share of the tasks that was busy, over a day up to each step; 0 while nothing ran."""
    tasks, busy = (running_mean(workload[:, column], step_s, USUAL_S) for column in (0, -1))
    return np.divide(busy, tasks, np.zeros(len(tasks)), where=tasks > 0.0)


def known_rows(values: Array) -> NDArray[np.bool_]:
    """Rows (steps,) of which every number is there."""
    return np.asarray(np.isfinite(values).all(axis=1), dtype=np.bool_)


def newest(is_known: NDArray[np.bool_], lead_steps: int) -> NDArray[np.intp]:
    """For each step the last known one at least `lead_steps` before it; -1 where there is none."""
    last = np.maximum.accumulate(np.where(is_known, np.arange(len(is_known)), -1))
    head = np.full(min(lead_steps, len(last)), -1)
    return np.concatenate([head, last[: len(last) - len(head)]])
