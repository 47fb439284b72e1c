"""A model: four pure functions over arrays, one row a site.

States may come with an axis more, (cases, sites, n): the same sites from several states at once,
which is how the estimator asks for slopes. What follows from inputs and parameters alone is then
worked out once a site and not once a case.

The live engine, forecasts, what-if questions and benchmarks call the same four. A function may
combine the columns of a row, never the rows: a site's result must not depend, in a single bit,
on which sites share its batch. Hence elementwise operations on contiguous columns, and no sum
along the sites.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from twin.channels import Channel, ChannelRole

Array = NDArray[np.float64]


class Spread(NamedTuple):
    """What the estimator may doubt, as variances.

    initial : (sites, n)   Of a state before anything was measured.
    process : (sites, n)   Gained by a state in a second.
    reading : (sites, m)   Of a single reading; more of them in a step average out.
    shape : (sites, m)   Of the model against a sensor in its place; does not average out.
    """

    initial: Array
    process: Array
    reading: Array
    shape: Array


class Model(Protocol):
    """A site model; n states, k inputs, m measurements, p parameters.

    params : (sites, 2p)   Means in the order of the type's table, then standard deviations.
    """

    @property
    def name(self) -> str:
        """Name and version; a checkpoint of another one starts anew."""

    def __hash__(self) -> int:
        """What is known of its channels is kept by it."""

    def channels(self) -> Sequence[Channel]:
        """The columns of u, y and x, each role in array order."""

    def initial(self, params: Array) -> Array:
        """The states (sites, n) before anything was measured."""

    def step(self, x: Array, u: Array, params: Array, dt: Array | float) -> Array:
        """The states (..., sites, n) after `dt` seconds of constant inputs (sites, k)."""

    def observe(self, x: Array, u: Array, params: Array) -> Array:
        """What the sensors would read (..., sites, m) at the states (..., sites, n)."""

    def spread(self, params: Array) -> Spread:
        """The variances that the estimator starts from and adds."""


def columns(array: Array) -> tuple[Array, ...]:
    """The columns of (..., sites, n) as n contiguous arrays of (..., sites)."""
    return tuple(np.ascontiguousarray(array.transpose(-1, *range(array.ndim - 1))))


def stacked(*each: Array) -> Array:
    """The inverse of `columns`: n arrays as (..., sites, n), each as often as the widest."""
    whole = np.empty((len(each), *np.broadcast(*each).shape))
    for row, column in zip(whole, each, strict=True):
        row[...] = column
    return whole.transpose(*range(1, whole.ndim), 0)


def held(value: Array, low: float | Array, high: float | Array) -> Array:
    """Values held within bounds; numpy's clip takes ten times as long on a few numbers."""
    return np.minimum(np.maximum(value, low), high)


def squares(*sds: Array) -> Array:
    """Standard deviations of (sites,) each as variances (sites, n)."""
    return stacked(*(sd * sd for sd in sds))


def of_role(channels: Sequence[Channel], *roles: ChannelRole) -> list[Channel]:
    """The channels of some roles, in array order."""
    return [channel for channel in channels if channel.role in roles]
