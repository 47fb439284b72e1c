"""A model run open loop: no site file, no measurements."""

from __future__ import annotations

import numpy as np

from twin.model import Array, Model


def run(model: Model, params: Array, x0: Array, u: Array, dt: Array | float) -> tuple[Array, Array]:
    """States and observations after each step.

    Parameters
    ----------
    params : (sites, p)   Columns in the order of the model's parameters.
    x0 : (sites, n)   States before the first step.
    u : (steps, sites, k)   Inputs, constant within a step.
    dt : (sites,) or scalar   Length of a step. [s]

    Returns
    -------
    x : (steps, sites, n), y : (steps, sites, m).
    """
    states, observed = [], []
    x = x0
    for inputs in u:
        x = model.step(x, inputs, params, dt)
        states.append(x)
        observed.append(model.observe(x, inputs, params))
    if not states:
        measured = model.observe(x0, np.zeros((len(x0), u.shape[2])), params).shape[1]
        return np.empty((0, *x0.shape)), np.empty((0, len(x0), measured))
    return np.stack(states), np.stack(observed)
