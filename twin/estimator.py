"""The estimator: one scalar Kalman filter for each measured channel, over a batch of sites.

A placeholder for the batched extended filter. It holds for models whose measured channel j
observes state j with unit gain and whose states do not drive each other; `twin.two_state` and
`twin.persistence` are of that kind. Kalman, J. Basic Eng. 82 (1960) 35-45, doi:10.1115/1.3662552.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from twin.channels import ChannelRole
from twin.model import Array, Model, of_role

_NUDGE = 1e-3  # for the slope of a state by differences; the models are linear in their states


class Estimate(NamedTuple):
    """One step of the filter.

    prior, innovation_sd : (sites, m)   What was expected of the sensors before they were read.
    x, variance : (sites, n)   The states after them.
    """

    prior: Array
    innovation_sd: Array
    x: Array
    variance: Array


class Reading(NamedTuple):
    """What was measured in a step.

    y : (sites, m)   Means of the readings; any number where there were none.
    number : (sites, m)   How many there were; 0 masks the channel.
    """

    y: Array
    number: Array


def estimate(
    model: Model, x: Array, variance: Array, u: Array, reading: Reading, params: Array, dt: Array
) -> Estimate:
    """The filter advanced by one step of `dt` (sites,) seconds with inputs `u`.

    A channel without readings is masked: its state goes on by the model and its variance grows.
    """
    spread = model.spread(x, params)
    ahead = model.step(x, u, params, dt)
    slope = (model.step(x + _NUDGE, u, params, dt) - ahead) / _NUDGE
    grown = slope * slope * variance + spread.process * dt[:, np.newaxis]

    prior = model.observe(ahead, u, params)
    measured = prior.shape[1]
    innovation_variance = grown[:, :measured] + spread.measurement / np.maximum(reading.number, 1.0)
    seen = reading.number > 0.0
    gain = np.where(seen, grown[:, :measured] / innovation_variance, 0.0)
    innovation = np.where(seen, reading.y - prior, 0.0)

    after, shrunk = ahead.copy(), grown.copy()
    after[:, :measured] += gain * innovation
    shrunk[:, :measured] *= 1.0 - gain
    return Estimate(prior, np.sqrt(innovation_variance), after, shrunk)


def started(model: Model, params: Array) -> tuple[Array, Array]:
    """States and variances (sites, n) before anything was measured."""
    x = model.initial(params)
    return x, model.spread(x, params).initial


def restarted(model: Model, x: Array, variance: Array, params: Array) -> tuple[Array, Array]:
    """States and variances after a gap: fast states anew, slow kept, all unsure as at first."""
    states = of_role(model.channels(), ChannelRole.FAST_STATE, ChannelRole.SLOW_STATE)
    fast = np.array([channel.role is ChannelRole.FAST_STATE for channel in states])
    anew, unsure = started(model, params)
    return np.where(fast, anew, x), np.maximum(variance, unsure)
