"""The estimator: an extended Kalman filter with full covariance, over a batch of sites.

Kalman, J. Basic Eng. 82 (1960) 35-45, doi:10.1115/1.3662552; Jacobians by differences, measured
channels one after the other (Bierman, Factorization Methods for Discrete Sequential Estimation,
1977, ch. 2). Slow states take a share of their gain, dt over `learning_s`: the partial update of
Brink, J. Guid. Control Dyn. 40(9) (2017), whose covariance is that of Joseph's form for the gain
taken, so that errors which last for minutes are not taken for evidence anew at every step.

A reading beyond the gate moves nothing; it is marked, and its residual stands all the same. When
most of what is measured stays beyond belief for a quarter of an hour, the filter is lost: its
covariance begins anew, with the gate open until it has proven itself. No operation crosses the
sites: one alone and one in any batch give the same bits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twin.channels import Channel, ChannelRole
from twin.model import Array, Model, of_role

GATE_SD = 5.0  # one reading in a million of a true band; a spike, a fault, or a lost filter
HEALTH_S = 900.0  # over which squared innovations in units of their variance are averaged
LOST = 12.0  # their mean, each counted up to the gate; 1 is what it should be
UNPROVEN = 9.0  # where that mean begins
_PROVEN = 8.0  # two good minutes from there; until then the gate is open
Mask = NDArray[np.bool_]


class Belief(NamedTuple):
    """What the filter holds of its sites.

    x : (sites, n)   Means. covariance : (sites, n, n)   Symmetric to the bit.
    health : (sites,)   Running mean of the squared innovations in units of their variance.
    """

    x: Array
    covariance: Array
    health: Array


class Reading(NamedTuple):
    """What was measured in a step.

    y : (sites, m)   Means of the readings; any number where there were none.
    number : (sites, m)   How many there were; 0 masks the channel.
    """

    y: Array
    number: Array


class Estimate(NamedTuple):
    """One step of the filter.

    prior : (sites, m)   What was expected of the sensors before they were read.
    innovation_variance : (sites, m)   Of the state, the sensor's noise and the model's shape.
    gated : (sites, m)   Readings that were not used.
    lost : (sites,)   Whose covariance began anew after this step.
    """

    prior: Array
    innovation_variance: Array
    gated: Mask
    lost: Mask
    belief: Belief


def begun(model: Model, params: Array) -> Belief:
    """Before anything was measured."""
    x = model.initial(params)
    return Belief(x, diagonal(model.spread(params).initial), np.full(len(x), UNPROVEN))


def resumed(model: Model, belief: Belief, params: Array) -> Belief:
    """After a gap: fast states anew, slow ones kept, all as unsure as at first."""
    fast = np.array([channel.role is ChannelRole.FAST_STATE for channel in states(model)])
    anew = begun(model, params)
    return Belief(np.where(fast, anew.x, belief.x), anew.covariance, anew.health)


def estimate(
    model: Model, belief: Belief, u: Array, reading: Reading, params: Array, dt: Array
) -> Estimate:
    """The filter advanced by one step of `dt` (sites,) seconds with inputs `u`."""
    spread = model.spread(params)
    x, transition = _linear(model.step, belief.x, model, u, params, dt)
    covariance = predicted(belief.covariance, transition, spread.process * dt[:, np.newaxis])
    prior, slope = _linear(
        lambda each, inputs, numbers, _: model.observe(each, inputs, numbers),
        x, model, u, params, dt,
    )  # fmt: skip
    noise = spread.shape + spread.reading / np.maximum(reading.number, 1.0)
    variance = _seen_variance(covariance, slope) + noise
    innovation = reading.y - prior
    surprise = innovation * innovation / variance
    read = reading.number > 0.0
    proven = (belief.health < _PROVEN)[:, np.newaxis]
    gated = read & ~(surprise <= np.where(proven, GATE_SD * GATE_SD, np.inf))  # a NaN as well
    x, covariance = updated(
        x, covariance, np.where(read & ~gated, innovation, 0.0), slope, noise, read & ~gated,
        gain_shares(states(model), dt),
    )  # fmt: skip
    health = _health(belief.health, surprise, read, dt)
    after, lost = _kept(model, Belief(x, covariance, health), params)
    return Estimate(prior, variance, gated, lost, after)


def predicted(covariance: Array, transition: Array, process: Array) -> Array:
    """F P F' + Q, made symmetric; `process` is the diagonal of Q."""
    moved = transition @ covariance @ np.ascontiguousarray(transition.swapaxes(1, 2))
    return 0.5 * (moved + moved.swapaxes(1, 2)) + diagonal(process)


def updated(
    x: Array,
    covariance: Array,
    innovation: Array,
    slope: Array,
    noise: Array,
    used: Mask,
    shares: Array,
) -> tuple[Array, Array]:
    """Means and covariance after the used channels, one after the other.

    Parameters
    ----------
    innovation, noise, used : (sites, m)   Against the prior; the channel's own variance.
    slope : (sites, m, n)   Of the channels by the states, at the prior.
    shares : (sites, n)   Of its gain that a state takes, 0 to 1.
    """
    mask = shares[:, :, np.newaxis] + shares[:, np.newaxis, :]
    mask = mask - shares[:, :, np.newaxis] * shares[:, np.newaxis, :]
    change = np.zeros_like(x)
    for channel in range(innovation.shape[1]):
        h = slope[:, channel, :]
        seen = (covariance @ h[:, :, np.newaxis])[:, :, 0]
        variance = (h[:, np.newaxis, :] @ seen[:, :, np.newaxis])[:, 0, 0] + noise[:, channel]
        moved = (h[:, np.newaxis, :] @ change[:, :, np.newaxis])[:, 0, 0]
        weight = np.where(used[:, channel], 1.0 / variance, 0.0)
        left = (innovation[:, channel] - moved) * weight
        change = change + shares * seen * left[:, np.newaxis]
        taken = seen[:, :, np.newaxis] * seen[:, np.newaxis, :]
        covariance = covariance - mask * taken * weight[:, np.newaxis, np.newaxis]
    return x + change, covariance


def gain_shares(channels: list[Channel], dt: Array) -> Array:
    """The share of its gain that each state takes in a step, (sites, n)."""
    learning_s = np.array([channel.learning_s for channel in channels])
    share = dt[:, np.newaxis] / np.where(learning_s > 0.0, learning_s, 1.0)
    return np.where(learning_s > 0.0, np.minimum(share, 1.0), 1.0)


def states(model: Model) -> list[Channel]:
    """The columns of x."""
    return of_role(model.channels(), ChannelRole.FAST_STATE, ChannelRole.SLOW_STATE)


def diagonal(variance: Array) -> Array:
    """Diagonal matrices (sites, n, n) of (sites, n)."""
    return variance[:, :, np.newaxis] * np.eye(variance.shape[1])


def shown(model: Model, belief: Belief) -> tuple[Array, Array]:
    """States and their variances (sites, n) as they are shown: logarithms as what they are of."""
    variance = np.ascontiguousarray(np.diagonal(belief.covariance, axis1=1, axis2=2))
    is_log = np.array([channel.is_log for channel in states(model)])
    value = np.exp(np.where(is_log, belief.x, 0.0))
    return np.where(is_log, value, belief.x), value * value * variance


def _linear(
    function: Callable[[Array, Array, Array, Array], Array],
    x: Array,
    model: Model,
    u: Array,
    params: Array,
    dt: Array,
) -> tuple[Array, Array]:
    """A function's value (sites, k) at x, and its slopes (sites, k, n) by differences.

    All states are nudged at once, as rows of one call.
    """
    nudges = np.array([channel.nudge for channel in states(model)])
    sites, number = x.shape
    each = np.broadcast_to(x, (number + 1, sites, number)).copy()
    which = np.arange(number)
    each[which + 1, :, which] += nudges[:, np.newaxis]
    rows = (number + 1) * sites
    value = function(
        each.reshape(rows, number),
        np.tile(u, (number + 1, 1)),
        np.tile(params, (number + 1, 1)),
        np.tile(dt, number + 1),
    ).reshape(number + 1, sites, -1)
    # The nudge as it came out in the state's own digits.
    steps = each[which + 1, :, which] - x.T
    slope = (value[1:] - value[0]) / steps[:, :, np.newaxis]
    return value[0], np.ascontiguousarray(slope.transpose(1, 2, 0))


def _seen_variance(covariance: Array, slope: Array) -> Array:
    """H P H' on its diagonal (sites, m)."""
    seen = slope @ covariance
    variance: Array = np.einsum("smn,smn->sm", seen, slope)
    return variance


def _health(health: Array, surprise: Array, read: Mask, dt: Array) -> Array:
    held = np.where(read, np.minimum(np.nan_to_num(surprise, nan=np.inf), GATE_SD * GATE_SD), 0.0)
    total, number = np.zeros_like(health), np.zeros_like(health)
    for channel in range(held.shape[1]):  # in one order, whatever the batch
        total = total + held[:, channel]
        number = number + read[:, channel]
    share = -np.expm1(-dt / HEALTH_S)
    return np.where(
        number > 0.0, health + share * (total / np.maximum(number, 1.0) - health), health
    )


def _kept(model: Model, belief: Belief, params: Array) -> tuple[Belief, Mask]:
    """The belief, begun anew where it is lost; wholly so where it is no number any more."""
    variance = np.diagonal(belief.covariance, axis1=1, axis2=2)
    sound: Mask = np.logical_and(
        np.isfinite(belief.x).all(axis=1),
        np.isfinite(belief.covariance).all(axis=(1, 2)) & (variance > 0.0).all(axis=1),
    )
    lost = ~sound | (belief.health > LOST)
    if not lost.any():
        return belief, lost
    anew = begun(model, params)
    return (
        Belief(
            np.where(sound[:, np.newaxis], belief.x, anew.x),
            np.where(lost[:, np.newaxis, np.newaxis], anew.covariance, belief.covariance),
            np.where(lost, anew.health, belief.health),
        ),
        lost,
    )
