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

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twin.channels import Channel, ChannelRole
from twin.model import Array, Model, Spread, of_role

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


class Traits(NamedTuple):
    """What the estimator knows of the states of a model, each (n,).

    is_fast, is_log : roles and forms. nudge : by how much each is moved.
    learning_s : how long each takes to follow; 0 at once.
    """

    is_fast: Mask
    is_log: Mask
    nudge: Array
    learning_s: Array


def begun(model: Model, params: Array) -> Belief:
    """Before anything was measured."""
    x = model.initial(params)
    return Belief(x, diagonal(model.spread(params).initial), np.full(len(x), UNPROVEN))


def resumed(model: Model, belief: Belief, params: Array) -> Belief:
    """After a gap: fast states anew, slow ones kept, all as unsure as at first."""
    anew = begun(model, params)
    return Belief(np.where(traits(model).is_fast, anew.x, belief.x), anew.covariance, anew.health)


def estimate(
    model: Model,
    belief: Belief,
    u: Array,
    reading: Reading,
    params: Array,
    dt: Array,
    spread: Spread | None = None,
) -> Estimate:
    """The filter advanced by one step of `dt` (sites,) seconds with inputs `u`.

    spread : the model's for these parameters, where it is at hand already.
    """
    spread = spread or model.spread(params)
    of = traits(model)
    x, transition = _linear(lambda each: model.step(each, u, params, dt), belief.x, of.nudge)
    covariance = predicted(belief.covariance, transition, spread.process * dt[:, np.newaxis])
    prior, slope = _linear(lambda each: model.observe(each, u, params), x, of.nudge)
    noise = spread.shape + spread.reading / np.maximum(reading.number, 1.0)
    variance = _seen_variance(covariance, slope) + noise
    innovation = reading.y - prior
    surprise = innovation * innovation / variance
    read = reading.number > 0.0
    proven = (belief.health < _PROVEN)[:, np.newaxis]
    gated = read & ~(surprise <= np.where(proven, GATE_SD * GATE_SD, np.inf))  # a NaN as well
    x, covariance = updated(
        x, covariance, np.where(read & ~gated, innovation, 0.0), slope, noise, read & ~gated,
        _shares(of.learning_s, dt),
    )  # fmt: skip
    health = _health(belief.health, surprise, read, dt)
    after, lost = _kept(model, Belief(x, covariance, health), params)
    return Estimate(prior, variance, gated, lost, after)


def predicted(covariance: Array, transition: Array, process: Array) -> Array:
    """F P F' + Q, made symmetric; `process` is the diagonal of Q."""
    moved = transition @ covariance @ np.ascontiguousarray(transition.swapaxes(1, 2))
    found: Array = 0.5 * (moved + moved.swapaxes(1, 2))
    each = np.arange(process.shape[1])
    found[:, each, each] += process
    return found


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
    sites, number = x.shape
    # The covariance with the means' change as one row more: what a channel sees of both is one
    # product, and what it takes from both another.
    whole = np.zeros((sites, number + 1, number))
    whole[:, :number] = covariance
    part = np.empty_like(whole)
    part[:, :number] = shares[:, :, np.newaxis] + shares[:, np.newaxis, :]
    part[:, :number] -= shares[:, :, np.newaxis] * shares[:, np.newaxis, :]
    part[:, number] = shares
    taken, left = np.empty_like(whole), np.empty((sites, number + 1))
    slopes = np.ascontiguousarray(slope.transpose(1, 0, 2))
    for channel in np.flatnonzero(used.any(axis=0)).tolist():
        h = slopes[channel]
        seen = (whole @ h[:, :, np.newaxis])[:, :, 0]
        state = seen[:, :number]
        variance = (h[:, np.newaxis, :] @ state[:, :, np.newaxis])[:, 0, 0] + noise[:, channel]
        # The root of the weight on both sides, so that the covariance stays symmetric to the bit.
        root = np.sqrt(np.where(used[:, channel], 1.0 / variance, 0.0))
        np.multiply(state, root[:, np.newaxis], out=left[:, :number])
        left[:, number] = (seen[:, number] - innovation[:, channel]) * root
        np.multiply(left[:, :, np.newaxis], left[:, np.newaxis, :number], out=taken)
        np.multiply(taken, part, out=taken)
        np.subtract(whole, taken, out=whole)
    return x + whole[:, number], np.ascontiguousarray(whole[:, :number])


def gain_shares(channels: Sequence[Channel], dt: Array) -> Array:
    """The share of its gain that each state takes in a step, (sites, n)."""
    return _shares(np.array([channel.learning_s for channel in channels]), dt)


def _shares(learning_s: Array, dt: Array) -> Array:
    share = dt[:, np.newaxis] / np.where(learning_s > 0.0, learning_s, 1.0)
    return np.where(learning_s > 0.0, np.minimum(share, 1.0), 1.0)


def states(model: Model) -> list[Channel]:
    """The columns of x."""
    return of_role(model.channels(), ChannelRole.FAST_STATE, ChannelRole.SLOW_STATE)


@functools.lru_cache(maxsize=16)  # models are made once a process
def traits(model: Model) -> Traits:
    """What the estimator knows of a model's states."""
    channels = states(model)
    return Traits(
        np.array([channel.role is ChannelRole.FAST_STATE for channel in channels]),
        np.array([channel.is_log for channel in channels]),
        np.array([channel.nudge for channel in channels]),
        np.array([channel.learning_s for channel in channels]),
    )


def diagonal(variance: Array) -> Array:
    """Diagonal matrices (sites, n, n) of (sites, n)."""
    return variance[:, :, np.newaxis] * np.eye(variance.shape[1])


def shown(model: Model, belief: Belief) -> tuple[Array, Array]:
    """States and their variances (sites, n) as they are shown: logarithms as what they are of."""
    variance = np.ascontiguousarray(np.diagonal(belief.covariance, axis1=1, axis2=2))
    is_log = traits(model).is_log
    value = np.exp(np.where(is_log, belief.x, 0.0))
    return np.where(is_log, value, belief.x), value * value * variance


def _linear(function: Callable[[Array], Array], x: Array, nudge: Array) -> tuple[Array, Array]:
    """A function's value (sites, k) at x, and its slopes (sites, k, n) by differences.

    All states are nudged at once, as the cases of one call.
    """
    sites, number = x.shape
    each = np.empty((number + 1, sites, number))
    each[:] = x
    which = np.arange(number)
    each[which + 1, :, which] += nudge[:, np.newaxis]
    value = function(each)
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
    # `fmin` takes a NaN for the most that is counted.
    held = np.where(read, np.fmin(surprise, GATE_SD * GATE_SD), 0.0)
    # Accumulated, not summed: in one order, whatever the batch.
    total = np.add.accumulate(held, axis=1)[:, -1]
    number = np.add.accumulate(read, axis=1, dtype=np.float64)[:, -1]
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
