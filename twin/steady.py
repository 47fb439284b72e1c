"""Steady view: least squares of power on workload, with a long memory and a prior that returns.

    P = b0 + b1 n + b2 Σu + b3 Σu² + b4 Σu⁴

The twin follows what its columns do not explain within the hour; this one takes it for noise, and
so is right where it does not last. As evidence fades (a half-life of two days) the prior of
`power-only` comes back at the same rate, a ridge that is never thinner than at first: least squares
with forgetting alone winds up in a quiet week (Åström and Wittenmark, Adaptive Control, 2nd ed.
1995, ch. 11).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from twin.model import Array
from twin.power_only import PowerOnly
from twin.workload import known_rows

_HALF_LIFE_S = 2.0 * 86_400.0
_NOISE = 0.02  # of the rating, chosen: what a row says of the coefficients, since errors last
_SOLVED_EVERY_S = 150.0  # coefficients move over hours


class _Evidence(NamedTuple):
    """Normal equations, in units of the rows: `weights` (5, 5) b = `sums` (5,)."""

    weights: Array
    sums: Array


def steady(
    power_w: Array,
    workload: Array,
    ahead: Array,
    params: Array,
    step_s: float,
    delay_steps: int,
) -> Array:
    """Prediction for each step, strictly causal as that of `twin.nowcast.nowcast`. [W]

    Parameters
    ----------
    power_w : (steps,)   Measured, NaN where nothing was.
    workload, ahead : (steps, 4)   As they were, and as they are expected of each step.
    params : (1, 2p)   Of `power-only`.
    delay_steps : At least 1.
    """
    prior, mean = _prior(params)
    kept = float(0.5 ** (step_s / _HALF_LIFE_S))
    every = max(round(_SOLVED_EVERY_S / step_s), 1)
    rows = np.column_stack([np.ones(len(power_w)), workload])
    is_seen = np.isfinite(power_w) & known_rows(workload)
    evidence, found = prior, np.tile(mean, (len(power_w), 1))
    for step in range(len(power_w) - delay_steps):
        if is_seen[step]:
            evidence = _with(evidence, prior, kept, rows[step], power_w[step])
        if step % every == 0:
            mean = np.asarray(np.linalg.solve(*evidence), dtype=np.float64)
        found[step + delay_steps] = mean
    of_load: Array = np.einsum("sk,sk->s", found[:, 1:], ahead)
    return found[:, 0] + of_load


def _with(held: _Evidence, prior: _Evidence, kept: float, row: Array, power_w: float) -> _Evidence:
    """The evidence a step later, with one row more."""
    return _Evidence(
        kept * held.weights + (1.0 - kept) * prior.weights + np.outer(row, row),
        kept * held.sums + (1.0 - kept) * prior.sums + row * power_w,
    )


def _prior(params: Array) -> tuple[_Evidence, Array]:
    model = PowerOnly()
    mean = model.initial(params)[0, :5]
    noise_w = _NOISE * float(params[0, 0])
    # A coefficient that a site file is sure of stays as good as fixed, and no division by 0.
    variance = np.maximum(model.spread(params).initial[0, :5], 1e-12 * noise_w**2)
    weights = np.diag(noise_w**2 / variance)
    return _Evidence(weights, weights @ mean), mean
