"""Nowcast: IT power now, from what runs now and from power as it was known some time ago."""

from __future__ import annotations

import numpy as np

from twin.estimator import Reading, begun, estimate
from twin.model import Array
from twin.power_only import PowerOnly


def nowcast(
    power_w: Array, workload: Array, params: Array, step_s: float, delay_steps: int
) -> tuple[Array, Array]:
    """Prediction for each step and its standard deviation, strictly causal. [W]

    The one for step k uses the workload up to k and power up to k less `delay_steps`; before any
    power is known it is the prior's. Between the two the coefficients stand and the bias fades.

    Parameters
    ----------
    power_w : (steps,)   Measured, NaN where nothing was.
    workload : (steps, 4)   Tasks running, sums of u, u² and u⁴.
    params : (1, 2p)   Of `power-only`.
    delay_steps : At least 1.
    """
    model, dt = PowerOnly(), np.array([step_s])
    belief = begun(model, params)
    predicted, sd = np.empty(len(power_w)), np.empty(len(power_w))
    spread = model.spread(params)
    for step, columns in enumerate(workload):
        known = step - delay_steps
        if known >= 0:
            seen = np.isfinite(power_w[known])
            reading = Reading(
                np.array([[power_w[known] if seen else 0.0]]), np.array([[float(seen)]])
            )
            load = workload[known : known + 1]
            belief = estimate(model, belief, load, reading, params, dt).belief
        ahead = model.step(belief.x, columns[np.newaxis], params, step_s * delay_steps)
        predicted[step] = model.observe(ahead, columns[np.newaxis], params)[0, 0]
        slope = np.array([1.0, *columns, 1.0])
        own = slope @ belief.covariance[0] @ slope
        sd[step] = np.sqrt(own + spread.shape[0, 0] + spread.reading[0, 0])
    return predicted, sd
