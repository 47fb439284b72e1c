"""Nowcast: IT power from what runs, and from power as it was known some time ago."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from twin.estimator import Reading, begun, estimate
from twin.model import Array
from twin.power_only import PowerOnly
from twin.workload import known_rows

_TOLD_EVERY = 1_000  # steps, about a third of a second


def nowcast(
    power_w: Array,
    workload: Array,
    ahead: Array,
    params: Array,
    step_s: float,
    delay_steps: int,
    advance: Callable[[int, int], None] | None = None,
) -> tuple[Array, Array]:
    """Prediction for each step and its standard deviation, strictly causal. [W]

    The one for step k is made of `ahead` at k and of power and workload up to k less
    `delay_steps`; before any power is known it is the prior's. Between the two the coefficients
    stand and the bias fades. A step without power or without workload teaches nothing.

    Parameters
    ----------
    power_w : (steps,)   Measured, NaN where nothing was.
    workload : (steps, 4)   Tasks running, sums of u, u² and u⁴; NaN where nothing is known.
    ahead : (steps, 4)   The workload as it is expected of each step: itself, or a forecast.
    params : (1, 2p)   Of `power-only`.
    delay_steps : At least 1.
    advance : Told of steps done, and of all.
    """
    model, dt = PowerOnly(), np.array([step_s])
    belief = begun(model, params)
    predicted, sd = np.empty(len(power_w)), np.empty(len(power_w))
    spread = model.spread(params)
    is_known = known_rows(workload)
    seen = (np.isfinite(power_w) & is_known).astype(np.float64)[:, np.newaxis, np.newaxis]
    loads = np.where(is_known[:, np.newaxis], workload, 0.0)[:, np.newaxis]
    readings = np.where(seen[:, 0, 0] > 0.0, power_w, 0.0)[:, np.newaxis, np.newaxis]
    for step in range(len(power_w)):
        known = step - delay_steps
        if known >= 0:
            reading = Reading(readings[known], seen[known])
            belief = estimate(model, belief, loads[known], reading, params, dt, spread).belief
        load = ahead[step : step + 1]
        x = model.step(belief.x, load, params, step_s * delay_steps)
        predicted[step] = model.observe(x, load, params)[0, 0]
        slope = np.array([1.0, *load[0], 1.0])
        own = slope @ belief.covariance[0] @ slope
        sd[step] = np.sqrt(own + spread.shape[0, 0] + spread.reading[0, 0])
        if advance is not None and step % _TOLD_EVERY == 0:
            advance(step, len(power_w))
    return predicted, sd
